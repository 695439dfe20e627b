//===- Collect.cpp - Collects a report from the IR ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Names seg.cast, because the report lists the changes of precision.

#include "segc/Driver/Report/Collect.h"

#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Program/Programs.h"
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

/// Reads one program.
class EntryCollector {
public:
  explicit EntryCollector(exec::ProgramOp program);
  Entry collect();

private:
  Kernel kernel(exec::LaunchOp launch);
  Cast castOf(seg::CastOp cast, exec::LaunchOp launch);
  Operand operand(Value value);
  void addBuffers(exec::LaunchOp launch, int index);
  void setGrid(Kernel &kernel, exec::LaunchOp launch);

  exec::ProgramOp program;
  Entry entry;
  DenseMap<Value, int> writer, lastReader;
};

EntryCollector::EntryCollector(exec::ProgramOp program) : program(program) {
  for (auto [i, launch] : llvm::enumerate(launchesOf(program))) {
    for (Value input : launch.getInputs())
      lastReader[input] = i;
    for (Value result : launch.getOutputs())
      writer[result] = i;
  }
  // What ranks have exchanged comes from the kernel of a rank's own value,
  // whose bytes it usually has.
  for (auto collective : program.getBody().getOps<exec::CollectiveOp>())
    for (auto [own, all] :
         llvm::zip_equal(collective.getInputs(), collective.getOutputs()))
      if (auto from = writer.find(own); from != writer.end()) {
        const int first = from->second;
        writer[all] = first;
        lastReader[own] =
            std::max({first, lastReader.lookup(own), lastReader.lookup(all)});
      }
}

Operand EntryCollector::operand(Value value) {
  auto from = writer.find(value);
  return {program.getValueName(value).str(), typeText(value.getType()),
          seg::tensorBytes(value), from == writer.end() ? -1 : from->second};
}

/// Activations have the shape samples x grid x channels. Filters may have such
/// a shape by chance.
void EntryCollector::setGrid(Kernel &kernel, exec::LaunchOp launch) {
  auto batch = static_cast<int64_t>(program.getBatch());
  auto look = [&](Value value) {
    auto shape = cast<RankedTensorType>(value.getType()).getShape();
    if (shape.size() < 4 || shape.front() != batch ||
        !llvm::is_contained(
            {exec::Region::Arena, exec::Region::Inputs, exec::Region::Outputs},
            exec::bufferOf(value).getRegion()))
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
  llvm::for_each(launch.getInputs(), look);
  llvm::for_each(launch.getOutputs(), look);
}

Cast EntryCollector::castOf(seg::CastOp cast, exec::LaunchOp launch) {
  Cast result;
  if (auto argument = dyn_cast<BlockArgument>(cast.getInput())) {
    Value read = launch.getInputs()[argument.getArgNumber()];
    auto from = writer.find(read);
    result.tensor = from == writer.end()
                        ? program.getValueName(read).str()
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

static Launch launchOf(StringRef label, Operation *function) {
  exec::KernelAttr kernel = exec::kernelAttrOf(function);
  Launch result;
  result.function = SymbolTable::getSymbolName(function).str();
  result.op = label.str();
  result.tasksFixed = kernel.getTasks();
  result.tasksPerSample = kernel.getTasksPerSample();
  result.threads = kernel.getThreads();
  result.sharedBytes = kernel.getShared();
  return result;
}

Kernel EntryCollector::kernel(exec::LaunchOp launch) {
  seg::FusionOp fusion = computationOf(launch.getFusion());
  Operation *lead = fusion.getMainOp();
  Kernel kernel;
  kernel.root = opName(*lead);
  kernel.location = printed(launch.getLoc());
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (&op != lead)
      kernel.fused.push_back(opName(op));
    if (auto cast = dyn_cast<seg::CastOp>(op))
      kernel.casts.push_back(castOf(cast, launch));
  }
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  kernel.work = productWork(strategy);
  kernel.strategyKind = pointwiseKind.str();
  if (strategy) {
    kernel.strategy = printed(strategy);
    kernel.strategyKind = strategy.getKind().str();
  }
  for (Value input : launch.getInputs())
    kernel.inputs.push_back(operand(input));
  for (Value result : launch.getOutputs())
    kernel.results.push_back(operand(result));
  setGrid(kernel, launch);
  for (Operation *function : launch.getKernelFunctions())
    kernel.launches.push_back(
        launchOf(launch.getLabel().value_or(""), function));
  // The work of a launch is attributed to its main kernel.
  kernel.mainLaunch = launch.getMainKernel();
  Launch &main = kernel.launches[kernel.mainLaunch];
  main.flops = flopsPerSample(launch);
  main.bytes = bytesPerSample(launch);
  return kernel;
}

void EntryCollector::addBuffers(exec::LaunchOp launch, int index) {
  std::string kernel = entry.kernels[index].root + " #" + std::to_string(index);
  for (auto [i, result] : llvm::enumerate(launch.getOutputs())) {
    exec::BufferAttr buffer = exec::bufferOf(result);
    if (buffer.getRegion() != exec::Region::Arena)
      continue;
    auto last = lastReader.find(result);
    std::string name = kernel + (i ? " result " + std::to_string(i) : "");
    entry.buffers.push_back({name, typeText(result.getType()),
                             buffer.getBytes(), buffer.getOffset(), index,
                             last == lastReader.end() ? index : last->second});
  }
  // The sums follow the temporary.
  Buffer own{kernel + " temporary", "", 0, 0, index, index};
  for (auto buffer : launch.getTemporaries().getAsRange<exec::BufferAttr>())
    if (buffer.getRegion() == exec::Region::Arena) {
      own.offset = own.bytes ? own.offset : buffer.getOffset();
      own.bytes += buffer.getBytes();
    }
  if (own.bytes)
    entry.buffers.push_back(own);
}

Entry EntryCollector::collect() {
  entry.name = program.getSymName().str();
  entry.arenaBytes = program.getArena();
  entry.arenaBound = program.getBound();
  entry.scratchBytes = exec::scratchBytes(program);
  for (exec::LaunchOp launch : launchesOf(program)) {
    entry.kernels.push_back(kernel(launch));
    addBuffers(launch, entry.kernels.size() - 1);
  }
  for (auto prepare : program.getBody().getOps<exec::PrepareOp>())
    entry.others.push_back(
        launchOf(prepare.getLabel().value_or(""), prepare.getKernelFunction()));
  if (auto steps =
          program->getAttrOfType<DenseI64ArrayAttr>(memoryStepsAttrName))
    for (int64_t i = 0; i + 1 < steps.size(); i += 2)
      entry.memorySteps.push_back({steps[i], steps[i + 1] * 1e-9});
  return std::move(entry);
}

} // namespace

Version collectVersion(const ModelVersion &version) {
  Version result{*version.target.version,
                 version.target.backend->device() == SEGC_DEVICE_HOST,
                 {},
                 {}};
  // train_step only repeats grad_step and apply_step.
  for (auto program : ModuleOp(version.module).getOps<exec::ProgramOp>())
    if (program.getSymName() != "train_step")
      result.entries.push_back(EntryCollector(program).collect());
  llvm::StringMap<KernelResources> resources;
  for (const KernelResources &kernel : version.resources)
    resources[kernel.kernel] = kernel;
  for (Entry &entry : result.entries)
    for (Launch *launch : entry.launches())
      if (auto found = resources.find(launch->function);
          found != resources.end())
        launch->resources = found->second;
  return result;
}

} // namespace segc::report
