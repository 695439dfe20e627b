//===- OnnxMissing.cpp - ONNX files in builds without libonnx -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Exchange/Onnx.h"

using namespace segc;

static llvm::Error missing() {
  return llvm::createStringError(
      "ONNX files need a segc that was built with ONNX; install libonnx-dev "
      "and libprotobuf-dev and build segc again");
}

llvm::Expected<std::string>
segc::exportOnnx(seg::NetworkOp, const SafetensorsFile &, llvm::StringRef) {
  return missing();
}

llvm::Expected<ImportedNetwork> segc::importOnnx(mlir::MLIRContext *,
                                                 llvm::StringRef,
                                                 const std::string &,
                                                 const OnnxImportOptions &) {
  return missing();
}
