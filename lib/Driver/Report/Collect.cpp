//===- Collect.cpp - A report from the IR ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Names seg.cast, since the report lists where the precision changes.

#include "segc/Driver/Report/Collect.h"

#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc::report {

template <typename T>
static std::string printed(T &&value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

static std::string typeText(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  std::string text;
  for (int64_t size : tensor.getShape())
    text += std::to_string(size) + "x";
  return text + printed(tensor.getElementType());
}

static std::string opName(Operation &op) {
  return op.getName().stripDialect().str();
}

namespace {

/// Reads one entry function.
class EntryCollector {
public:
  explicit EntryCollector(func::FuncOp function);
  Entry collect();

private:
  Kernel kernel(seg::FusionOp fusion);
  Cast castOf(seg::CastOp cast, seg::FusionOp fusion);
  void addOutside(Value value, DictionaryAttr attrs);
  Operand operand(Value value);
  void addBuffers(seg::FusionOp fusion, int index);
  void setGrid(Kernel &kernel, seg::FusionOp fusion);

  func::FuncOp function;
  Entry entry;
  DenseMap<Value, int> writer, lastReader;
  DenseMap<Value, std::string> names;
  DenseSet<Value> flat; ///< Parameters, gradients and the like.
  int64_t batch = 1;
};

EntryCollector::EntryCollector(func::FuncOp function) : function(function) {
  for (BlockArgument argument : function.getArguments())
    addOutside(argument, function.getArgAttrDict(argument.getArgNumber()));
  Operation *end = function.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands()))
    addOutside(value, function.getResultAttrDict(i));
  for (auto [i, fusion] : llvm::enumerate(function.getOps<seg::FusionOp>())) {
    for (Value input : fusion.getInputs())
      lastReader[input] = i;
    for (Value result : fusion.getResults())
      writer[result] = i;
  }
  if (function.getNumArguments())
    if (auto image = cast<RankedTensorType>(function.getArgumentTypes()[0]);
        image.getRank() > 2)
      batch = image.getDimSize(0);
}

void EntryCollector::addOutside(Value value, DictionaryAttr attrs) {
  if (!attrs)
    return;
  if (auto name = attrs.getAs<StringAttr>(nameAttrName))
    names[value] = name.getValue().str();
  if (auto region = attrs.getAs<StringAttr>(regionAttrName);
      region && !llvm::is_contained({"inputs", "outputs"}, region.getValue()))
    flat.insert(value);
}

Operand EntryCollector::operand(Value value) {
  auto from = writer.find(value);
  return {names.lookup(value), typeText(value.getType()),
          seg::tensorBytes(value), from == writer.end() ? -1 : from->second};
}

/// Samples x grid x channels is the form of activations. Filters may look like
/// it by chance.
void EntryCollector::setGrid(Kernel &kernel, seg::FusionOp fusion) {
  auto look = [&](Value value) {
    auto shape = cast<RankedTensorType>(value.getType()).getShape();
    if (shape.size() < 4 || shape.front() != batch || flat.contains(value))
      return;
    ArrayRef<int64_t> grid = shape.drop_front().drop_back();
    int64_t positions = ShapedType::getNumElements(grid);
    if (positions <= kernel.positions)
      return;
    kernel.positions = positions;
    kernel.grid = llvm::join(
        llvm::map_range(grid, [](int64_t n) { return std::to_string(n); }),
        "x");
  };
  llvm::for_each(fusion.getInputs(), look);
  llvm::for_each(fusion.getResults(), look);
}

Cast EntryCollector::castOf(seg::CastOp cast, seg::FusionOp fusion) {
  Cast result;
  if (auto argument = dyn_cast<BlockArgument>(cast.getInput())) {
    Value read = fusion.getInputs()[argument.getArgNumber()];
    auto from = writer.find(read);
    result.tensor = from == writer.end()
                        ? names.lookup(read)
                        : entry.kernels[from->second].root + " of kernel " +
                              std::to_string(from->second);
    result.where = "on load";
  } else {
    result.tensor = opName(*cast.getInput().getDefiningOp()) + " of kernel " +
                    std::to_string(entry.kernels.size());
    bool stored = llvm::any_of(cast->getUsers(), llvm::IsaPred<seg::YieldOp>);
    result.where = stored ? "on store" : "in registers";
  }
  result.from = typeText(cast.getInput().getType());
  result.to = typeText(cast.getOutput().getType());
  result.bytes = std::min(seg::tensorBytes(cast.getInput()),
                          seg::tensorBytes(cast.getOutput()));
  auto rule = cast->getAttrOfType<StringAttr>(precisionRuleAttrName);
  result.rule = rule ? rule.getValue().str() : "network";
  result.location = printed(cast.getLoc());
  return result;
}

