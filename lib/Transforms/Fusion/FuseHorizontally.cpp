//===- FuseHorizontally.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "segc/Target/TargetBackend.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_FUSEHORIZONTALLYPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Fusions that become one kernel, in program order.
struct Merge {
  SmallVector<seg::FusionOp> members;
  llvm::SmallSetVector<Value, 16> inputs;
  size_t results = 0;

  /// Adds a member unless a command of a program could not hold the operands,
  /// of which one is the temporary.
  bool add(seg::FusionOp fusion) {
    llvm::SmallSetVector<Value, 16> all = inputs;
    all.insert(fusion.getInputs().begin(), fusion.getInputs().end());
    if (all.size() + results + fusion.getNumResults() + 1 > SEGC_MAX_OPERANDS)
      return false;
    inputs = all;
    results += fusion.getNumResults();
    members.push_back(fusion);
    return true;
  }
};

/// Finds what can be merged in an entry.
class Candidates {
public:
  Candidates(func::FuncOp entry, int64_t smallBytes)
      : entry(entry), smallBytes(smallBytes) {}

  bool isAtBegin(seg::FusionOp fusion);
  bool isAtEnd(seg::FusionOp fusion);
  /// Removes fusions that overwrite what another of them reads.
  void dropOverwriting(SmallVectorImpl<seg::FusionOp> &fusions);

private:
  bool isSmall(Value value) {
    return cast<RankedTensorType>(value.getType()).getRank() <= 1 &&
           seg::tensorBytes(value) <= smallBytes;
  }
  /// Whether calls keep the argument: a parameter or a state of the optimizer.
  bool isPersistent(Value value);
  bool overwrites(seg::FusionOp writer, seg::FusionOp reader);

  func::FuncOp entry;
  int64_t smallBytes;
};

bool Candidates::isPersistent(Value value) {
  auto region = entry.getArgAttrOfType<StringAttr>(
      cast<BlockArgument>(value).getArgNumber(), regionAttrName);
  return region &&
         (region.getValue() == "parameters" || region.getValue() == "states");
}

bool Candidates::isAtBegin(seg::FusionOp fusion) {
  return llvm::all_of(fusion.getInputs(),
                      [&](Value input) {
                        return isa<BlockArgument>(input) &&
                               (isSmall(input) || isPersistent(input));
                      }) &&
         llvm::none_of(fusion->getUsers(), llvm::IsaPred<func::ReturnOp>);
}

bool Candidates::isAtEnd(seg::FusionOp fusion) {
  return llvm::all_of(fusion.getInputs(),
                      [&](Value input) { return isSmall(input); }) &&
         llvm::all_of(fusion->getUsers(), llvm::IsaPred<func::ReturnOp>);
}

bool Candidates::overwrites(seg::FusionOp writer, seg::FusionOp reader) {
  auto placeOf = [](DictionaryAttr attrs) {
    return attrs
               ? std::pair(attrs.get(regionAttrName), attrs.get(offsetAttrName))
               : std::pair<Attribute, Attribute>();
  };
  for (Value input : reader.getInputs()) {
    auto argument = dyn_cast<BlockArgument>(input);
    if (!argument)
      continue;
    auto place = placeOf(entry.getArgAttrDict(argument.getArgNumber()));
    for (OpOperand &use : writer->getUses())
      if (place.first && isa<func::ReturnOp>(use.getOwner()) &&
          placeOf(entry.getResultAttrDict(use.getOperandNumber())) == place)
        return true;
  }
  return false;
}

void Candidates::dropOverwriting(SmallVectorImpl<seg::FusionOp> &fusions) {
  auto all = llvm::to_vector(fusions);
  llvm::erase_if(fusions, [&](seg::FusionOp writer) {
    return llvm::any_of(all, [&](seg::FusionOp reader) {
      return reader != writer && overwrites(writer, reader);
    });
  });
}

