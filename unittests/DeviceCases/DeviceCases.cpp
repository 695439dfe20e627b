//===- DeviceCases.cpp - Kernels to check on a device ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Writes what a machine with a GPU needs to hold kernels against the reference
// evaluation without a compiler: each kernel model that is chosen at the
// published sizes, for every op and type, and fusions of odd sizes.

#include "PublishedKernels.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Driver/Verify/KernelCase.h"
#include "segc/Reference/Reference.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>

using namespace mlir;
using namespace segc;

namespace {

struct Options {
  std::string folder;
  std::vector<std::string> precisions;
  std::string network;
  std::vector<std::string> fusions;
  double maxFlops = 1e9;
  int64_t maxInputs = 1 << 20;
};

/// The fields by which a report sorts the cases.
llvm::json::Object titleOf(const KernelUse &use, StringRef origin) {
  return llvm::json::Object{{"kind", use.kind()},
                            {"op", use.root()},
                            {"types", use.types()},
                            {"multiplied", use.multiplied()},
                            {"origin", origin.str()}};
}

int64_t inputElements(const KernelUse &use) {
  int64_t elements = 0;
  for (Type type : seg::FusionOp(use.fusion).getInputs().getTypes())
    elements += cast<RankedTensorType>(type).getNumElements();
  return elements;
}

llvm::Expected<Target> targetOf(StringRef backend, StringRef version) {
  CompileOptions options;
  options.targets = {(backend + ":" + version).str()};
  auto targets = resolveTargets(options);
  if (!targets)
    return targets.takeError();
  return targets->front();
}

/// The cases that are written, and those that could not be.
class Cases {
public:
  explicit Cases(const Options &options) : options(options) {}

  llvm::Error addPublished(const std::string &precision);
  llvm::Error addFusions(const std::string &file, const std::string &version);
  llvm::Error writeList() const;

private:
  /// Adds a case of each model that takes the fusion.
  llvm::Error addModels(seg::FusionOp fusion,
                        const StrategyContext &strategies);
  /// Adds a case of the use's fusion as it is now.
  llvm::Error add(const KernelUse &use, StringRef origin);

  const Options &options;
  llvm::json::Array cases, omitted;
};

} // namespace

llvm::Error Cases::add(const KernelUse &use, StringRef origin) {
  std::string name = std::to_string(cases.size());
  name.insert(0, 3 - std::min<size_t>(3, name.size()), '0');
  auto device = targetOf("cuda", use.target.version->name);
  if (!device)
    return device.takeError();
  KernelCheckOptions check;
  check.batch = use.batch;
  auto written = writeKernelCase(use.fusion, *device, use.target, check,
                                 options.folder, name);
  if (!written)
    return llvm::createStringError(use.key() + " (" + origin + ", " +
                                   use.target.version->name +
                                   "): " + llvm::toString(written.takeError()));
  for (auto &[field, value] : titleOf(use, origin))
    (*written)[field] = value;
  llvm::outs() << name << " " << use.target.version->name << " " << use.key()
               << " (" << origin << ")\n";
  llvm::outs().flush();
  cases.push_back(std::move(*written));
  return llvm::Error::success();
}

llvm::Error Cases::addPublished(const std::string &precision) {
  PublishedKernels kernels(precision);
  if (llvm::Error error = kernels.collect(options.network))
    return error;
  for (const auto &[key, pair] : kernels.pairs()) {
    if (!pair.small || pair.small->flops() > options.maxFlops ||
        inputElements(*pair.small) > options.maxInputs) {
      omitted.push_back(titleOf(*pair.large, precision));
      continue;
    }
    const KernelUse &use = *pair.small;
    if (llvm::Error error = PublishedKernels::withStrategyOf(
            pair, [&](seg::FusionOp) { return add(use, precision); }))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error Cases::addModels(seg::FusionOp fusion,
                             const StrategyContext &strategies) {
  auto type = cast<RankedTensorType>(fusion.getInputs().front().getType());
  KernelUse use{fusion, strategies.target, type.getDimSize(0)};
  StringRef origin = fusion->getParentOfType<FunctionOpInterface>().getName();
  if (!fusion.getRoot())
    return add(use, origin);
  for (const KernelModel *model :
       strategies.target.backend->modelsOf(fusion.getRoot()))
    if (seg::StrategyAttr strategy =
            cheapestProposal(model, fusion, strategies).strategy) {
      fusion.setStrategyAttr(strategy);
      if (llvm::Error error = add(use, origin))
        return error;
    }
  return llvm::Error::success();
}

llvm::Error Cases::addFusions(const std::string &file,
                              const std::string &version) {
  CompilerContext context(MLIRContext::Threading::DISABLED);
  DialectRegistry oracle;
  reference::registerReferenceModels(oracle);
  context.appendDialectRegistry(oracle);
  auto module = readModule(context, file);
  if (!module)
    return module.takeError();
  auto target = targetOf("cuda-emulated", version);
  if (!target)
    return target.takeError();
  StrategyContext strategies{*target};
  strategies.multiplyTypes = target->version->multiplyTypes;
  strategies.unverifiedKernels = true;
  SmallVector<seg::FusionOp> fusions;
  (*module)->walk([&](seg::FusionOp fusion) { fusions.push_back(fusion); });
  for (seg::FusionOp fusion : fusions)
    if (llvm::Error error = addModels(fusion, strategies))
      return error;
  return llvm::Error::success();
}

llvm::Error Cases::writeList() const {
  std::error_code error;
  llvm::raw_fd_ostream out(options.folder + "/cases.json", error);
  if (error)
    return llvm::createStringError(options.folder +
                                   "/cases.json: " + error.message());
  out << llvm::json::Value(
      llvm::json::Object{{"cases", llvm::json::Array(cases)},
                         {"omitted", llvm::json::Array(omitted)}});
  llvm::outs() << cases.size() << " cases in " << options.folder << ", "
               << omitted.size() << " omitted\n";
  return llvm::Error::success();
}

static llvm::Error run(const Options &options) {
  if (std::error_code error = llvm::sys::fs::create_directories(options.folder))
    return llvm::createStringError(options.folder + ": " + error.message());
  Cases cases(options);
  for (const std::string &precision : options.precisions)
    if (llvm::Error error = cases.addPublished(precision))
      return error;
  for (StringRef spec : options.fusions) {
    auto [version, file] = spec.split('=');
    if (llvm::Error error = cases.addFusions(file.str(), version.str()))
      return error;
  }
  return cases.writeList();
}

int main(int argc, char **argv) {
  Options options;
  CLI::App app("Kernels to check on a device, with what they must compute");
  app.add_option("FOLDER", options.folder, "Folder to write")->required();
  app.add_option("--precision", options.precisions,
                 "Add the kernels of the published networks in f32, tf32, f16 "
                 "or bf16");
  app.add_option("--network", options.network,
                 "Published networks whose names begin so");
  app.add_option("--fusions", options.fusions,
                 "VERSION=FILE: add the fusions of a file with each kernel "
                 "model of the version that takes them");
  app.add_option("--max-flops", options.maxFlops,
                 "Operations of the largest published case, which the "
                 "reference evaluates");
  app.add_option("--max-inputs", options.maxInputs,
                 "Elements of its inputs, which the device's host draws");
  CLI11_PARSE(app, argc, argv);
  if (llvm::Error error = run(options)) {
    llvm::errs() << "SegcDeviceCases: " << llvm::toString(std::move(error))
                 << "\n";
    return 1;
  }
  return 0;
}
