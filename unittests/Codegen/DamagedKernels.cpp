//===- DamagedKernels.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DamagedKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Codegen/GPU/LowerToPTX.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Reference/Reference.h"
#include <cstring>

using namespace mlir;

namespace segc::test {

//===----------------------------------------------------------------------===//
// Kinds
//===----------------------------------------------------------------------===//

const DeletionKind orderingOps = {
    /*lowered=*/true,
    [](Operation *op) {
      return isa<NVVM::Barrier0Op, NVVM::BarrierOp, NVVM::SyncWarpOp,
                 NVVM::ClusterArriveOp, NVVM::ClusterWaitOp,
                 NVVM::CpAsyncWaitGroupOp, NVVM::MBarrierInitOp,
                 NVVM::FenceMbarrierInitOp, NVVM::MBarrierTryWaitParityOp,
                 NVVM::MBarrierArriveExpectTxOp, NVVM::MBarrierArriveOp,
                 NVVM::WgmmaFenceAlignedOp, NVVM::WgmmaGroupSyncAlignedOp,
                 NVVM::WgmmaWaitGroupSyncOp>(op);
    },
    [](Operation *op) { op->erase(); }};

constexpr DeletionKind launchWaits = {/*lowered=*/true, isLaunchWait,
                                      [](Operation *op) { op->erase(); }};

static bool isConstant(Value value) {
  return matchPattern(value, m_Constant());
}

const DeletionKind masks = {
    /*lowered=*/false,
    [](Operation *op) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        return !isConstant(loop.getLowerBound()) ||
               !isConstant(loop.getUpperBound());
      return isa<arith::CmpIOp>(op);
    },
    [](Operation *op) {
      OpBuilder b(op);
      Location loc = op->getLoc();
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        loop.setUpperBound(arith::AddIOp::create(b, loc, loop.getUpperBound(),
                                                 loop.getStep()));
        return;
      }
      Value result = op->getResult(0);
      TypedAttr all = b.getBoolAttr(true);
      if (auto vector = dyn_cast<VectorType>(result.getType()))
        all = DenseElementsAttr::get(vector, true);
      result.replaceAllUsesWith(arith::ConstantOp::create(b, loc, all));
      op->erase();
    }};

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static constexpr int64_t batch = 2;

struct DamagedKernels::Implementation {
  mutable MLIRContext context{kernelRegistry(),
                              MLIRContext::Threading::DISABLED};
  Target target;
  OwningOpRef<ModuleOp> source, emitted, lowered;
  seg::FusionOp fusion;
  std::vector<Values> inputs;
  /// All operands after a run of the whole kernels.
  std::vector<Values> results;

  SmallVector<Operation *> find(ModuleOp module,
                                const DeletionKind &kind) const {
    SmallVector<Operation *> ops;
    module->walk([&](Operation *op) {
      if (kind.matches(op))
        ops.push_back(op);
    });
    return ops;
  }
  ModuleOp moduleOf(const DeletionKind &kind) const {
    return kind.lowered ? *lowered : *emitted;
  }
};

