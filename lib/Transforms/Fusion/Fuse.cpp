//===- Fuse.cpp -----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Target/FusionModel.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_FUSEPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Ops that will be one kernel.
struct Group {
  SmallVector<Operation *> ops; ///< In program order.
  Operation *root = nullptr;    ///< The op that is not pointwise, if any.
  ArrayRef<int64_t> space;      ///< Shape of the iteration space.
};

/// Partitions the ops of a function into groups.
class Grouping {
public:
  Grouping(Block &block, const FusionModel *model, bool enable, int64_t fuel)
      : model(model), enable(enable), fuel(fuel) {
    for (Operation &op : block.without_terminator())
      add(&op);
  }

  /// Groups so that each comes after those it reads from; otherwise in the
  /// order of their first ops.
  SmallVector<Group *> ordered();
  int64_t fusedCount = 0, missedCount = 0;

private:
  void add(Operation *op);
  /// Why the op may not join the group of `producer`; null if it may.
  const char *refusal(Group *group, Operation *op);
  bool reachesFromOutside(Group *from, Group *to);
  void merge(Group *into, Group *from);
  void visit(Group *group, llvm::SetVector<Group *> &order);
  Group *groupOf(Value value) const {
    return value.getDefiningOp() ? owner.lookup(value.getDefiningOp())
                                 : nullptr;
  }

  const FusionModel *model;
  bool enable;
  int64_t fuel;
  SmallVector<std::unique_ptr<Group>> groups; ///< Some become empty.
  DenseMap<Operation *, Group *> owner;
  DenseMap<Operation *, int> position;
};

void Grouping::add(Operation *op) {
  bool pointwise = isa<seg::PointwiseOpInterface>(op);
  groups.push_back(std::make_unique<Group>());
  Group *group = groups.back().get();
  group->ops = {op};
  group->root = pointwise ? nullptr : op;
  group->space = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  owner[op] = group;
  position[op] = position.size();
  if (!pointwise)
    return;
  for (Value operand :
       llvm::SmallSetVector<Value, 4>(op->operand_begin(), op->operand_end())) {
    Group *producer = groupOf(operand);
    if (!producer || producer == owner[op])
      continue;
    auto remark = [&](bool passed) {
      auto opts = remark::RemarkOpts::name(passed ? "fused" : "not-fused")
                      .category("fusion");
      return passed ? remark::passed(op->getLoc(), opts)
                    : remark::missed(op->getLoc(), opts);
    };
    StringRef from = operand.getDefiningOp()->getName().getStringRef(),
              to = op->getName().getStringRef();
    if (const char *reason = refusal(producer, op)) {
      ++missedCount;
      remark(false) << remark::add("{0} -> {1}", from, to)
                    << remark::reason("{0}", reason)
                    << remark::metric("bytes", 2 * seg::tensorBytes(operand));
      continue;
    }
    --fuel;
    ++fusedCount;
    // The value need not be read again; nor written, if this is its only user.
    int64_t saved = seg::tensorBytes(operand) * (operand.hasOneUse() ? 2 : 1);
    remark(true) << remark::add("{0} -> {1}", from, to)
                 << remark::metric("bytes_saved", saved);
    merge(producer, owner[op]);
  }
}

const char *Grouping::refusal(Group *producer, Operation *op) {
  if (!enable)
    return "fusion is off";
  if (fuel == 0)
    return "out of fuel";
  Group *consumer = owner[op];
  if (producer->space != consumer->space)
    return "iteration spaces differ: the user reads the value broadcast or "
           "reduced";
  if (producer->root && !(model && model->takesEpilogue(producer->root)))
    return "the producer's kernel takes no epilogue";
  if (producer->root && consumer->root)
    return "both sides hold a root: a kernel has one";
  if (consumer->root &&
      llvm::any_of(consumer->root->getOperands(),
                   [&](Value v) { return groupOf(v) == producer; }))
    return "the user's root reads the value too: a kernel computes nothing "
           "before its root";
  if (reachesFromOutside(producer, consumer))
    return "another kernel lies between: the user also needs a value computed "
           "from this one";
  return nullptr;
}

