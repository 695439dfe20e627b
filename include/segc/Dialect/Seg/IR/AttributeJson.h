//===- AttributeJson.h - Dictionaries of a network as JSON ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_IR_ATTRIBUTEJSON_H
#define SEGC_DIALECT_SEG_IR_ATTRIBUTEJSON_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/JSON.h"

namespace segc::seg {

/// The value of an attribute that the verifier of seg.network takes in a
/// dictionary: text, flags, numbers, lists and dictionaries of them. Others are
/// null.
llvm::json::Value toJson(mlir::Attribute attribute);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_ATTRIBUTEJSON_H
