//===- ScheduleCollectives.cpp - Averages of gradients over ranks ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A rank's step has the gradients of its own samples. Here it gets collectives
// that average them over the ranks while later gradients are computed. That is
// done behind outlining, where places and order are known, and in front of code
// generation, which no collective takes part in.

#include "mlir/IR/Remarks.h"
#include "segc/Program/Passes.h"
#include "segc/Program/Programs.h"
#include "segc/Program/Timeline.h"
#include "segc/Transforms/BucketSplit.h"
#include "segc/Transforms/Layout.h"
#include "segc/model.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SCHEDULECOLLECTIVESPASS
#include "segc/Program/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

constexpr StringLiteral computeStream = "compute",
                        communicationStream = "communication";

/// Each bucket takes two of a program's events, and what kernels wait for at
/// once another.
constexpr size_t mostBuckets = 20;
static_assert(2 * mostBuckets < SEGC_MAX_EVENTS);

struct ScheduleCollectivesPass
    : segc::impl::ScheduleCollectivesPassBase<ScheduleCollectivesPass> {
  using ScheduleCollectivesPassBase::ScheduleCollectivesPassBase;

protected:
  void runOnOperation() override;

private:
  LogicalResult schedule(exec::ProgramOp step);
  void report(exec::ProgramOp step, const LaunchTimes &times, const Link &link);
  std::optional<Type> travelling();
};

/// The gradients of a training step, behind which `update` takes all of them.
class GradientBuckets {
public:
  GradientBuckets(exec::JoinOp update, const LaunchTimes &times,
                  const Link &link, std::optional<Type> travels);
  /// Inserts collectives, and what waits for them. Returns their number.
  size_t insert();

private:
  Value insert(ArrayRef<size_t> bucket);

  exec::JoinOp update;
  Link link;
  std::optional<Type> travels;
  StepWork work;                         ///< In front of `update`.
  SmallVector<PlacedGradient> gradients; ///< The operands of `update`.
  SmallVector<Operation *> lastAccesses; ///< Of each, before `update`.
};

} // namespace

GradientBuckets::GradientBuckets(exec::JoinOp update, const LaunchTimes &times,
                                 const Link &link, std::optional<Type> travels)
    : update(update), link(link), travels(travels) {
  llvm::DenseMap<Operation *, double> ends;
  for (Operation &op : *update->getBlock()) {
    if (&op == update)
      break;
    if (auto launch = dyn_cast<exec::LaunchOp>(op))
      work.kernels += times.seconds(launch);
    else if (auto collective = dyn_cast<exec::CollectiveOp>(op))
      work.between.push_back(
          {work.kernels, link.seconds(travellingBytes(collective))});
    ends[&op] = work.kernels;
  }
  for (Value value : update.getInputs()) {
    Operation *last = value.getDefiningOp();
    for (Operation *user : value.getUsers())
      if (user != update && last->isBeforeInBlock(user))
        last = user;
    lastAccesses.push_back(last);
    const exec::BufferAttr place = exec::bufferOf(value);
    gradients.push_back(
        {place.getOffset(), place.getBytes(), ends.lookup(last)});
  }
}

/// Returns the token of the collective.
Value GradientBuckets::insert(ArrayRef<size_t> bucket) {
  Operation *last = lastAccesses[bucket.front()];
  for (size_t i : bucket)
    if (last->isBeforeInBlock(lastAccesses[i]))
      last = lastAccesses[i];
  OpBuilder b(last->getContext());
  b.setInsertionPointAfter(last);
  // Behind the record of a bucket that is ready at the same time.
  for (Operation *next = last->getNextNode();
       isa<exec::RecordOp, exec::WaitOp, exec::CollectiveOp>(next);
       next = next->getNextNode())
    b.setInsertionPointAfter(next);
  // Sent from the end, listed as they lie.
  SmallVector<Value> tensors;
  SmallVector<Attribute> buffers;
  for (size_t i : llvm::reverse(bucket)) {
    tensors.push_back(update.getInputs()[i]);
    buffers.push_back(exec::bufferOf(tensors.back()));
  }
  Location loc = update.getLoc();
  auto token = exec::TokenType::get(b.getContext());
  Value ready =
      exec::RecordOp::create(b, loc, token, b.getStringAttr(computeStream));
  exec::WaitOp::create(b, loc, ready, b.getStringAttr(communicationStream));
  SmallVector<Type> results(ValueRange(tensors).getTypes());
  results.push_back(token);
  auto collective = exec::CollectiveOp::create(
      b, loc, results,
      exec::CollectiveKindAttr::get(b.getContext(), exec::CollectiveKind::Mean),
      tensors, b.getArrayAttr(buffers),
      travels ? TypeAttr::get(*travels) : TypeAttr(), exec::ShardsAttr(),
      b.getStringAttr(communicationStream));
  for (auto [i, mean] :
       llvm::zip_equal(llvm::reverse(bucket), collective.getOutputs()))
    update.getInputsMutable()[i].set(mean);
  return collective.getDone();
}