/// Whether a path leads from `from` to `to` through a third group.
bool Grouping::reachesFromOutside(Group *from, Group *to) {
  llvm::SmallSetVector<Group *, 16> work;
  auto push = [&](Group *group) {
    for (Operation *op : group->ops)
      for (Operation *user : op->getUsers())
        if (Group *next = owner.lookup(user); next && next != from)
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

void Grouping::merge(Group *into, Group *from) {
  for (Operation *op : from->ops)
    owner[op] = into;
  into->ops.append(from->ops);
  llvm::sort(into->ops, [&](Operation *a, Operation *b) {
    return position[a] < position[b];
  });
  if (from->root)
    into->root = from->root;
  from->ops.clear();
}

void Grouping::visit(Group *group, llvm::SetVector<Group *> &order) {
  if (order.contains(group))
    return;
  for (Operation *op : group->ops)
    for (Value operand : op->getOperands())
      if (Group *producer = groupOf(operand); producer && producer != group)
        visit(producer, order);
  order.insert(group);
}

SmallVector<Group *> Grouping::ordered() {
  llvm::SetVector<Group *> order;
  for (auto &group : groups)
    if (!group->ops.empty())
      visit(group.get(), order);
  return order.takeVector();
}

/// Moves a group's ops into a seg.fusion at the builder; `map` holds what
/// stands for the values of groups already moved.
void buildFusion(OpBuilder &builder, const Group &group, bool rootKeepsResults,
                 IRMapping &map) {
  llvm::SmallDenseSet<Operation *> members(group.ops.begin(), group.ops.end());
  auto usedOutside = [&](Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      return !members.contains(user);
    });
  };
  llvm::SmallSetVector<Value, 8> inputs;
  SmallVector<Value> outputs;
  // Root results first, in order: emitters without an epilogue rely on it.
  if (group.root)
    for (Value result : group.root->getResults())
      if (rootKeepsResults || usedOutside(result))
        outputs.push_back(result);
  for (Operation *op : group.ops) {
    for (Value operand : op->getOperands())
      if (!members.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    if (op != group.root)
      for (Value result : op->getResults())
        if (usedOutside(result))
          outputs.push_back(result);
  }

  Operation *lead = group.root ? group.root : group.ops.front();
  SmallVector<Value> operands;
  for (Value input : inputs)
    operands.push_back(map.lookupOrDefault(input));
  auto fusion = seg::FusionOp::create(
      builder, lead->getLoc(), ValueRange(outputs).getTypes(), operands,
      DictionaryAttr(), DenseI64ArrayAttr(), IntegerAttr());
  Block *body = builder.createBlock(&fusion.getBody());
  IRMapping inner;
  for (Value input : inputs)
    inner.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Operation *op : group.ops)
    builder.clone(*op, inner);
  SmallVector<Value> yielded;
  for (Value output : outputs)
    yielded.push_back(inner.lookup(output));
  seg::YieldOp::create(builder, lead->getLoc(), yielded);
  builder.setInsertionPointAfter(fusion);
  map.map(outputs, fusion.getResults());
}

struct FusePass : segc::impl::FusePassBase<FusePass> {
  using FusePassBase::FusePassBase;

  void runOnOperation() override {
    Block &block = getOperation().getBody().front();
    const auto *model = getContext()
                            .getLoadedDialect<seg::SegDialect>()
                            ->getRegisteredInterface<FusionModel>();
    Grouping grouping(block, model, enable, fuel);
    fused += grouping.fusedCount;
    missed += grouping.missedCount;

    auto old = llvm::map_to_vector(block.without_terminator(),
                                   [](Operation &op) { return &op; });
    Operation *terminator = block.getTerminator();
    OpBuilder builder(terminator);
    IRMapping map;
    for (Group *group : grouping.ordered())
      buildFusion(builder, *group,
                  group->root && !(model && model->takesEpilogue(group->root)),
                  map);
    for (OpOperand &operand : terminator->getOpOperands())
      operand.set(map.lookupOrDefault(operand.get()));
    for (Operation *op : llvm::reverse(old))
      op->erase();
  }
};

} // namespace