struct FuseHorizontallyPass
    : segc::impl::FuseHorizontallyPassBase<FuseHorizontallyPass> {
  using FuseHorizontallyPassBase::FuseHorizontallyPassBase;

  void runOnOperation() override {
    FailureOr<Target> compiledFor = resolveTarget(getOperation(), target);
    if (failed(compiledFor))
      return signalPassFailure();
    if (!enable || !compiledFor->backend->horizontalModel())
      return;
    LayerNames layers(getOperation());
    Candidates candidates(getOperation(), smallBytes);
    SmallVector<seg::FusionOp> begin, end;
    for (auto fusion : getOperation().getOps<seg::FusionOp>()) {
      if (fusion.getRoot() || fusion.getStrategyAttr())
        continue;
      if (candidates.isAtBegin(fusion))
        begin.push_back(fusion);
      else if (candidates.isAtEnd(fusion))
        end.push_back(fusion);
      else
        refuse(fusion,
               "it depends on other kernels or large tensors, and "
               "others may depend on it",
               layers);
    }
    SmallVector<seg::FusionOp> apart(end);
    candidates.dropOverwriting(end);
    for (seg::FusionOp fusion : apart)
      if (!llvm::is_contained(end, fusion))
        refuse(fusion, "it overwrites what another reads", layers);
    merge(begin, /*atBegin=*/true, layers);
    merge(end, /*atBegin=*/false, layers);
  }

private:
  void refuse(seg::FusionOp fusion, const char *reason, LayerNames &layers);
  void merge(ArrayRef<seg::FusionOp> fusions, bool atBegin, LayerNames &layers);
  void build(Merge &merge, bool atBegin, LayerNames &layers);
};

/// What remarks call a fusion.
std::string nameOf(seg::FusionOp fusion) {
  return fusion.getMainOp()->getName().getStringRef().str();
}

void FuseHorizontallyPass::refuse(seg::FusionOp fusion, const char *reason,
                                  LayerNames &layers) {
  addPlace(remark::missed(fusion.getLoc(),
                          remarkOpts("not-merged", "fusion", fusion))
               << remark::add("{0}", nameOf(fusion))
               << remark::reason("{0}", reason),
           fusion, layers);
}

void FuseHorizontallyPass::merge(ArrayRef<seg::FusionOp> fusions, bool atBegin,
                                 LayerNames &layers) {
  SmallVector<Merge> merges(1);
  for (seg::FusionOp fusion : fusions) {
    if (!mayDecide<FusionDecision>(fusion,
                                   [&] { return "merge " + nameOf(fusion); })) {
      refuse(fusion, "out of fuel", layers);
      continue;
    }
    if (!merges.back().add(fusion) && !merges.emplace_back().add(fusion))
      refuse(fusion, "it has too many operands", layers);
  }
  for (Merge &each : merges)
    if (each.members.size() > 1)
      build(each, atBegin, layers);
    else if (!each.members.empty())
      refuse(each.members.front(), "no other kernel like it is left", layers);
}

void FuseHorizontallyPass::build(Merge &merge, bool atBegin,
                                 LayerNames &layers) {
  for (seg::FusionOp member : merge.members)
    addPlace(
        remark::passed(member.getLoc(), remarkOpts("merged", "fusion", member))
            << remark::add("{0}", nameOf(member))
            << remark::metric("kernels", merge.members.size()),
        member, layers);
  seg::FusionOp place = atBegin ? merge.members.front() : merge.members.back();
  OpBuilder builder(place);
  SmallVector<Type> types;
  for (seg::FusionOp member : merge.members)
    llvm::append_range(types, member.getResultTypes());
  auto fusion = seg::FusionOp::create(
      builder, place.getLoc(), types, merge.inputs.getArrayRef(),
      seg::StrategyAttr::get(&getContext(), horizontalKind),
      DenseI64ArrayAttr(), IntegerAttr());
  Block *body = builder.createBlock(&fusion.getBody());
  IRMapping outer;
  for (Value input : merge.inputs)
    outer.map(input, body->addArgument(input.getType(), input.getLoc()));
  SmallVector<Value> yielded;
  for (seg::FusionOp member : merge.members) {
    IRMapping inner;
    for (auto [argument, input] :
         llvm::zip_equal(member.getBody().getArguments(), member.getInputs()))
      inner.map(argument, outer.lookup(input));
    for (Operation &op : member.getBody().front().without_terminator())
      builder.clone(op, inner);
    for (Value value : member.getYield().getValues())
      yielded.push_back(inner.lookup(value));
  }
  seg::YieldOp::create(builder, place.getLoc(), yielded);
  auto results = fusion.getResults().begin();
  for (seg::FusionOp member : merge.members) {
    for (Value result : member.getResults())
      result.replaceAllUsesWith(*results++);
    member.erase();
  }
  merged += merge.members.size() - 1;
}

} // namespace
