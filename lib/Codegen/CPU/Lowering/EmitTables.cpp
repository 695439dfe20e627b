//===- EmitTables.cpp
//-----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Mirrors the structs of model_tables.h field by field.

#include "segc/Codegen/CPU/ModelTables.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Codegen/CPU/SupportBitcode.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Transforms/Passes.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;

namespace segc {

namespace {

/// Builds constant structs.
class TableBuilder {
public:
  explicit TableBuilder(Module &module)
      : module(module), context(module.getContext()),
        pointer(PointerType::get(context, 0)) {}

  Constant *u32(uint64_t v) {
    return ConstantInt::get(Type::getInt32Ty(context), v);
  }
  Constant *u64(uint64_t v) {
    return ConstantInt::get(Type::getInt64Ty(context), v);
  }
  Constant *f64(double v) {
    return ConstantFP::get(Type::getDoubleTy(context), v);
  }
  Constant *null() { return ConstantPointerNull::get(pointer); }
  Constant *structure(ArrayRef<Constant *> fields) {
    return ConstantStruct::getAnon(context, fields);
  }
  /// Address of a zero-terminated copy, one for each text.
  Constant *text(StringRef value) {
    Constant *&known = texts[value];
    if (!known)
      known = data(ConstantDataArray::getString(context, value));
    return known;
  }
  Constant *data(Constant *value, unsigned alignment = 8) {
    auto *global =
        new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                           GlobalValue::PrivateLinkage, value);
    global->setAlignment(Align(alignment));
    return global;
  }
  Constant *array(ArrayRef<Constant *> values) {
    if (values.empty())
      return null();
    return data(ConstantArray::get(
        ArrayType::get(values.front()->getType(), values.size()), values));
  }
  /// Defines what model_support.c declares.
  GlobalVariable *define(StringRef name, Constant *value) {
    auto *global =
        new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                           GlobalValue::ExternalLinkage, value, name);
    global->setAlignment(Align(16));
    global->setVisibility(GlobalValue::HiddenVisibility);
    return global;
  }
  /// The note of segc_model_note: readers of the file find the tables there.
  void note(Constant *model, Constant *versions, uint32_t versionCount) {
    Type *i32 = Type::getInt32Ty(context), *i64 = Type::getInt64Ty(context);
    // Owners are padded to four bytes.
    Constant *owner = ConstantDataArray::getRaw(
        StringRef(SEGC_NOTE_OWNER "\0\0\0", 8), 8, Type::getInt8Ty(context));
    Constant *head[] = {u32(sizeof(SEGC_NOTE_OWNER)),
                        u32(sizeof(segc_model_note)), u32(SEGC_NOTE_TYPE),
                        owner};
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
  Constant *kernel(StringRef name) {
    Type *i64 = Type::getInt64Ty(context);
    auto *type = FunctionType::get(Type::getVoidTy(context),
                                   {pointer, pointer, i64, i64}, false);
    auto *function =
        cast<Function>(module.getOrInsertFunction(name, type).getCallee());
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }
  Constant *entry(StringRef name) {
    return cast<Constant>(
        module
            .getOrInsertFunction(
                name, FunctionType::get(Type::getInt32Ty(context),
                                        {pointer, pointer, pointer}, false))
            .getCallee());
  }

private:
  Module &module;
  LLVMContext &context;
  PointerType *pointer;
  StringMap<Constant *> texts;
};

int64_t intOf(mlir::DictionaryAttr dict, StringRef name) {
  return dict.getAs<mlir::IntegerAttr>(name).getInt();
}

Constant *launchTable(TableBuilder &t, const ModelVersion &version,
                      mlir::DictionaryAttr launch, uint32_t &regions) {
  auto kernelName = launch.getAs<mlir::FlatSymbolRefAttr>("kernel").getValue();
  mlir::Operation *kernel =
      mlir::SymbolTable::lookupSymbolIn(version.module, kernelName);
  ArrayRef<int64_t> tasks =
      kernel->getAttrOfType<mlir::DenseI64ArrayAttr>(tasksAttrName);
  ArrayRef<int64_t> flat = launch.getAs<mlir::DenseI64ArrayAttr>("operands");
  SmallVector<Constant *> operands;
  for (size_t i = 0; i < flat.size(); i += launchOperandSize) {
    regions |= 1u << flat[i];
    operands.push_back(
        t.structure({t.u32(flat[i]), t.u32(flat[i + 1]), t.u64(flat[i + 2]),
                     t.u64(flat[i + 3]), t.u64(flat[i + 4]), t.u32(flat[i + 5]),
                     t.u32(0)}));
  }
  auto number = [&](StringRef name) {
    return launch.getAs<mlir::FloatAttr>(name).getValueAsDouble();
  };
  return t.structure(
      {t.kernel((version.symbolPrefix + kernelName + ".task").str()),
       t.text(kernelName),
       t.text(launch.getAs<mlir::StringAttr>("op").getValue()),
       t.array(operands), t.u32(operands.size()),
       t.u32(intOf(launch, "inputs")), t.u32(intOf(launch, "outputs")),
       t.u32(0), t.u64(tasks[0]), t.u64(tasks[1]), t.f64(number("flops")),
       t.f64(number("bytes"))});
}

/// How many dictionaries of the list name the region.
uint32_t countRegion(mlir::Attribute list, StringRef region) {
  uint32_t count = 0;
  for (mlir::Attribute attr : cast<mlir::ArrayAttr>(list))
    if (auto name = cast<mlir::DictionaryAttr>(attr).getAs<mlir::StringAttr>(
            regionAttrName))
      count += name.getValue() == region;
  return count;
}

Constant *entryTable(TableBuilder &t, const ModelVersion &version,
                     StringRef name) {
  auto entries =
      version.module->getAttrOfType<mlir::DictionaryAttr>(entriesAttrName);
  auto entry = entries.getAs<mlir::DictionaryAttr>(name);
  if (!entry)
    return t.structure({t.null(), t.null(), t.u32(0), t.u32(0), t.u32(0),
                        t.u32(0), t.u64(0), t.u64(0)});
  SmallVector<Constant *> launches;
  uint32_t regions = 0;
  for (auto launch : entry.getAs<mlir::ArrayAttr>("launches")
                         .getAsRange<mlir::DictionaryAttr>())
    launches.push_back(launchTable(t, version, launch, regions));
  return t.structure({t.text(name), t.array(launches), t.u32(launches.size()),
                      t.u32(countRegion(entry.get("arguments"), "inputs")),
                      t.u32(countRegion(entry.get("results"), "outputs")),
                      t.u32(regions), t.u64(intOf(entry, "arena_bytes")),
                      t.u64(intOf(entry, "scratch_bytes"))});
}

uint32_t featureBits(const CpuTarget &target) {
  uint32_t bits = SEGC_FEATURE_AVX2;
  if (target.lanes == 16)
    bits |= SEGC_FEATURE_AVX512;
  for (auto [multiplyType, bit] :
       {std::pair(MultiplyType::Fixed, SEGC_FEATURE_AVX512_VNNI),
        std::pair(MultiplyType::Bf16, SEGC_FEATURE_AVX512_BF16),
        std::pair(MultiplyType::F16, SEGC_FEATURE_AVX512_FP16)})
    if (target.multiplyTypes.contains(multiplyType))
      bits |= bit;
  return bits;
}

} // namespace

