//===- SegDialect.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "segc/Dialect/Seg/IR/SegDialect.cpp.inc"
#include "segc/Dialect/Seg/IR/SegEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "segc/Dialect/Seg/IR/SegAttrs.cpp.inc"
#include "segc/Dialect/Seg/Interfaces/SegInterfaces.cpp.inc"

void segc::seg::SegDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "segc/Dialect/Seg/IR/SegAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "segc/Dialect/Seg/IR/SegOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "segc/Dialect/Seg/IR/SegAugmentOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "segc/Dialect/Seg/IR/SegQuantizeOps.cpp.inc"
      >();
}

void segc::seg::inheritPrecision(Operation *from, Operation *to) {
  auto pin = from->getAttrOfType<StringAttr>(precisionAttrName);
  auto interface = dyn_cast<PrecisionOpInterface>(to);
  if (!pin || !interface)
    return;
  if (pin.getValue() == "tf32") {
    if (interface.precisionClass() == PrecisionClass::Allow)
      to->setAttr(precisionAttrName, pin);
    return;
  }
  auto all = llvm::seq<unsigned>(0, to->getNumResults());
  if (pin.getValue() == "f32" || !llvm::all_of(all, [&](unsigned i) {
        return interface.keepsResultWide(i);
      }))
    to->setAttr(precisionAttrName, pin);
}

LogicalResult
segc::seg::SegDialect::verifyOperationAttribute(Operation *op,
                                                NamedAttribute attribute) {
  if (attribute.getName() == inputScaleAttrName ||
      attribute.getName() == quantizedErrorAttrName)
    return verifyQuantization(op, attribute);
  if (attribute.getName() != precisionAttrName) // precision_c1
    return success();
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (text &&
      llvm::is_contained({"f32", "tf32", "f16", "bf16"}, text.getValue()))
    return success();
  return op->emitOpError("expects seg.precision to be \"f32\", \"tf32\", "
                         "\"f16\" or \"bf16\", got ")
         << attribute.getValue();
}

#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegOps.cpp.inc"
