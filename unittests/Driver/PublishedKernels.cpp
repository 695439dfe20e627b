//===- PublishedKernels.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PublishedKernels.h"

#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Networks/Networks.h"
#include "segc/Reference/Reference.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using namespace mlir;

namespace segc {

namespace {

struct Network {
  std::string name;
  std::vector<std::string> published, small;
};

} // namespace

/// The published training sizes; depth and channels of the small ones are the
/// same.
static const std::vector<Network> &networks() {
  static const std::vector<Network> all = {
      {"unet2d", {"--batch-size", "8"}, {"--size", "188"}},
      {"vnet", {"--batch-size", "8"}, {"--input-shape", "16", "16", "16"}},
      {"nnunet",
       {"--task", "01", "--dim", "2", "--batch-size", "64",
        "--deep-supervision"},
       {"--task", "01", "--dim", "2", "--patch", "64", "64", "--batch-size",
        "2", "--deep-supervision"}},
      {"nnunet",
       {"--task", "01", "--dim", "3", "--batch-size", "2",
        "--deep-supervision"},
       {"--task", "01", "--dim", "3", "--patch", "32", "32", "32",
        "--batch-size", "1", "--deep-supervision"}},
      {"unet3d",
       {"--batch-size", "7"},
       {"--patch", "32", "32", "32", "--batch-size", "1"}}};
  return all;
}

static std::string typeOf(Value value) {
  std::string text;
  llvm::raw_string_ostream(text) << getElementTypeOrSelf(value.getType());
  return text;
}

std::string KernelUse::kind() const {
  seg::StrategyAttr strategy = strategyOf();
  return strategy ? strategy.getKind().str() : pointwiseKind.str();
}

std::string KernelUse::root() const {
  Operation *root = rootOf();
  return root ? root->getName().getStringRef().str() : "pointwise";
}

std::string KernelUse::types() const {
  std::set<std::string> types;
  seg::FusionOp op = fusion;
  for (Value value : op.getBody().getArguments())
    types.insert(typeOf(value));
  for (Value value : op.getBody().front().getTerminator()->getOperands())
    types.insert(typeOf(value));
  return llvm::join(types, "+");
}

std::string KernelUse::multiplied() const {
  Operation *root = rootOf();
  if (root && seg::multipliesInt8(root))
    return "int8";
  return multiplyTypeName(productWork(strategyOf()).multiplyType).str();
}

std::string KernelUse::ops() const {
  std::string names;
  seg::FusionOp op = fusion;
  for (Operation &each : op.getBody().front())
    names += each.getName().getStringRef().str() + " ";
  return names;
}

Type KernelUse::filter() const {
  Operation *root = rootOf();
  if (!root || root->getNumOperands() < 2)
    return Type();
  return isa<seg::ConvFilterGradOp>(root) ? root->getResult(0).getType()
                                          : root->getOperand(1).getType();
}

PublishedKernels::PublishedKernels(std::string precision)
    : precision(std::move(precision)) {
  DialectRegistry oracle;
  reference::registerReferenceModels(oracle);
  context.appendDialectRegistry(oracle);
}

llvm::Error PublishedKernels::collect(const std::string &network,
                                      const std::vector<std::string> &options,
                                      std::vector<KernelUse> &uses) {
  std::string error;
  auto built = buildNetwork(&context, network, options, error);
  if (failed(built))
    return llvm::createStringError(error);
  CompileOptions compile;
  compile.input = network;
  llvm::raw_string_ostream stream(compile.text);
  printNetwork(**built, stream);
  compile.pipeline.precision = precision;
  compile.pipeline.unverifiedKernels = true;
  compile.targets = {"cuda-emulated:sm_80", "cuda-emulated:sm_90",
                     "cuda-emulated:sm_90a"};
  return forEachProgram(
      context, compile, [&](ModuleOp programs, const Target &target, ModuleOp) {
        modules.push_back(programs.clone());
        for (auto program : modules.back()->getOps<exec::ProgramOp>())
          for (exec::LaunchOp launch : launchesOf(program))
            uses.push_back({computationOf(launch.getFusion()), target,
                            static_cast<int64_t>(program.getBatch())});
        return llvm::Error::success();
      });
}

llvm::Error PublishedKernels::collect(StringRef prefix) {
  for (const Network &network : networks()) {
    if (!StringRef(network.name).starts_with(prefix))
      continue;
    if (llvm::Error error = collect(network.name, network.published, large))
      return error;
    if (llvm::Error error = collect(network.name, network.small, small))
      return error;
  }
  return llvm::Error::success();
}

/// How well a small fusion stands for a large one: 0 not at all.
static int likeness(const KernelUse &small, const KernelUse &large) {
  if (small.target.version != large.target.version ||
      small.root() != large.root() || small.types() != large.types())
    return 0;
  if (small.ops() != large.ops())
    return 1;
  return small.filter() == large.filter() ? 3 : 2;
}

std::map<std::string, PublishedKernels::Pair> PublishedKernels::pairs() const {
  std::map<std::string, Pair> pairs;
  for (const KernelUse &published : large) {
    Pair &best = pairs[published.key()];
    if (!best.large)
      best.large = &published;
    for (const KernelUse &candidate : small) {
      int like = likeness(candidate, published);
      if (like > best.likeness || (like > 0 && like == best.likeness &&
                                   candidate.flops() < best.small->flops()))
        best = {like, &candidate, &published};
    }
  }
  return pairs;
}

llvm::Error PublishedKernels::withStrategyOf(
    const Pair &pair, llvm::function_ref<llvm::Error(seg::FusionOp)> visit) {
  seg::FusionOp fusion = pair.small->fusion;
  seg::StrategyAttr own = fusion.getStrategyAttr();
  // What has no parameters has one strategy for its size.
  if (pair.large->strategyOf() &&
      (!own || own.getKind() != pair.large->kind() ||
       !own.getParameters().empty()))
    fusion.setStrategyAttr(pair.large->strategyOf());
  llvm::Error error = visit(fusion);
  fusion.setStrategyAttr(own);
  return error;
}

} // namespace segc
