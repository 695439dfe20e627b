//===- OnnxAttributes.h - Attributes of a node ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_EXCHANGE_ONNXATTRIBUTES_H
#define SEGC_LIB_EXCHANGE_ONNXATTRIBUTES_H

#include "OnnxProto.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

namespace segc {

/// Reads the attributes of a node by name and type. The first error is kept
/// until finish(); after it the getters answer defaults.
class OnnxAttributes {
public:
  explicit OnnxAttributes(const onnx::NodeProto &node);

  int64_t integer(llvm::StringRef name, int64_t absent);
  double number(llvm::StringRef name, double absent);
  std::string text(llvm::StringRef name, llvm::StringRef absent);
  /// `count` values from `least` to seg::maxStep, all `absent` if there are
  /// none.
  seg::Shape steps(llvm::StringRef name, size_t count, int64_t absent,
                   int64_t least);
  /// A list of any length; empty if there is none.
  seg::Shape list(llvm::StringRef name);
  /// Refuses values other than this one, which is the default.
  void expect(llvm::StringRef name, int64_t value);
  void expect(llvm::StringRef name, llvm::StringRef value);

  void fail(const llvm::Twine &message);
  /// The first error, or that of an attribute that nothing asked for.
  llvm::Error finish();

private:
  const onnx::AttributeProto *find(llvm::StringRef name,
                                   onnx::AttributeProto::AttributeType type);

  const onnx::NodeProto &node;
  llvm::StringMap<const onnx::AttributeProto *> unread;
  std::string failure;
};

} // namespace segc

#endif // SEGC_LIB_EXCHANGE_ONNXATTRIBUTES_H
