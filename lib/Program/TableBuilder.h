//===- TableBuilder.h - Builder of constant C structs -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_TABLEBUILDER_H
#define SEGC_LIB_PROGRAM_TABLEBUILDER_H

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"

namespace segc {

/// Builds constant structs.
class TableBuilder {
public:
  explicit TableBuilder(llvm::Module &module)
      : module(module), context(module.getContext()),
        pointer(llvm::PointerType::get(context, 0)) {}

  llvm::Constant *u32(uint64_t v) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), v);
  }
  llvm::Constant *u64(uint64_t v) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), v);
  }
  llvm::Constant *f64(double v) {
    return llvm::ConstantFP::get(llvm::Type::getDoubleTy(context), v);
  }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(pointer); }
  llvm::Constant *structure(llvm::ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(context, fields);
  }
  /// Address of a zero-terminated string, shared by equal texts.
  llvm::Constant *text(llvm::StringRef value) {
    llvm::Constant *&known = texts[value];
    if (!known)
      known = data(llvm::ConstantDataArray::getString(context, value));
    return known;
  }
  /// Address of these bytes, at a multiple of 64.
  llvm::Constant *bytes(llvm::StringRef value) {
    return data(llvm::ConstantDataArray::getRaw(value, value.size(),
                                                llvm::Type::getInt8Ty(context)),
                64);
  }
  llvm::Constant *data(llvm::Constant *value, unsigned alignment = 8) {
    auto *global =
        new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                 llvm::GlobalValue::PrivateLinkage, value);
    global->setAlignment(llvm::Align(alignment));
    return global;
  }
  llvm::Constant *array(llvm::ArrayRef<llvm::Constant *> values) {
    if (values.empty())
      return null();
    return data(llvm::ConstantArray::get(
        llvm::ArrayType::get(values.front()->getType(), values.size()),
        values));
  }
  /// Defines a variable that model_support.c declares.
  llvm::GlobalVariable *define(llvm::StringRef name, llvm::Constant *value) {
    auto *global = new llvm::GlobalVariable(
        module, value->getType(), /*isConstant=*/true,
        llvm::GlobalValue::ExternalLinkage, value, name);
    global->setAlignment(llvm::Align(16));
    global->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return global;
  }
  /// Emits the ELF note by which readers of the file find the tables.
  void note(llvm::Constant *model, llvm::Constant *versions,
            uint32_t versionCount);
  /// The declaration of a kernel, a segc_kernel_fn.
  llvm::Constant *kernel(llvm::StringRef name);
  /// The declaration of an entry, a segc_entry_fn.
  llvm::Constant *entry(llvm::StringRef name);

private:
  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::PointerType *pointer;
  llvm::StringMap<llvm::Constant *> texts;
};

} // namespace segc

#endif // SEGC_LIB_PROGRAM_TABLEBUILDER_H
