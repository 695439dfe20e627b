//===- OutlineKernels.cpp
//-----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strategy/StrategyChoice.h"
#include "segc/Base/Hash.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/ModelTables.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_OUTLINECPUKERNELSPASS
#include "segc/Codegen/CPU/Passes.h.inc"
} // namespace segc

using namespace segc;

std::string segc::planDigest(ModuleOp planned) {
  Sha256 digest;
  for (auto entry : planned.getOps<func::FuncOp>())
    for (auto fusion : entry.getOps<seg::FusionOp>())
      digest.update(kernelKey(fusion));
  return digest.hexDigest();
}

namespace {

/// Where a value lives at run time.
struct Place {
  int64_t region = SEGC_REGION_ARENA, index = 0, offset = 0;
};

int64_t regionFromName(StringRef name) {
  return llvm::StringSwitch<int64_t>(name)
      .Case("inputs", SEGC_REGION_INPUT)
      .Case("outputs", SEGC_REGION_OUTPUT)
      .Case("parameters", SEGC_REGION_PARAMETERS)
      .Case("states", SEGC_REGION_STATES)
      .Case("gradients", SEGC_REGION_GRADIENTS)
      .Case("optimizer", SEGC_REGION_OPTIMIZER)
      .Case("scalars", SEGC_REGION_SCALARS)
      .Default(SEGC_REGION_ARENA);
}

int64_t scalarOffset(StringRef name) {
  return llvm::StringSwitch<int64_t>(name)
      .Case("learning_rate", offsetof(segc_scalars, learning_rate))
      .Case("momentum", offsetof(segc_scalars, momentum))
      .Case("weight_decay", offsetof(segc_scalars, weight_decay))
      .Case("loss_scale", offsetof(segc_scalars, loss_scale))
      .Case("step", offsetof(segc_scalars, step))
      .Case("seed", offsetof(segc_scalars, seed))
      .Default(offsetof(segc_scalars, sample_offset));
}

/// The launch that does a fusion's work: the first whose tasks grow with the
/// batch (others lay out filters or merge partial results), else the first.
func::FuncOp mainKernel(ArrayRef<func::FuncOp> kernels) {
  for (func::FuncOp kernel : kernels)
    if (kernel->getAttrOfType<DenseI64ArrayAttr>(tasksAttrName)[1] > 0)
      return kernel;
  return kernels.front();
}

/// Outlines the fusions of all entries.
class Outliner {
public:
  Outliner(ModuleOp module, const CpuTarget &target)
      : module(module), target(target) {}

  FailureOr<DictionaryAttr> outline(func::FuncOp entry);
  /// The entry `prepare`: launches that the entries so far share. Null if
  /// there are none.
  DictionaryAttr prepareEntry();
  int64_t kernelCount = 0, sharedCount = 0, preparedBytes = 0;

private:
  FailureOr<SmallVector<func::FuncOp>> kernels(seg::FusionOp fusion);
  LogicalResult placeValues(func::FuncOp entry);
  DictionaryAttr launch(seg::FusionOp fusion, size_t index, func::FuncOp kernel,
                        Place temp, bool main);
  void appendOperand(SmallVectorImpl<int64_t> &list, Value value);
  Place prepared(seg::FusionOp fusion, func::FuncOp kernel);