Expected<std::unique_ptr<Module>>
buildModelModule(LLVMContext &context, ArrayRef<ModelVersion> versions,
                 const ModelContents &contents) {
  Expected<std::unique_ptr<Module>> support = parseBitcodeFile(
      MemoryBufferRef(supportBitcode(), "model_support"), context);
  if (!support)
    return support.takeError();
  auto tables = std::make_unique<Module>("model_tables", context);
  tables->setTargetTriple((*support)->getTargetTriple());
  tables->setDataLayout((*support)->getDataLayout());
  TableBuilder t(*tables);
  SmallVector<Constant *> versionTables;
  for (const ModelVersion &version : versions) {
    SmallVector<Constant *> fields = {t.text(version.target.name),
                                      t.u32(featureBits(version.target)),
                                      t.u32(0)};
    SmallVector<Constant *> entries;
    for (StringRef name :
         {"predict", "evaluate_step", "grad_step", "apply_step", "prepare"})
      entries.push_back(entryTable(t, version, name));
    fields.push_back(ConstantArray::get(
        ArrayType::get(entries.front()->getType(), entries.size()), entries));
    versionTables.push_back(t.structure(fields));
  }
  Constant *versionsGlobal = t.define(
      "segc_versions",
      ConstantArray::get(ArrayType::get(versionTables.front()->getType(),
                                        versionTables.size()),
                         versionTables));
  t.define("segc_version_count", t.u32(versions.size()));
  t.define("segc_largest_batch", t.u64(contents.batch));

  auto names = versions.front().module->getAttrOfType<mlir::DictionaryAttr>(
      entriesAttrName);
  auto entry = [&](StringRef needs, StringRef name) {
    return names.get(needs) ? t.entry(name) : t.null();
  };
  auto blob = [&](const std::vector<char> &bytes) {
    return bytes.empty() ? t.null()
                         : t.data(ConstantDataArray::getRaw(
                                      StringRef(bytes.data(), bytes.size()),
                                      bytes.size(), Type::getInt8Ty(context)),
                                  64);
  };
  Constant *model = t.define(
      "segc_model_header",
      t.structure({t.u32(SEGC_ABI_VERSION), t.u32(sizeof(segc_model)),
                   t.text(contents.manifest), t.u64(contents.manifest.size()),
                   t.text(contents.source), t.u64(contents.source.size()),
                   blob(contents.weights), blob(contents.states),
                   entry("prepare", "segc_entry_prepare"),
                   entry("predict", "segc_entry_predict"),
                   entry("evaluate_step", "segc_entry_evaluate_step"),
                   entry("apply_step", "segc_entry_train_step"),
                   entry("grad_step", "segc_entry_grad_step"),
                   entry("apply_step", "segc_entry_apply_step")}));
  t.note(model, versionsGlobal, versions.size());
  if (Linker::linkModules(**support, std::move(tables)))
    return createStringError("the tables do not link with the model support");
  return std::move(*support);
}

