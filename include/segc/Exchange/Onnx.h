//===- Onnx.h - Networks as ONNX files --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX is channels-first: images are N x C x spatial, filters out x in x taps.
// docs/Exchange.md lists the ops of both directions.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_EXCHANGE_ONNX_H
#define SEGC_EXCHANGE_ONNX_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Exchange/ImportedNetwork.h"
#include "segc/Runtime/Core/Safetensors.h"

#include "llvm/Support/Error.h"

#include <string>

namespace segc {

/// Key of the metadata that holds the data pipeline as JSON: the keys of
/// docs/RuntimeABI.md.
inline constexpr llvm::StringLiteral onnxPipelineKey = "segc.pipeline";

/// Returns the bytes of an ONNX model that computes the probabilities of the
/// network from `image`, with the weights of a checkpoint. The batch is
/// dynamic. `pipelineKeys` are set in the pipeline, as JSON
/// (segc/Plan/PipelineKeys.h); none if empty. Ops without a counterpart,
/// weights that are missing or of another shape, and models beyond the 2 GiB of
/// a protobuf message are errors; so is a build without ONNX.
llvm::Expected<std::string> exportOnnx(seg::NetworkOp network,
                                       const SafetensorsFile &weights,
                                       llvm::StringRef pipelineKeys = "");

struct OnnxImportOptions {
  /// Spatial size of the image, where the file leaves it open.
  std::vector<int64_t> patch;
};

/// Reads the bytes of an ONNX model of one image and one result, logits or
/// probabilities. `path` names them in errors; tensors in other files are
/// looked for in its folder. Files are untrusted: ops that have no counterpart
/// are listed all at once, and sizes are checked before anything is allocated.
llvm::Expected<ImportedNetwork> importOnnx(mlir::MLIRContext *context,
                                           llvm::StringRef bytes,
                                           const std::string &path,
                                           const OnnxImportOptions &options);

} // namespace segc

#endif // SEGC_EXCHANGE_ONNX_H