DamagedKernels::DamagedKernels(
    const std::string &text, const std::string &version,
    const std::map<size_t, std::vector<double>> &given)
    : self(std::make_unique<Implementation>()) {
  self->target = targetOf(version);
  MLIRContext &context = self->context;
  context.loadDialect<exec::ExecDialect>();
  context.loadAllAvailableDialects();
  self->source = parseSourceString<ModuleOp>(withBatch(text, batch), &context);
  if (!self->source)
    llvm::report_fatal_error("cannot parse the test's text");
  auto function = *self->source->getOps<func::FuncOp>().begin();
  seg::FusionOp fusion = *function.getOps<seg::FusionOp>().begin();
  self->fusion = fusion;
  StrategyContext strategies{self->target};
  strategies.multiplyTypes = self->target.version->multiplyTypes;
  if (!fusion.getStrategyAttr())
    fusion.setStrategyAttr(selectStrategy(fusion, strategies));
  self->emitted = ModuleOp::create(fusion.getLoc());
  KernelEmission emission{fusion,
                          self->target.backend->kernelBuilder(*self->emitted),
                          "k", *self->target.version};
  emission.dependent = true;
  if (failed(self->target.backend->emitKernels(emission)))
    llvm::report_fatal_error("cannot emit the test's kernels");
  auto name = FlatSymbolRefAttr::get(&context, "f");
  for (auto [i, kernel] : llvm::enumerate(emission.kernels))
    kernel.function->setAttr(
        exec::kernelAttrName,
        exec::KernelAttr::get(
            &context, name, i, kernel.tasks.fixed, kernel.tasks.perSample,
            kernel.scratchBytes, kernel.threads, kernel.sharedBytes,
            kernel.dependent, kernel.tasks.slice, kernel.tensorMaps));
  PassManager manager(&context);
  manager.addNestedPass<gpu::GPUModuleOp>(createCanonicalizerPass());
  manager.addNestedPass<gpu::GPUModuleOp>(createCSEPass());
  if (failed(manager.run(*self->emitted)))
    llvm::report_fatal_error("cannot simplify the test's kernels");
  self->lowered = self->emitted->clone();
  if (failed(lower(*self->lowered)))
    llvm::report_fatal_error("cannot lower the test's kernels");
  self->inputs = makeInputs(given);
}
DamagedKernels::~DamagedKernels() = default;

LogicalResult DamagedKernels::lower(ModuleOp module) const {
  PassManager manager(&self->context);
  self->target.backend->populateLowering(manager);
  return manager.run(module);
}

std::vector<Values> DamagedKernels::makeInputs(
    const std::map<size_t, std::vector<double>> &given) const {
  constexpr int64_t classes = 3;
  std::vector<Values> inputs;
  for (Value input : self->fusion.getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (auto values = given.find(inputs.size()); values != given.end()) {
      inputs.push_back(values->second);
      continue;
    }
    bool isFloat = isa<FloatType>(type.getElementType());
    reference::HostTensor tensor =
        reference::randomTensor(type, inputs.size(),
                                isFloat ? reference::Distribution{-1, 1}
                                        : reference::Distribution{0, classes});
    // The number of a step that is neither the first nor the last of some.
    if (type.getRank() == 0 && !isFloat)
      tensor.integers()[0] = 4;
    if (isFloat)
      inputs.push_back(tensor.values().vec());
    else
      inputs.emplace_back(tensor.integers().begin(), tensor.integers().end());
  }
  return inputs;
}

size_t DamagedKernels::count(const DeletionKind &kind) const {
  return self->find(self->moduleOf(kind), kind).size();
}

std::string DamagedKernels::nameOf(const DeletionKind &kind,
                                   size_t number) const {
  Operation *op = self->find(self->moduleOf(kind), kind)[number];
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (!compare)
    return isa<scf::ForOp>(op) ? "loop" : op->getName().getStringRef().str();
  APInt bound;
  return arith::stringifyCmpIPredicate(compare.getPredicate()).str() +
         (matchPattern(compare.getRhs(), m_ConstantInt(&bound))
              ? " " + std::to_string(bound.getSExtValue())
              : "");
}

/// A condition in which `mask` is true.
static Value without(OpBuilder &b, Value condition, Value mask) {
  if (condition == mask)
    return arith::ConstantOp::create(b, mask.getLoc(), b.getBoolAttr(true));
  auto both = condition.getDefiningOp<arith::AndIOp>();
  if (!both)
    return condition;
  return arith::AndIOp::create(b, both.getLoc(),
                               without(b, both.getLhs(), mask),
                               without(b, both.getRhs(), mask));
}

/// The uses of a condition and of those that it is a part of.
static void collectUses(Value condition, SmallVectorImpl<OpOperand *> &uses) {
  for (OpOperand &use : condition.getUses())
    if (auto both = dyn_cast<arith::AndIOp>(use.getOwner()))
      collectUses(both, uses);
    else
      uses.push_back(&use);
}

