//===- OnnxMissingTest.cpp - Builds without ONNX --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Exchange/Onnx.h"
#include <gtest/gtest.h>

using namespace segc;

// The program has OnnxMissing.cpp in place of the library, so that it compiles
// where ONNX is installed, too.
TEST(OnnxMissing, SaysWhatToInstall) {
  mlir::MLIRContext context;
  llvm::Expected<ImportedNetwork> imported =
      importOnnx(&context, "", "model.onnx", {});
  ASSERT_FALSE(imported);
  EXPECT_NE(llvm::toString(imported.takeError()).find("install libonnx-dev"),
            std::string::npos);
}
