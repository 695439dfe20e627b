//===- EmitTables.cpp
//-----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Mirrors the structs of model_tables.h field by field.

#include "segc/Program/ModelTables.h"

#include "segc/Program/Programs.h"
#include "segc/Target/Strategy.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Constants.h"
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

/// One entry's launches.
class EntryTable {
public:
  EntryTable(TableBuilder &t, const ModelVersion &version,
             exec::ProgramOp program)
      : t(t), version(version), program(program) {}

  Constant *build();

private:
  void addLaunch(exec::LaunchOp launch);
  void addPrepare(exec::PrepareOp prepare);
  void add(mlir::Operation *function, StringRef label,
           ArrayRef<Constant *> operands, exec::FusionOp fusion, double flops,
           double bytes);
  Constant *operand(exec::BufferAttr buffer, bool observed);

  TableBuilder &t;
  const ModelVersion &version;
  exec::ProgramOp program;
  SmallVector<Constant *> launches;
  uint32_t regions = 0;
};

/// As the observer is told.
uint32_t elementOf(mlir::Type type) {
  return type.isF16() ? SEGC_F16 : type.isBF16() ? SEGC_BF16 : SEGC_F32;
}

/// A null buffer is memory that the kernel does not access.
Constant *EntryTable::operand(exec::BufferAttr buffer, bool observed) {
  uint64_t fixed = 0, perSample = 0;
  uint32_t element = 0;
  exec::Region region = buffer ? buffer.getRegion() : exec::Region::Arena;
  regions |= 1u << static_cast<uint32_t>(region);
  if (observed) {
    mlir::RankedTensorType type = buffer.getType();
    bool flat =
        region != exec::Region::Arena && region != exec::Region::Outputs;
    auto batch = static_cast<int64_t>(program.getBatch());
    bool samples =
        !flat && type.getRank() >= 2 && type.getDimSize(0) == batch;
    (samples ? perSample : fixed) =
        samples ? type.getNumElements() / batch : type.getNumElements();
    element = elementOf(type.getElementType());
  }
  return t.structure({t.u32(static_cast<uint32_t>(region)),
                      t.u32(buffer ? buffer.getIndex() : 0),
                      t.u64(buffer ? buffer.getOffset() : 0), t.u64(fixed),
                      t.u64(perSample), t.u32(element), t.u32(0)});
}

void EntryTable::add(mlir::Operation *function, StringRef label,
                     ArrayRef<Constant *> operands, exec::FusionOp fusion,
                     double flops, double bytes) {
  StringRef name = mlir::SymbolTable::getSymbolName(function).getValue();
  exec::KernelAttr kernel = exec::kernelAttrOf(function);
  launches.push_back(
      t.structure({t.kernel((version.symbolPrefix + name + ".task").str()),
                   t.text(name), t.text(label), t.array(operands),
                   t.u32(operands.size()), t.u32(fusion.getInputTypes().size()),
                   t.u32(fusion.getOutputTypes().size()), t.u32(0),
                   t.u64(kernel.getTasks()), t.u64(kernel.getTasksPerSample()),
                   t.f64(flops), t.f64(bytes)}));
}

void EntryTable::addLaunch(exec::LaunchOp launch) {
  SmallVector<Constant *> operands;
  for (mlir::Value input : launch.getInputs())
    operands.push_back(operand(exec::bufferOf(input), /*observed=*/true));
  for (mlir::Value output : launch.getOutputs())
    operands.push_back(operand(exec::bufferOf(output), /*observed=*/true));
  for (auto buffer : launch.getTemporaries().getAsRange<exec::BufferAttr>())
    operands.push_back(operand(buffer, /*observed=*/false));
  // Kernels have a parameter for the temporary, whether there is one or not.
  if (launch.getTemporaries().empty())
    operands.push_back(operand(nullptr, /*observed=*/false));
  // Work is counted once, at the main kernel.
  for (auto [i, function] : enumerate(launch.getKernelFunctions())) {
    bool main = i == launch.getMainKernel();
    add(function, launch.getLabel().value_or(""), operands,
        launch.getFusion(), main ? flopsPerSample(launch) : 0,
        main ? bytesPerSample(launch) : 0);
  }
}

/// The kernel reads the filter and writes the temporary; its other buffers do
/// not exist here.
void EntryTable::addPrepare(exec::PrepareOp prepare) {
  exec::FusionOp fusion = prepare.getFusion();
  SmallVector<Constant *> operands;
  size_t count =
      fusion.getInputTypes().size() + fusion.getOutputTypes().size();
  for (size_t i = 0; i < count; ++i)
    operands.push_back(operand(i == prepare.getPosition()
                                   ? exec::bufferOf(prepare.getInput())
                                   : exec::BufferAttr(),
                               /*observed=*/false));
  operands.push_back(operand(prepare.getBuffer(0), /*observed=*/false));
  if (computationOf(fusion).getSumsBytes())
    operands.push_back(operand(nullptr, /*observed=*/false));
  add(prepare.getKernelFunction(), prepare.getLabel().value_or(""), operands,
      fusion, 0, 0);
}

Constant *EntryTable::build() {
  for (mlir::Operation &op : program.getBody().front())
    if (auto launch = dyn_cast<exec::LaunchOp>(op))
      addLaunch(launch);
    else if (auto prepare = dyn_cast<exec::PrepareOp>(op))
      addPrepare(prepare);
  return t.structure(
      {t.text(program.getSymName()), t.array(launches), t.u32(launches.size()),
       t.u32(program.getListed(exec::Region::Inputs).size()),
       t.u32(program.getListed(exec::Region::Outputs).size()), t.u32(regions),
       t.u64(program.getArena()), t.u64(exec::scratchBytes(program))});
}

Constant *entryTable(TableBuilder &t, const ModelVersion &version,
                     StringRef name) {
  if (exec::ProgramOp program = findProgram(version.module, name))
    return EntryTable(t, version, program).build();
  return t.structure({t.null(), t.null(), t.u32(0), t.u32(0), t.u32(0),
                      t.u32(0), t.u64(0), t.u64(0)});
}

} // namespace

Expected<std::unique_ptr<Module>>
buildModelModule(LLVMContext &context, ArrayRef<ModelVersion> versions,
                 const ModelContents &contents, StringRef bitcode) {
  Expected<std::unique_ptr<Module>> support =
      parseBitcodeFile(MemoryBufferRef(bitcode, "model_support"), context);
  if (!support)
    return support.takeError();
  auto tables = std::make_unique<Module>("model_tables", context);
  tables->setTargetTriple((*support)->getTargetTriple());
  tables->setDataLayout((*support)->getDataLayout());
  TableBuilder t(*tables);
  SmallVector<Constant *> versionTables;
  for (const ModelVersion &version : versions) {
    SmallVector<Constant *> fields = {t.text(version.target.version->name),
                                      t.u32(version.target.version->featureBits),
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

  auto entry = [&](StringRef needs, StringRef name) {
    return findProgram(versions.front().module, needs) ? t.entry(name)
                                                       : t.null();
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

} // namespace segc