bool DamagedKernels::stopsNobody(size_t mask) {
  OwningOpRef<ModuleOp> watched = self->emitted->clone();
  auto compare = dyn_cast<arith::CmpIOp>(self->find(*watched, masks)[mask]);
  if (!compare || !compare.getType().isInteger(1))
    return false;
  SmallVector<OpOperand *> uses;
  collectUses(compare, uses);
  Value operand = compare->getParentOfType<gpu::GPUFuncOp>().getArgument(0);
  auto type = cast<MemRefType>(operand.getType());
  for (OpOperand *use : uses) {
    // A thread that it stops stores outside of the first operand.
    OpBuilder b(use->getOwner());
    Location loc = compare.getLoc();
    Value stops = arith::XOrIOp::create(
        b, loc, use->get(), without(b, use->get(), compare.getResult()));
    auto branch = scf::IfOp::create(b, loc, stops, /*withElseRegion=*/false);
    b.setInsertionPointToStart(branch.thenBlock());
    Value zero = arith::ConstantOp::create(
              b, loc, b.getZeroAttr(type.getElementType())),
          before = arith::ConstantIndexOp::create(b, loc, -1);
    memref::StoreOp::create(b, loc, zero, operand, before);
  }
  return succeeded(lower(*watched)) && runKernels(*watched).empty();
}

bool DamagedKernels::waitsForCopies() const {
  return (*self->lowered)
      ->walk([](NVVM::CpAsyncWaitGroupOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

const KernelModel *DamagedKernels::model() const {
  return self->target.backend->modelOf(self->fusion);
}

std::string DamagedKernels::rootName() const {
  Operation *root = self->fusion.getRoot();
  return root ? root->getName().getStringRef().str() : "";
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

std::string DamagedKernels::run() {
  OwningOpRef<ModuleOp> kernels = self->lowered->clone();
  return runKernels(*kernels);
}

std::string DamagedKernels::runWithout(const DeletionKind &kind,
                                       size_t number) {
  OwningOpRef<ModuleOp> damaged = self->moduleOf(kind).clone();
  kind.remove(self->find(*damaged, kind)[number]);
  if (!kind.lowered && failed(lower(*damaged)))
    return "cannot be lowered";
  return runKernels(*damaged);
}

/// Returns whether two runs gave the same bits.
static bool areEqual(const std::vector<Values> &a,
                     const std::vector<Values> &b) {
  for (auto [x, y] : llvm::zip_equal(a, b))
    if (std::memcmp(x.data(), y.data(), x.size() * sizeof(double)))
      return false;
  return true;
}

std::string DamagedKernels::runKernels(ModuleOp lowered) {
  seg::FusionOp fusion = self->fusion;
  auto runner = KernelRunner::load(lowered, {fusion}, {"k"}, self->target);
  if (!runner)
    return llvm::toString(runner.takeError());
  for (unsigned i = 0; i < self->target.backend->interleavings(); ++i) {
    std::vector<std::unique_ptr<GuardedBuffer>> buffers;
    std::vector<void *> operands;
    auto allocate = [&](Value value) {
      buffers.push_back(std::make_unique<GuardedBuffer>(
          cast<RankedTensorType>(value.getType())));
      operands.push_back(buffers.back()->data());
    };
    for (auto [input, values] :
         llvm::zip_equal(fusion.getInputs(), self->inputs)) {
      allocate(input);
      buffers.back()->set(values);
    }
    for (Value output : fusion.getOutputs())
      allocate(output);
    if (Status status = (*runner)->run(0, operands, batch,
                                       i % 2 ? KernelRunner::Order::Reverse
                                             : KernelRunner::Order::Forward,
                                       i);
        !status.ok())
      return status.message();
    std::vector<Values> results;
    for (const auto &buffer : buffers)
      results.push_back(buffer->get());
    if (self->results.empty())
      self->results = results;
    if (!areEqual(results, self->results))
      return "results differ";
  }
  return "";
}

} // namespace segc::test
