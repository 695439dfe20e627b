//===- FoldBatchNorm.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// This pass names convolutions, because only they have weights to fold norms
// into.
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_FOLDBATCHNORMPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// The name of the parameter or state behind a value; null if it is neither.
StringAttr nameOf(Value value) {
  if (auto param = value.getDefiningOp<seg::ParamOp>())
    return param.getNameAttr();
  if (auto state = value.getDefiningOp<seg::StateOp>())
    return state.getNameAttr();
  return nullptr;
}

/// Creates a bias, named after the filter, for a convolution without one.
template <typename Conv>
Value makeBias(OpBuilder &b, Conv conv, seg::BatchNormOp norm) {
  StringRef filter =
      conv.getFilter().template getDefiningOp<seg::ParamOp>().getName();
  filter.consume_back(".weight");
  return seg::ParamOp::create(
      b, norm.getLoc(), norm.getBeta().getType(),
      b.getStringAttr(filter + ".bias"),
      seg::InitKindAttr::get(b.getContext(), seg::InitKind::constant),
      b.getF64FloatAttr(0), UnitAttr());
}

/// The attributes that describe how new weights are computed; null if the norm
/// cannot be folded.
template <typename Conv>
DictionaryAttr fold(seg::BatchNormOp norm, Conv conv) {
  if (!conv->hasOneUse() ||
      !conv.getFilter().template getDefiningOp<seg::ParamOp>() ||
      !conv.getFilter().hasOneUse())
    return nullptr;
  OpBuilder b(conv);
  SmallVector<NamedAttribute> entry = {
      b.getNamedAttr("epsilon", norm.getEpsilonAttr()),
      b.getNamedAttr("filter", nameOf(conv.getFilter()))};
  for (auto [key, value] :
       {std::pair("gamma", norm.getGamma()), std::pair("beta", norm.getBeta()),
        std::pair("mean", norm.getRunningMean()),
        std::pair("variance", norm.getRunningVariance())}) {
    if (!nameOf(value) || !value.hasOneUse())
      return nullptr;
    entry.push_back(b.getNamedAttr(key, nameOf(value)));
  }
  bool hadBias = static_cast<bool>(conv.getBias());
  if (!hadBias)
    conv.getBiasMutable().assign(makeBias(b, conv, norm));
  entry.push_back(b.getNamedAttr("bias", nameOf(conv.getBias())));
  entry.push_back(b.getNamedAttr("had_bias", b.getBoolAttr(hadBias)));
  norm.getOutput().replaceAllUsesWith(conv.getOutput());
  SmallVector<Value> dead(norm.getOperands().drop_front());
  norm.erase();
  for (Value value : dead)
    value.getDefiningOp()->erase();
  return b.getDictionaryAttr(entry);
}

struct FoldBatchNormPass
    : segc::impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  void runOnOperation() override {
    SmallVector<Attribute> entries;
    SmallVector<seg::BatchNormOp> norms;
    getOperation().walk([&](seg::BatchNormOp norm) { norms.push_back(norm); });
    for (seg::BatchNormOp norm : norms) {
      DictionaryAttr entry;
      if (auto conv = norm.getInput().getDefiningOp<seg::ConvOp>())
        entry = fold(norm, conv);
      else if (auto transposed =
                   norm.getInput().getDefiningOp<seg::ConvTransposeOp>();
               // With groups, the filter's last dimension has the outputs of
               // one group only.
               transposed && transposed.getGroups() == 1)
        entry = fold(norm, transposed);
      if (entry)
        entries.push_back(entry);
    }
    folded += entries.size();
    getOperation()->setAttr(foldedAttrName,
                            ArrayAttr::get(&getContext(), entries));
  }
};

} // namespace
