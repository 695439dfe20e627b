//===- PublishedKernelsTest.cpp - Kernels of the published networks -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Every kernel model that is chosen for a GPU at the published sizes, for every
// op and type, computes on an emulated GPU what the reference evaluation does.
// Sizes are those of smaller networks, whose fusions take the strategies of the
// large ones.

#include "segc/Driver/CompileSession.h"
#include "segc/Driver/Verify/Verify.h"
#include "segc/Networks/Networks.h"
#include "segc/Program/Programs.h"
#include "segc/Reference/Reference.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"
#include <map>
#include <set>

using namespace mlir;
using namespace segc;

namespace {

struct Network {
  std::string name;
  std::vector<std::string> published, small;
};

/// The published training sizes; depth and channels of the small ones are the
/// same.
const std::vector<Network> &networks() {
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

std::string typeOf(Value value) {
  std::string text;
  llvm::raw_string_ostream(text) << getElementTypeOrSelf(value.getType());
  return text;
}

/// A fusion of a network, with what a kernel is chosen by.
struct Use {
  seg::FusionOp fusion;
  Target target;
  int64_t batch;

  std::string kind() const {
    seg::StrategyAttr strategy = strategyOf();
    return strategy ? strategy.getKind().str() : pointwiseKind.str();
  }
  std::string root() const {
    Operation *root = rootOf();
    return root ? root->getName().getStringRef().str() : "pointwise";
  }
  /// Element types in memory.
  std::string types() const {
    std::set<std::string> types;
    seg::FusionOp op = fusion;
    for (Value value : op.getBody().getArguments())
      types.insert(typeOf(value));
    for (Value value : op.getBody().front().getTerminator()->getOperands())
      types.insert(typeOf(value));
    return llvm::join(types, "+");
  }
  std::string multiplied() const {
    return multiplyTypeName(productWork(strategyOf()).multiplyType).str();
  }
  std::string key() const {
    return kind() + " " + root() + " of " + types() + ", multiplied as " +
           multiplied();
  }
  /// Names of the ops.
  std::string ops() const {
    std::string names;
    seg::FusionOp op = fusion;
    for (Operation &each : op.getBody().front())
      names += each.getName().getStringRef().str() + " ";
    return names;
  }
  /// The type of a convolution's filter, which its gradient has as result.
  Type filter() const {
    Operation *root = rootOf();
    if (!root || root->getNumOperands() < 2)
      return Type();
    return isa<seg::ConvFilterGradOp>(root) ? root->getResult(0).getType()
                                            : root->getOperand(1).getType();
  }
  seg::StrategyAttr strategyOf() const {
    return seg::FusionOp(fusion).getStrategyAttr();
  }
  Operation *rootOf() const { return seg::FusionOp(fusion).getRoot(); }
  double flops() const { return seg::FusionOp(fusion).flops(); }
};

class PublishedKernels : public testing::TestWithParam<const char *> {
protected:
  PublishedKernels() {
    DialectRegistry oracle;
    reference::registerReferenceModels(oracle);
    context.appendDialectRegistry(oracle);
  }

  /// Adds the fusions of a network's programs.
  void collect(const Network &network, const std::vector<std::string> &options,
               std::vector<Use> &uses) {
    std::string error;
    auto built = buildNetwork(&context, network.name, options, error);
    ASSERT_TRUE(succeeded(built)) << error;
    CompileOptions compile;
    compile.input = network.name;
    llvm::raw_string_ostream stream(compile.text);
    printNetwork(**built, stream);
    compile.pipeline.precision = GetParam();
    compile.pipeline.unverifiedKernels = true;
    compile.targets = {"cuda-emulated:sm_80", "cuda-emulated:sm_90",
                       "cuda-emulated:sm_90a"};
    llvm::Error failure = forEachProgram(
        context, compile,
        [&](ModuleOp programs, const Target &target, ModuleOp) {
          modules.push_back(programs.clone());
          for (auto program : modules.back()->getOps<exec::ProgramOp>())
            for (exec::LaunchOp launch : launchesOf(program))
              uses.push_back({computationOf(launch.getFusion()), target,
                              static_cast<int64_t>(program.getBatch())});
          return llvm::Error::success();
        });
    ASSERT_FALSE(failure) << llvm::toString(std::move(failure));
  }

  /// How well a small fusion stands for a large one: 0 not at all.
  static int likeness(const Use &small, const Use &large) {
    if (small.target.version != large.target.version ||
        small.root() != large.root() || small.types() != large.types())
      return 0;
    if (small.ops() != large.ops())
      return 1;
    return small.filter() == large.filter() ? 3 : 2;
  }

  /// Runs the small fusion with the strategy of the large one. Returns what is
  /// wrong.
  static std::string check(const Use &small, const Use &large) {
    seg::FusionOp fusion = small.fusion;
    seg::StrategyAttr own = fusion.getStrategyAttr();
    // What has no parameters has one strategy for its size.
    if (large.strategyOf() &&
        (!own || own.getKind() != large.kind() || !own.getParameters().empty()))
      fusion.setStrategyAttr(large.strategyOf());
    KernelCheckOptions options;
    options.batch = small.batch;
    options.products = 2e6;
    SmallVector<int> inPlace(fusion.getNumResults(), -1);
    auto deviation = checkKernel(fusion, small.target, inPlace, options);
    fusion.setStrategyAttr(own);
    if (!deviation)
      return llvm::toString(deviation.takeError());
    if (deviation->ok())
      return "";
    return deviation->fault.empty()
               ? "differs by " + std::to_string(deviation->excess()) +
                     " of its bound"
               : deviation->fault;
  }

  CompilerContext context{MLIRContext::Threading::DISABLED};
  std::vector<OwningOpRef<ModuleOp>> modules;
};

TEST_P(PublishedKernels, RunEmulated) {
  std::vector<Use> large, small;
  for (const Network &network : networks()) {
    collect(network, network.published, large);
    collect(network, network.small, small);
  }
  // For each key the pair of fusions that takes the least work, of those that
  // are most alike.
  struct Pair {
    int likeness = 0;
    const Use *small = nullptr, *large = nullptr;
  };
  std::map<std::string, Pair> pairs;
  for (const Use &published : large) {
    Pair &best = pairs[published.key()];
    if (!best.large)
      best.large = &published;
    for (const Use &candidate : small) {
      int like = likeness(candidate, published);
      if (like > best.likeness || (like > 0 && like == best.likeness &&
                                   candidate.flops() < best.small->flops()))
        best = {like, &candidate, &published};
    }
  }
  EXPECT_GT(pairs.size(), 20u);
  for (const auto &[key, pair] : pairs) {
    SCOPED_TRACE(key);
    if (!pair.small) {
      ADD_FAILURE() << "no small network has such a fusion";
      continue;
    }
    EXPECT_EQ(check(*pair.small, *pair.large), "")
        << pair.large->target.version->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, PublishedKernels,
                         testing::Values("f32", "tf32", "f16", "bf16"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
