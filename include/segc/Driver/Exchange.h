//===- Exchange.h - Networks for and of other programs ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_EXCHANGE_H
#define SEGC_DRIVER_EXCHANGE_H

#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace segc {

/// The options of `segc export`.
struct OnnxExportOptions {
  std::string network;      ///< Path of the .mlir.
  std::string weights;      ///< Path of the safetensors file.
  std::string output;       ///< Path of the ONNX model; "-" is stdout.
  std::string pipelineKeys; ///< As JSON, what to set; empty: nothing.
};

/// Writes the network as an ONNX model (segc/Exchange/Onnx.h).
llvm::Error exportNetwork(const OnnxExportOptions &options);

/// The options of `segc import`.
struct NetworkImportOptions {
  std::string input;   ///< Path of the ONNX model.
  std::string output;  ///< Path of the network as text.
  std::string weights; ///< Path of its weights; empty: beside the output.
  std::vector<int64_t> patch; ///< Size of the image where the file has none.
};

/// Reads a model of another program and writes it as a network with its
/// weights.
llvm::Error importNetwork(const NetworkImportOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_EXCHANGE_H
