//===- Grouping.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Grouping.h"
#include "Casts.h"

#include "mlir/IR/Remarks.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Transforms/Decisions.h"

using namespace mlir;

namespace segc {

FusionGrouping::FusionGrouping(Block &block, const TargetBackend &backend,
                               const LibraryRoots &libraryRoots,
                               const FusionPolicy *policy,
                               const FusionSwitches &switches)
    : backend(backend), libraryRoots(libraryRoots), policy(policy),
      switches(switches), layers(cast<func::FuncOp>(block.getParentOp())) {
  // Widening casts join their only user.
  for (Operation &op : block.without_terminator())
    if (!isRead(&op) || !switches.reads)
      add(&op);
  // Users come first, so that a chain is sunk into its last user.
  SmallVector<FusionGroup *> order = ordered();
  for (FusionGroup *group : llvm::reverse(order))
    sinkIntoConsumers(group);
  for (FusionGroup *group : order)
    explainRoots(group);
}

/// Emits a remark for every root that reads another root's result, with the
/// reason why they are not fused.
void FusionGrouping::explainRoots(FusionGroup *group) {
  if (!group->root || !group->prologueConsumers.empty())
    return;
  for (Value operand : group->root->getOperands()) {
    Value read = seg::storedValue(operand);
    if (FusionGroup *producer = groupOf(read);
        producer && producer != group && producer->root &&
        producer->prologueConsumers.empty())
      recordDecision(read, group->root,
                     {nullptr, "both are roots: a kernel has one"});
  }
}

static const char *offReason(bool on) { return on ? nullptr : "switched off"; }

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

void FusionGrouping::add(Operation *op) {
  bool pointwise = isa<seg::PointwiseOpInterface>(op);
  groups.push_back(std::make_unique<FusionGroup>());
  FusionGroup *group = groups.back().get();
  group->root = pointwise ? nullptr : op;
  group->space = shapeOf(op->getResult(0));
  auto join = [&](Operation *member) {
    if (!owner.try_emplace(member, group).second)
      return; // The op reads it twice.
    group->ops.push_back(member);
    position[member] = position.size();
  };
  for (Value operand : op->getOperands())
    if (Operation *read = operand.getDefiningOp();
        switches.reads && isRead(read))
      join(read);
  join(op);
  if (pointwise)
    addPointwise(op);
  else if (auto reduction = dyn_cast<seg::EpilogueReductionOpInterface>(op))
    addReduction(op, reduction.getReduced());
}

/// Fuses the op with the groups of all operands that accept it.
void FusionGrouping::addPointwise(Operation *op) {
  llvm::SmallSetVector<Value, 4> operands;
  for (Value operand : op->getOperands())
    operands.insert(seg::storedValue(operand));
  for (Value operand : operands) {
    FusionGroup *producer = groupOf(operand);
    if (producer && producer != owner[op] &&
        recordDecision(
            operand, op,
            {offReason(switches.epilogues), pointwiseRefusal(producer, op)}))
      merge(producer, owner[op]);
  }
}

/// Fuses a reduction with the group that computes its operand, if that accepts
/// it.
void FusionGrouping::addReduction(Operation *op, Value reduced) {
  reduced = seg::storedValue(reduced);
  FusionGroup *producer = groupOf(reduced), *own = owner[op];
  if (!producer || !recordDecision(reduced, op,
                                   {offReason(switches.reductions),
                                    reductionRefusal(producer, op, reduced)}))
    return;
  own->root = nullptr;
  own->reductions = {op};
  merge(producer, own);
}

/// The operand of a rounding cast, otherwise the value itself.
static Value beforeRounding(Value value) {
  auto rounding = value.getDefiningOp<seg::CastOp>();
  return rounding && rounding.getInput().getDefiningOp() ? rounding.getInput()
                                                         : value;
}

static Operation *producerOf(Value value) {
  return beforeRounding(value).getDefiningOp();
}

FusionPolicy::Answer FusionGrouping::ask(Value operand, Operation *user) const {
  return policy ? policy->decide(producerOf(operand), user)
                : FusionPolicy::Answer::Default;
}

/// Records the decision about a pair in remarks and statistics. Returns true if
/// it is fused.
bool FusionGrouping::recordDecision(Value operand, Operation *user,
                                    Objections objections,
                                    FusionPolicy::Answer answer) {
  int64_t bytes = seg::tensorBytes(operand);
  Operation *from = producerOf(operand);
  std::string pair =
      (from->getName().getStringRef() + " -> " + user->getName().getStringRef())
          .str();
  if (answer == FusionPolicy::Answer::Always)
    objections.off = objections.cost = nullptr;
  const char *reason = answer == FusionPolicy::Answer::Never
                           ? "the fusion policy keeps them apart"
                       : objections.off     ? objections.off
                       : objections.refusal ? objections.refusal
                                            : objections.cost;
  if (!reason && !mayDecide<FusionDecision>(user, [&] { return pair; }))
    reason = "out of fuel";
  // The number of the result distinguishes several results of one op.
  auto place = [&](remark::detail::InFlightRemark &remark) {
    if (remark && from->getNumResults() > 1)
      remark << remark::metric(
          "result", cast<OpResult>(beforeRounding(operand)).getResultNumber());
    addPlace(remark, user, layers);
  };
  if (reason) {
    ++missedCount;
    place(
        remark::missed(user->getLoc(), remarkOpts("not-fused", "fusion", user))
        << remark::add("{0}", pair) << remark::reason("{0}", reason)
        << remark::metric("bytes", 2 * bytes));
    return false;
  }
  ++fusedCount;
  // Fusion saves a read of the value, and its write if this is the only user.
  place(
      remark::passed(user->getLoc(), remarkOpts("fused", "fusion", user))
      << remark::add("{0}", pair)
      << remark::metric("bytes_saved", bytes * (operand.hasOneUse() ? 2 : 1)));
  return true;
}

/// Sinks a group into the prologues of all kernels that read it, if all of them
/// accept it. Its values are then not stored.
void FusionGrouping::sinkIntoConsumers(FusionGroup *group) {
  bool rearranges =
      group->root && isa<seg::RearrangementOpInterface>(group->root);
  if (!(rearranges || !group->root) || !group->reductions.empty() ||
      group->space.size() < 3)
    return;
  llvm::SetVector<FusionGroup *> prologueConsumers, besides;
  const char *reason = nullptr;
  OpOperand *last = nullptr;
  Value lastValue;
  // The policy answers for every pair; Never for one of them decides, then
  // Always.
  auto answer = FusionPolicy::Answer::Default;
  for (Operation *op : group->ops)
    for (OpOperand *use : readingUses(op)) {
      FusionGroup *user = owner.lookup(use->getOwner());
      if (user == group || reason)
        continue;
      last = use, lastValue = op->getResult(0);
      if (auto own = ask(lastValue, use->getOwner());
          own != FusionPolicy::Answer::Default &&
          answer != FusionPolicy::Answer::Never)
        answer = own;
      if (!user) {
        reason = "the value leaves the function";
        continue;
      }
      ArrayRef<FusionGroup *> own(user);
      for (FusionGroup *host : user->prologueConsumers.empty()
                                   ? own
                                   : user->prologueConsumers.getArrayRef()) {
        prologueConsumers.insert(host);
        if (host->isBeside(use->getOwner()))
          besides.insert(host);
        if (!reason)
          reason = hostRefusal(group, host, *use);
      }
    }
  if (!last)
    return;
  const char *cost =
      reason || backend.paysAsPrologue(group->ops, prologueConsumers.size())
          ? nullptr
          : "computing it again in every kernel that reads it costs more than "
            "writing and reading it";
  if (!recordDecision(lastValue, last->getOwner(),
                      {offReason(switches.prologues), reason, cost}, answer))
    return;
  group->prologueConsumers = prologueConsumers;
  for (FusionGroup *host : prologueConsumers) {
    llvm::SetVector<Operation *> ops(group->prologue.begin(),
                                     group->prologue.end());
    ops.insert(group->ops.begin(), group->ops.end());
    ops.insert(host->prologue.begin(), host->prologue.end());
    host->prologue = ops.takeVector();
    llvm::sort(host->prologue, [&](Operation *a, Operation *b) {
      return position[a] < position[b];
    });
    if (besides.contains(host)) {
      host->beside.insert(group->prologue.begin(), group->prologue.end());
      host->beside.insert(group->ops.begin(), group->ops.end());
    }
  }
}

//===----------------------------------------------------------------------===//
// Legality
//===----------------------------------------------------------------------===//

/// Limit on the ops of a kernel: the compile time of LLVM grows faster than
/// linearly with it.
static constexpr size_t maxKernelOps = 64;

static const char *sizeReason(size_t ops) {
  return ops > maxKernelOps ? "the kernel would have more than 64 ops"
                            : nullptr;
}

static constexpr const char *byLibrary =
    "a library computes the convolution, alone";

/// An op that is a step by itself is alone in its group.
static bool isStep(const FusionGroup *group) {
  return isa_and_present<seg::ScheduledOpInterface>(group->root);
}

static constexpr const char *noKernel = "no kernel computes a step of its own";

/// The reason why `host` cannot compute the group's value at `use`; null if it
/// can.
const char *FusionGrouping::hostRefusal(FusionGroup *group, FusionGroup *host,
                                        OpOperand &use) {
  if (const char *size = sizeReason(group->prologue.size() + group->ops.size() +
                                    host->prologue.size() + host->ops.size()))
    return size;
  if (isStep(group) || isStep(host))
    return noKernel;
  Operation *user = use.getOwner();
  if (llvm::is_contained(host->prologue, user) && !host->beside.contains(user))
    return nullptr;
  if (libraryRoots.contains(user))
    return byLibrary;
  if (user == host->root)
    return backend.takesPrologue(use)
               ? nullptr
               : "a kernel that reads the value takes it from memory";
  if (llvm::is_contained(host->reductions, user))
    return "a reduction reads the value where it is stored";
  // A pointwise op beside the root computes the value at the root's own points.
  bool pointwise =
      !group->root &&
      llvm::all_of(group->prologue, llvm::IsaPred<seg::PointwiseOpInterface>);
  return pointwise &&
                 (group->space == host->space || host->beside.contains(user))
             ? nullptr
             : "a pointwise user reads the value at another place";
}

const char *FusionGrouping::refusal(FusionGroup *producer, Operation *op) {
  for (Operation *user : owner[op]->ops)
    for (Value operand : user->getOperands())
      if (llvm::is_contained(producer->reductions, operand.getDefiningOp()))
        return "the user needs all tiles of what the producer's kernel reduces";
  if (reachesFromOutside(producer, owner[op]))
    return "another kernel lies between: the user also needs a value computed "
           "from this one";
  return nullptr;
}

const char *FusionGrouping::pointwiseRefusal(FusionGroup *producer,
                                             Operation *op) {
  FusionGroup *consumer = owner[op];
  if (isStep(producer))
    return noKernel;
  if (const char *size =
          sizeReason(producer->ops.size() + consumer->ops.size()))
    return size;
  if (producer->space != consumer->space)
    return "iteration spaces differ: the user reads the value broadcast or "
           "reduced";
  if (libraryRoots.contains(producer->root) && !isRounding(op, producer->root))
    return byLibrary;
  if (producer->root && !backend.takesEpilogue(producer->root) &&
      !isRounding(op, producer->root))
    return "the producer's kernel takes no epilogue";
  if (producer->root && consumer->root)
    return "both sides hold a root: a kernel has one";
  // The consumer's own reductions belong to operands that joined it earlier.
  bool reducesFirst =
      producer->root &&
      llvm::any_of(consumer->reductions, [&](Operation *reduction) {
        return position[reduction] < position[producer->root];
      });
  if (reducesFirst || (consumer->root && !producer->reductions.empty()))
    return "one side holds a root, the other reductions of its own";
  if (consumer->root &&
      llvm::any_of(consumer->root->getOperands(), [&](Value v) {
        return groupOf(seg::storedValue(v)) == producer;
      }))
    return "the user's root reads the value too: a kernel computes nothing "
           "before its root";
  return refusal(producer, op);
}

const char *FusionGrouping::reductionRefusal(FusionGroup *producer,
                                             Operation *op, Value reduced) {
  if (isStep(producer))
    return noKernel;
  if (producer->space != shapeOf(reduced))
    return "iteration spaces differ: the producer's kernel computes several "
           "shapes";
  if (libraryRoots.contains(producer->root))
    return byLibrary;
  if (!backend.takesReduction(producer->root, op))
    return "the producer's kernel adds up no tiles";
  return refusal(producer, op);
}

/// Whether a path leads from `from` to `to` through a third group.
bool FusionGrouping::reachesFromOutside(FusionGroup *from, FusionGroup *to) {
  llvm::SmallSetVector<FusionGroup *, 16> work;
  auto push = [&](FusionGroup *group) {
    for (Operation *op : group->ops)
      for (Operation *user : op->getUsers())
        if (FusionGroup *next = owner.lookup(user); next && next != from)
          work.insert(next);
  };
  push(from);
  work.remove(to);
  for (size_t i = 0; i < work.size(); ++i) {
    if (work[i] == to)
      return true;
    push(work[i]);
  }
  return false;
}

void FusionGrouping::merge(FusionGroup *into, FusionGroup *from) {
  for (Operation *op : from->ops)
    owner[op] = into;
  into->ops.append(from->ops);
  llvm::sort(into->ops, [&](Operation *a, Operation *b) {
    return position[a] < position[b];
  });
  if (from->root)
    into->root = from->root;
  into->reductions.append(from->reductions);
  from->ops.clear();
}

void FusionGrouping::visit(FusionGroup *group,
                           llvm::SetVector<FusionGroup *> &order) {
  if (order.contains(group))
    return;
  for (Operation *op :
       llvm::concat<Operation *const>(group->prologue, group->ops))
    for (Value operand : op->getOperands())
      if (FusionGroup *producer = groupOf(operand);
          producer && producer != group && producer->prologueConsumers.empty())
        visit(producer, order);
  order.insert(group);
}

SmallVector<FusionGroup *> FusionGrouping::ordered() {
  llvm::SetVector<FusionGroup *> order;
  for (auto &group : groups)
    if (!group->ops.empty() && group->prologueConsumers.empty())
      visit(group.get(), order);
  return order.takeVector();
}

} // namespace segc
