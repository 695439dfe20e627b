//===- TableBuilder.cpp - Constants of LLVM IR that mirror C structs ------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TableBuilder.h"

#include "segc/model_tables.h"

using namespace llvm;

namespace segc {

void TableBuilder::note(Constant *model, Constant *versions,
                        uint32_t versionCount) {
  Type *i32 = Type::getInt32Ty(context), *i64 = Type::getInt64Ty(context);
  // The owner's name is padded to four bytes.
  Constant *owner = ConstantDataArray::getRaw(
      StringRef(SEGC_NOTE_OWNER "\0\0\0", 8), 8, Type::getInt8Ty(context));
  Constant *head[] = {u32(sizeof(SEGC_NOTE_OWNER)),
                      u32(sizeof(segc_model_note)), u32(SEGC_NOTE_TYPE), owner};
  auto *type = StructType::get(
      context, {i32, i32, i32, owner->getType(), i32, i32, i32, i32});
  auto *global =
      new GlobalVariable(module, type, /*isConstant=*/true,
                         GlobalValue::ExternalLinkage, nullptr, "segc_note");
  auto distance = [&](Constant *target, unsigned member) {
    Constant *here = ConstantExpr::getGetElementPtr(
        type, global, ArrayRef<Constant *>{u32(0), u32(member)});
    return ConstantExpr::getTrunc(
        ConstantExpr::getSub(ConstantExpr::getPtrToInt(target, i64),
                             ConstantExpr::getPtrToInt(here, i64)),
        i32);
  };
  global->setInitializer(ConstantStruct::get(
      type, {head[0], head[1], head[2], head[3], distance(model, 4),
             distance(versions, 5), u32(versionCount), u32(0)}));
  global->setSection(".note.segc");
  global->setAlignment(Align(4));
  global->setVisibility(GlobalValue::HiddenVisibility);
}

Constant *TableBuilder::kernel(StringRef name) {
  Type *i64 = Type::getInt64Ty(context);
  auto *type = FunctionType::get(Type::getVoidTy(context),
                                 {pointer, pointer, i64, i64}, false);
  auto *function =
      cast<Function>(module.getOrInsertFunction(name, type).getCallee());
  function->setVisibility(GlobalValue::HiddenVisibility);
  return function;
}

Constant *TableBuilder::entry(StringRef name) {
  return cast<Constant>(
      module
          .getOrInsertFunction(
              name, FunctionType::get(Type::getInt32Ty(context),
                                      {pointer, pointer, pointer}, false))
          .getCallee());
}

} // namespace segc