size_t GradientBuckets::insert() {
  Link narrow = link;
  if (travels) // Half the bytes.
    narrow.bytesPerSecond *= 2;
  const GradientSchedule schedule = scheduleGradients(
      gradients, undecayedOffset(update->getParentOfType<ModuleOp>()), work,
      narrow, mostBuckets);
  SmallVector<Value> tokens;
  for (const Bucket &bucket : schedule.split.buckets)
    tokens.push_back(
        insert(ArrayRef(schedule.order)
                   .slice(bucket.begin, bucket.end - bucket.begin)));
  OpBuilder b(update);
  exec::WaitOp::create(b, update.getLoc(), tokens,
                       b.getStringAttr(computeStream));
  return tokens.size();
}

std::optional<Type> ScheduleCollectivesPass::travelling() {
  Builder b(&getContext());
  if (reduceType == "bf16")
    return b.getBF16Type();
  if (reduceType == "f16")
    return b.getF16Type();
  return std::nullopt;
}

void ScheduleCollectivesPass::runOnOperation() {
  exec::ProgramOp step = findProgram(getOperation(), "train_step");
  if (step && failed(schedule(step)))
    signalPassFailure();
}

LogicalResult ScheduleCollectivesPass::schedule(exec::ProgramOp step) {
  llvm::Expected<Target> found = resolveTarget(target);
  if (!found)
    return step.emitError() << llvm::toString(found.takeError());
  llvm::Expected<Link> connection = linkFor(*found, link, ranks);
  if (!connection)
    return step.emitError() << llvm::toString(connection.takeError());
  LaunchTimes times(*found, threads);
  for (auto join : llvm::to_vector(step.getBody().getOps<exec::JoinOp>()))
    if (join.getBuffer(0).getRegion() == exec::Region::Gradients)
      buckets +=
          GradientBuckets(join, times, *connection, travelling()).insert();
  report(step, times, *connection);
  return success();
}

void ScheduleCollectivesPass::report(exec::ProgramOp step,
                                     const LaunchTimes &times,
                                     const Link &link) {
  const StringRef entry = step.getSymName();
  auto options = [&](StringRef name) {
    return remark::RemarkOpts::name(name)
        .category("communication")
        .function(entry);
  };
  Timeline timeline(step, times, link);
  auto isBucket = [](CollectiveTimes run) {
    return run.op.getStream() == communicationStream;
  };
  const auto count = llvm::count_if(timeline.collectives, isBucket);
  int64_t number = 0;
  for (const CollectiveTimes &run : timeline.collectives) {
    exec::CollectiveOp op = run.op;
    const bool bucket = isBucket(run);
    auto remark = remark::passed(
        op.getLoc(), options(bucket ? "bucket" : "between-kernels"));
    if (bucket)
      remark << remark::add("{0}: bucket {1} of {2}", entry, ++number, count);
    else
      remark << remark::add("{0}: {1} between kernels, which wait", entry,
                            exec::stringifyCollectiveKind(op.getKind()));
    remark << remark::metric("entry", entry)
           << remark::metric("tensors", op.getInputs().size())
           << remark::metric("bytes", run.bytes)
           << remark::metric("ready_ms", run.ready * 1e3)
           << remark::metric("start_ms", run.start * 1e3)
           << remark::metric("done_ms", run.done * 1e3);
  }
  remark::analysis(step.getLoc(), options("exposed"))
      << remark::add("{0}: what {1} ranks wait for collectives", entry,
                     link.ranks)
      << remark::metric("entry", entry)
      << remark::metric("exposed_ms", timeline.exposed * 1e3)
      << remark::metric("step_ms", timeline.seconds * 1e3);
}
