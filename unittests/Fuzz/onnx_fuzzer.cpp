//===- onnx_fuzzer.cpp - Arbitrary bytes as an ONNX model -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model that is imported is a valid network, whose weights have the sizes of
// its parameters.
//
//===----------------------------------------------------------------------===//

#include "segc/Exchange/Onnx.h"

#include "mlir/IR/Verifier.h"

#include <cstdlib>

using namespace mlir;

/// Poisoning by allocators is disabled, as in seg_parser_fuzzer.cpp, and that
/// of containers, which the libraries of the compiler change without saying so.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:detect_container_overflow=0";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<segc::seg::SegDialect>();
  auto imported = segc::importOnnx(
      &context, StringRef(reinterpret_cast<const char *>(data), size),
      "/nonexistent/model.onnx", {});
  if (!imported) {
    llvm::consumeError(imported.takeError());
    return 0;
  }
  if (failed(verify(*imported->module)))
    std::abort();
  for (const segc::NamedTensor &tensor : imported->weights) {
    size_t elements = 1;
    for (int64_t extent : tensor.shape)
      elements *= static_cast<size_t>(extent);
    if (elements != tensor.values.size())
      std::abort();
  }
  return 0;
}