void addKernelWrappers(Module &module, StringRef symbolPrefix) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0),
       *i64 = Type::getInt64Ty(context);
  SmallVector<Function *> kernels;
  for (Function &function : module)
    if (!function.isDeclaration())
      kernels.push_back(&function);
  for (Function *kernel : kernels) {
    auto *type = FunctionType::get(Type::getVoidTy(context),
                                   {pointer, pointer, i64, i64}, false);
    auto *wrapper =
        Function::Create(type, GlobalValue::ExternalLinkage,
                         symbolPrefix + kernel->getName() + ".task", module);
    wrapper->setVisibility(GlobalValue::HiddenVisibility);
    wrapper->copyAttributesFrom(kernel);
    wrapper->setLinkage(GlobalValue::ExternalLinkage);
    IRBuilder<> builder(BasicBlock::Create(context, "entry", wrapper));
    // Parameters of a kernel: buffers, scratch, n, task.
    SmallVector<Value *> arguments;
    for (unsigned i = 0; i + 3 < kernel->arg_size(); ++i) {
      Value *slot =
          builder.CreateConstInBoundsGEP1_64(pointer, wrapper->getArg(0), i);
      arguments.push_back(builder.CreateLoad(pointer, slot));
    }
    arguments.append(
        {wrapper->getArg(1), wrapper->getArg(2), wrapper->getArg(3)});
    builder.CreateCall(kernel, arguments);
    builder.CreateRetVoid();
    kernel->setLinkage(GlobalValue::InternalLinkage);
    kernel->addFnAttr(Attribute::AlwaysInline);
  }
}

} // namespace segc