  ModuleOp module;
  const CpuTarget &target;
  llvm::StringMap<SmallVector<func::FuncOp>> known;
  DenseMap<Value, Place> places;
  /// By kernel and offset of the parameter: where its layout lies.
  std::map<std::pair<std::string, int64_t>, int64_t> preparedOffsets;
  SmallVector<Attribute> prepareLaunches;
  int64_t prepareScratch = 0;
  int64_t batch = 1;
};

LogicalResult Outliner::placeValues(func::FuncOp entry) {
  places.clear();
  int64_t inputs = 0, outputs = 0;
  auto place = [&](DictionaryAttr attrs, int64_t &index) {
    auto region =
        attrs ? attrs.getAs<StringAttr>(regionAttrName) : StringAttr();
    auto name = attrs ? attrs.getAs<StringAttr>(nameAttrName) : StringAttr();
    Place result;
    result.region =
        region ? regionFromName(region.getValue()) : SEGC_REGION_INPUT;
    if (result.region == SEGC_REGION_SCALARS)
      result.offset = scalarOffset(name.getValue());
    else if (auto offset = attrs ? attrs.getAs<IntegerAttr>(offsetAttrName)
                                 : IntegerAttr())
      result.offset = offset.getInt();
    if (result.region == SEGC_REGION_INPUT ||
        result.region == SEGC_REGION_OUTPUT)
      result.index = index++;
    return result;
  };
  for (BlockArgument argument : entry.getArguments())
    places[argument] =
        place(entry.getArgAttrDict(argument.getArgNumber()), inputs);
  for (auto fusion : entry.getOps<seg::FusionOp>()) {
    int64_t temporary = arenaTempBytes(fusion.getStrategyAttr());
    if (!fusion.getOffsets() || (temporary > 0 && !fusion.getTempOffset()))
      return entry.emitOpError("has no memory plan; run seg-plan-memory first");
    for (auto [result, offset] :
         llvm::zip_equal(fusion.getResults(), *fusion.getOffsets()))
      places[result] = {SEGC_REGION_ARENA, 0, offset};
  }
  llvm::SmallDenseSet<Value> returned;
  for (auto [i, value] : llvm::enumerate(
           entry.getBody().front().getTerminator()->getOperands())) {
    if (!returned.insert(value).second || isa<BlockArgument>(value))
      return entry.emitOpError("result #")
             << i
             << " is an argument or another result again; it has no place of "
                "its own";
    DictionaryAttr attrs = entry.getResultAttrDict(i);
    places[value] = place(attrs, outputs);
    if (!attrs || !attrs.getAs<StringAttr>(regionAttrName))
      places[value].region = SEGC_REGION_OUTPUT;
  }
  auto image =
      entry.getNumArguments()
          ? dyn_cast<RankedTensorType>(entry.getArgumentTypes().front())
          : RankedTensorType();
  if (image && image.getRank() > 2)
    batch = image.getDimSize(0);
  return success();
}

FailureOr<SmallVector<func::FuncOp>> Outliner::kernels(seg::FusionOp fusion) {
  std::string key = kernelKey(fusion);
  if (auto it = known.find(key); it != known.end()) {
    sharedCount += it->second.size();
    return it->second;
  }
  std::string symbol = kernelName(fusion, known.size());
  FusionEmitter emitter(OpBuilder::atBlockEnd(module.getBody()), fusion, symbol,
                        target);
  if (failed(emitCpuFusion(emitter)))
    return failure();
  kernelCount += emitter.kernels().size();
  return known[key] = SmallVector<func::FuncOp>(emitter.kernels());
}

/// Region, index, offset, elements, elements a sample.
/// As the observer is told.
static int64_t elementOf(Type type) {
  return type.isF16() ? SEGC_F16 : type.isBF16() ? SEGC_BF16 : SEGC_F32;
}

void Outliner::appendOperand(SmallVectorImpl<int64_t> &list, Value value) {
  Place place = places.lookup(value);
  auto type = cast<RankedTensorType>(value.getType());
  bool flat =
      place.region != SEGC_REGION_ARENA && place.region != SEGC_REGION_OUTPUT;
  bool perSample = !flat && type.getRank() >= 2 && type.getDimSize(0) == batch;
  int64_t elements = type.getNumElements();
  list.append({place.region, place.index, place.offset,
               perSample ? 0 : elements, perSample ? elements / batch : 0,
               elementOf(type.getElementType())});
}

/// The place of the fusion's prepared operand; adds the launch of `kernel`,
/// which fills it, to `prepare` unless another fusion has done so.
Place Outliner::prepared(seg::FusionOp fusion, func::FuncOp kernel) {
  auto root = cast<CpuKernelOpInterface>(fusion.getRoot());
  unsigned input = cast<BlockArgument>(root->getOperand(root.preparedOperand()))
                       .getArgNumber();
  Place filter = places.lookup(fusion.getInputs()[input]);
  auto [it, isNew] = preparedOffsets.try_emplace(
      {kernel.getName().str(), filter.offset}, preparedBytes);
  Place place{SEGC_REGION_PREPARED, 0, it->second};
  if (!isNew)
    return place;
  preparedBytes += llvm::alignTo(
      strategyBytes(fusion.getStrategyAttr(), strategyTempName), 64);
  prepareScratch =
      std::max(prepareScratch,
               kernel->getAttrOfType<IntegerAttr>(scratchAttrName).getInt());
  // The kernel reads the filter and writes the temporary; its other buffers
  // do not exist here.
  SmallVector<int64_t> operands;
  for (unsigned i = 0; i < fusion.getNumOperands() + fusion.getNumResults();
       ++i) {
    Place operand = i == input ? filter : Place();
    operands.append({operand.region, operand.index, operand.offset, 0, 0, 0});
  }
  operands.append({place.region, place.index, place.offset, 0, 0, 0});
  if (strategyBytes(fusion.getStrategyAttr(), strategySumsName))
    operands.append(launchOperandSize, 0);
  Builder b(module.getContext());
  std::string op;
  llvm::raw_string_ostream(op) << root->getName() << " " << root->getLoc();
  auto named = [&](StringRef name, Attribute attr) {
    return b.getNamedAttr(name, attr);
  };
  prepareLaunches.push_back(b.getDictionaryAttr(
      {named("kernel", FlatSymbolRefAttr::get(kernel.getSymNameAttr())),
       named("op", b.getStringAttr(op)),
       named("operands", b.getDenseI64ArrayAttr(operands)),
       named("inputs", b.getI64IntegerAttr(fusion.getNumOperands())),
       named("outputs", b.getI64IntegerAttr(fusion.getNumResults())),
       named("flops", b.getF64FloatAttr(0)),
       named("bytes", b.getF64FloatAttr(0))}));
  return place;
}

DictionaryAttr Outliner::prepareEntry() {
  if (prepareLaunches.empty())
    return nullptr;
  Builder b(module.getContext());
  auto named = [&](StringRef name, Attribute attr) {
    return b.getNamedAttr(name, attr);
  };
  IntegerAttr none = b.getI64IntegerAttr(0);
  return b.getDictionaryAttr(
      {named("launches", b.getArrayAttr(prepareLaunches)),
       named("arena_bytes", none), named("arena_bound", none),
       named("scratch_bytes",
             b.getI64IntegerAttr(llvm::alignTo(prepareScratch, 64))),
       named("arguments", b.getArrayAttr({})),
       named("results", b.getArrayAttr({})),
       named("type", TypeAttr::get(b.getFunctionType({}, {})))});
}

DictionaryAttr Outliner::launch(seg::FusionOp fusion, size_t index,
                                func::FuncOp kernel, Place temp, bool main) {
  Builder b(module.getContext());
  Operation *root = fusion.getRoot(), *lead = fusion.getMainOp();
  SmallVector<int64_t> operands;
  double bytes = 0;
  for (Value value :
       llvm::concat<Value>(SmallVector<Value>(fusion.getInputs()),
                           SmallVector<Value>(fusion.getResults()))) {
    appendOperand(operands, value);
    auto type = cast<RankedTensorType>(value.getType());
    bytes += static_cast<double>(type.getNumElements()) *
             type.getElementTypeBitWidth() / 8 / batch;
  }
  operands.append({temp.region, temp.index, temp.offset, 0, 0, 0});
  DictionaryAttr strategy = fusion.getStrategyAttr();
  if (strategyBytes(strategy, strategySumsName))
    operands.append(
        {SEGC_REGION_ARENA, 0,
         static_cast<int64_t>(*fusion.getTempOffset()) + sumsOffset(strategy),
         0, 0, 0});
  double flops = 0;
  if (auto cpu = dyn_cast_or_null<CpuKernelOpInterface>(root))
    flops = cpu.flopsPerSample();
  std::string op;
  llvm::raw_string_ostream(op) << lead->getName() << " " << lead->getLoc();
  auto named = [&](StringRef name, Attribute attr) {
    return b.getNamedAttr(name, attr);
  };
  // Work is counted once, at a fusion's main launch.
  return b.getDictionaryAttr(
      {named("kernel", FlatSymbolRefAttr::get(kernel.getSymNameAttr())),
       named("op", b.getStringAttr(op)),
       named("fusion", b.getI64IntegerAttr(index)),
       named("operands", b.getDenseI64ArrayAttr(operands)),
       named("inputs", b.getI64IntegerAttr(fusion.getNumOperands())),
       named("outputs", b.getI64IntegerAttr(fusion.getNumResults())),
       named("flops", b.getF64FloatAttr(main ? flops : 0)),
       named("bytes", b.getF64FloatAttr(main ? bytes : 0))});
}

FailureOr<DictionaryAttr> Outliner::outline(func::FuncOp entry) {
  if (failed(placeValues(entry)))
    return failure();
  Builder b(module.getContext());
  SmallVector<Attribute> launches;
  int64_t scratch = 0;
  for (auto [index, fusion] : llvm::enumerate(entry.getOps<seg::FusionOp>())) {
    auto functions = kernels(fusion);
    if (failed(functions))
      return fusion.emitOpError("could not be emitted");
    func::FuncOp main = mainKernel(*functions);
    Place temp;
    if (fusion.getTempOffset())
      temp.offset = *fusion.getTempOffset();
    ArrayRef<func::FuncOp> remaining = *functions;
    if (DictionaryAttr strategy = fusion.getStrategyAttr();
        strategy && strategy.get(strategyPreparedName)) {
      if (!fusion.getRoot() || !readsConstantFilter(fusion) ||
          strategyBytes(strategy, strategyTempName) == 0)
        return fusion.emitOpError(
            "cannot be prepared: expects a temporary that is laid out of a "
            "parameter alone, in an entry that changes no parameters");
      temp = prepared(fusion, remaining.front());
      remaining = remaining.drop_front();
    }
    for (func::FuncOp kernel : remaining) {
      launches.push_back(launch(fusion, index, kernel, temp, kernel == main));
      scratch = std::max(
          scratch,
          kernel->getAttrOfType<IntegerAttr>(scratchAttrName).getInt());
    }
  }
  auto named = [&](StringRef name, Attribute attr) {
    return b.getNamedAttr(name, attr);
  };
  auto arena = entry->getAttrOfType<IntegerAttr>(arenaAttrName);
  if (!arena)
    return entry.emitOpError("has no memory plan; run seg-plan-memory first");
  return b.getDictionaryAttr(
      {named("launches", b.getArrayAttr(launches)),
       named("arena_bytes", b.getI64IntegerAttr(arena.getInt())),
       named("arena_bound", entry->getAttr(arenaBoundAttrName)),
       named("scratch_bytes", b.getI64IntegerAttr((scratch + 63) / 64 * 64)),
       named("arguments", entry.getArgAttrsAttr()
                              ? Attribute(entry.getArgAttrsAttr())
                              : b.getArrayAttr({})),
       named("results", entry.getResAttrsAttr()
                            ? Attribute(entry.getResAttrsAttr())
                            : b.getArrayAttr({})),
       named("type", TypeAttr::get(entry.getFunctionType()))});
}

struct OutlineCpuKernelsPass
    : segc::impl::OutlineCpuKernelsPassBase<OutlineCpuKernelsPass> {
  using OutlineCpuKernelsPassBase::OutlineCpuKernelsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::optional<CpuTarget> target = lookupCpuTarget(cpu);
    if (!target) {
      module.emitError("no such CPU: '") << cpu << "'";
      return signalPassFailure();
    }
    module->setAttr(planAttrName,
                    StringAttr::get(&getContext(), planDigest(module)));
    Outliner outliner(module, *target);
    SmallVector<NamedAttribute> entries;
    for (auto entry : llvm::to_vector(module.getOps<func::FuncOp>())) {
      FailureOr<DictionaryAttr> table = outliner.outline(entry);
      if (failed(table))
        return signalPassFailure();
      entries.push_back({entry.getSymNameAttr(), *table});
    }
    for (NamedAttribute entry : entries)
      module.lookupSymbol(entry.getName())->erase();
    if (DictionaryAttr prepare = outliner.prepareEntry())
      entries.push_back({StringAttr::get(&getContext(), "prepare"), prepare});
    module->setAttr(preparedAttrName,
                    IntegerAttr::get(IntegerType::get(&getContext(), 64),
                                     outliner.preparedBytes));
    module->setAttr(entriesAttrName,
                    DictionaryAttr::get(&getContext(), entries));
    kernels += outliner.kernelCount;
    shared += outliner.sharedCount;
  }
};

} // namespace