Kernel EntryCollector::kernel(seg::FusionOp fusion) {
  Operation *lead = fusion.getMainOp();
  Kernel kernel;
  kernel.root = opName(*lead);
  kernel.location = printed(lead->getLoc());
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (&op != lead)
      kernel.fused.push_back(opName(op));
    if (auto cast = dyn_cast<seg::CastOp>(op))
      kernel.casts.push_back(castOf(cast, fusion));
  }
  DictionaryAttr strategy = fusion.getStrategyAttr();
  kernel.work = productWork(strategy);
  kernel.strategyKind = "pointwise";
  if (strategy) {
    kernel.strategy = printed(strategy);
    if (auto kind = strategy.getAs<StringAttr>(strategyKindName))
      kernel.strategyKind = kind.getValue().str();
  }
  for (Value input : fusion.getInputs())
    kernel.inputs.push_back(operand(input));
  for (Value result : fusion.getResults())
    kernel.results.push_back(operand(result));
  setGrid(kernel, fusion);
  return kernel;
}

void EntryCollector::addBuffers(seg::FusionOp fusion, int index) {
  std::string kernel = entry.kernels[index].root + " #" + std::to_string(index);
  if (std::optional<ArrayRef<int64_t>> offsets = fusion.getOffsets())
    for (auto [i, offset] : llvm::enumerate(*offsets)) {
      Value result = fusion.getResults()[i];
      if (offset < 0 ||
          llvm::any_of(
              result.getUsers(),
              [](Operation *user) { return isa<func::ReturnOp>(user); }))
        continue;
      auto last = lastReader.find(result);
      std::string name = kernel + (i ? " result " + std::to_string(i) : "");
      entry.buffers.push_back(
          {name, typeText(result.getType()), seg::tensorBytes(result), offset,
           index, last == lastReader.end() ? index : last->second});
    }
  if (std::optional<int64_t> offset = fusion.getTempOffset())
    entry.buffers.push_back({kernel + " temporary", "",
                             arenaTempBytes(fusion.getStrategyAttr()), *offset,
                             index, index});
}

Entry EntryCollector::collect() {
  entry.name = function.getSymName().str();
  for (auto fusion : function.getOps<seg::FusionOp>()) {
    entry.kernels.push_back(kernel(fusion));
    addBuffers(fusion, entry.kernels.size() - 1);
  }
  if (auto steps =
          function->getAttrOfType<DenseI64ArrayAttr>(memoryStepsAttrName))
    for (int64_t i = 0; i + 1 < steps.size(); i += 2)
      entry.memorySteps.push_back({steps[i], steps[i + 1] * 1e-9});
  return std::move(entry);
}

Launch launchOf(DictionaryAttr launch, ModuleOp module) {
  auto number = [&](StringRef name) {
    return launch.getAs<FloatAttr>(name).getValueAsDouble();
  };
  auto symbol = launch.getAs<FlatSymbolRefAttr>("kernel");
  ArrayRef<int64_t> tasks =
      module.lookupSymbol(symbol.getValue())
          ->getAttrOfType<DenseI64ArrayAttr>(tasksAttrName);
  return {symbol.getValue().str(),
          launch.getAs<StringAttr>("op").getValue().str(),
          tasks[0],
          tasks[1],
          number("flops"),
          number("bytes"),
          std::nullopt};
}

void addTable(Entry &entry, DictionaryAttr table, ModuleOp module) {
  auto integer = [&](StringRef name) {
    return table.getAs<IntegerAttr>(name).getInt();
  };
  entry.arenaBytes = integer("arena_bytes");
  entry.arenaBound = integer("arena_bound");
  entry.scratchBytes = integer("scratch_bytes");
  for (auto launch :
       table.getAs<ArrayAttr>("launches").getAsRange<DictionaryAttr>()) {
    auto fusion = launch.getAs<IntegerAttr>("fusion");
    bool known =
        fusion && fusion.getInt() < static_cast<int64_t>(entry.kernels.size());
    (known ? entry.kernels[fusion.getInt()].launches : entry.others)
        .push_back(launchOf(launch, module));
  }
}

} // namespace

std::vector<Entry> collectPlan(ModuleOp planned) {
  std::vector<Entry> entries;
  for (auto function : planned.getOps<func::FuncOp>())
    if (function->hasAttr(arenaAttrName))
      entries.push_back(EntryCollector(function).collect());
  return entries;
}

Version collectVersion(std::vector<Entry> planned,
                       const ModelVersion &version) {
  ModuleOp module = version.module;
  for (NamedAttribute named :
       module->getAttrOfType<DictionaryAttr>(entriesAttrName)) {
    auto entry = llvm::find_if(planned, [&](const Entry &entry) {
      return entry.name == named.getName().strref();
    });
    if (entry == planned.end()) {
      planned.emplace_back();
      entry = planned.end() - 1;
      entry->name = named.getName().str();
    }
    addTable(*entry, cast<DictionaryAttr>(named.getValue()), module);
  }
  return {version.target, std::move(planned)};
}

} // namespace segc::report
