//===- TargetBackend.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/TargetBackend.h"

#include "segc/Target/PerformanceModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <mutex>

using namespace mlir;

namespace segc {

KernelModel::~KernelModel() = default;
LoadedKernels::~LoadedKernels() = default;
TargetBackend::TargetBackend(std::string name, Versions versions,
                             KernelModels models)
    : ownName(std::move(name)), ownVersions(std::move(versions)),
      ownModels(std::move(models)) {}
TargetBackend::~TargetBackend() = default;

LoadedKernels::Task TargetBackend::taskOf(segc_kernel_fn function,
                                          llvm::StringRef) const {
  return [function](const TaskCall &call) {
    function(call.buffers.data(), call.scratch, call.batch, call.task);
    return Status::success();
  };
}

std::string Target::spec() const {
  return (backend->name() + ":" + version->name).str();
}

std::string KernelEmission::nextSymbol() const {
  return kernels.empty() ? symbol
                         : symbol + "_" + std::to_string(kernels.size());
}

std::optional<WinogradTiles> lookupWinogradTiles(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<WinogradTiles>>(name)
      .Case("off", WinogradTiles::Off)
      .Case("f2", WinogradTiles::F2)
      .Case("f4", WinogradTiles::F4)
      .Case("f6", WinogradTiles::F6)
      .Default(std::nullopt);
}

std::optional<ConvImplementation>
lookupConvImplementation(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<ConvImplementation>>(name)
      .Case("generated", ConvImplementation::Generated)
      .Case("auto", ConvImplementation::Auto)
      .Case("cudnn", ConvImplementation::Cudnn)
      .Default(std::nullopt);
}

llvm::SmallVector<StrategyProposal>
KernelModel::propose(seg::FusionOp fusion,
                     const StrategyContext &context) const {
  Operation *root = fusion.getRoot();
  if (!root)
    return {};
  StrategyProposal only;
  only.title = kind(root->getName()).str();
  only.strategy = seg::StrategyAttr::get(fusion.getContext(), only.title);
  only.seconds = seconds(fusion, *context.target.version);
  return {only};
}

bool StrategyContext::allows(const KernelModel &model) const {
  return unverifiedKernels || !model.isUnverified();
}

double KernelModel::seconds(seg::FusionOp fusion,
                            const TargetVersion &version) const {
  double work = productWork(fusion.getStrategyAttr()).on(version);
  return version.modelledSeconds(fusion.flops() * work, fusion.bytes(), 1);
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

PerformanceModel::~PerformanceModel() = default;

std::shared_ptr<const TargetVersion>
TargetBackend::findVersion(llvm::StringRef version) const {
  for (const auto &known : versions())
    if (known->name == version)
      return known;
  return nullptr;
}

llvm::Expected<std::shared_ptr<const TargetVersion>>
TargetBackend::nativeVersion(MultiplyTypeSet types) const {
  Versions distinct = distinctVersions(types);
  for (const auto &version : llvm::reverse(distinct))
    if (missingFeature(*version).empty())
      return version;
  return llvm::createStringError(missingFeature(*distinct.front()));
}

llvm::SmallVector<const KernelModel *>
TargetBackend::modelsOf(Operation *root) const {
  llvm::SmallVector<const KernelModel *> result;
  if (!root) {
    result.push_back(&pointwiseModel());
    if (const KernelModel *horizontal = horizontalModel())
      result.push_back(horizontal);
    return result;
  }
  for (const auto &model : models())
    if (model->computes(root->getName()))
      result.push_back(model.get());
  return result;
}

static llvm::StringRef kindOf(const KernelModel &model, Operation *root) {
  return root ? model.kind(root->getName()) : model.kindWithoutRoot();
}

/// Returns the model of the fusion's strategy: the first model if it has no
/// strategy, null if no model has this kind.
static const KernelModel *modelOf(seg::FusionOp fusion,
                                  llvm::ArrayRef<const KernelModel *> known) {
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  if (!strategy)
    return known.empty() ? nullptr : known.front();
  Operation *root = fusion.getRoot();
  const auto *model = llvm::find_if(known, [&](const KernelModel *each) {
    return kindOf(*each, root) == strategy.getKind();
  });
  return model == known.end() ? nullptr : *model;
}

const KernelModel *TargetBackend::modelOf(seg::FusionOp fusion) const {
  Operation *root = fusion.getRoot();
  llvm::SmallVector<const KernelModel *> known = modelsOf(root);
  if (const KernelModel *model = segc::modelOf(fusion, known))
    return model;
  if (known.empty()) {
    root->emitOpError("has no kernel for the target ") << name();
  } else {
    InFlightDiagnostic error =
        root ? root->emitOpError() : fusion.emitOpError();
    error << "expects a strategy of the target " << name() << " of kind ";
    llvm::interleave(
        known, error,
        [&](const KernelModel *each) { error << kindOf(*each, root); }, " or ");
    error << ", got '" << fusion.getStrategyAttr().getKind() << "'";
  }
  return nullptr;
}

double TargetBackend::seconds(Operation *op,
                              const TargetVersion &version) const {
  auto fusion = dyn_cast<seg::FusionOp>(op);
  if (!fusion) {
    auto cost = dyn_cast<seg::CostOpInterface>(op);
    return cost ? version.modelledSeconds(cost.flops(), cost.bytes(), 1) : 0;
  }
  const KernelModel *model = segc::modelOf(fusion, modelsOf(fusion.getRoot()));
  return (model ? *model : pointwiseModel()).seconds(fusion, version);
}

/// Verifies the fusion's strategy, if it has one, against the parameters of its
/// model.
static LogicalResult verifyStrategy(seg::FusionOp fusion,
                                    const KernelModel &model) {
  if (!fusion.getStrategyAttr())
    return success();
  if (fusion.getRoot() || model.kindWithoutRoot() != pointwiseKind)
    return verifyStrategyParameters(fusion, model.parameters());
  auto parameters = llvm::to_vector(model.parameters());
  parameters.push_back({strategyUnbatchedName, StrategyParameter::Type::Flag});
  return verifyStrategyParameters(fusion, parameters);
}

LogicalResult TargetBackend::verifyStrategy(seg::FusionOp fusion) const {
  const KernelModel *model = modelOf(fusion);
  return model ? segc::verifyStrategy(fusion, *model) : failure();
}

LogicalResult TargetBackend::emitKernels(KernelEmission &emission) const {
  const KernelModel *model = modelOf(emission.fusion);
  if (!model || failed(segc::verifyStrategy(emission.fusion, *model)))
    return failure();
  return model->emit(emission);
}

bool TargetBackend::takesEpilogue(Operation *root) const {
  return llvm::any_of(modelsOf(root), [&](const KernelModel *model) {
    return model->takesEpilogue(root);
  });
}

bool TargetBackend::takesPrologue(OpOperand &operand) const {
  return llvm::any_of(
      modelsOf(operand.getOwner()),
      [&](const KernelModel *model) { return model->takesPrologue(operand); });
}

bool TargetBackend::takesReduction(Operation *root,
                                   Operation *reduction) const {
  return llvm::any_of(modelsOf(root), [&](const KernelModel *model) {
    return model->takesReduction(root, reduction);
  });
}

//===----------------------------------------------------------------------===//
// Registry
//===----------------------------------------------------------------------===//

namespace {

/// The registry is locked, because contexts of several threads register the
/// same backends.
struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<TargetBackend>> owned;
  std::vector<const TargetBackend *> backends;
};

} // namespace

static Registry &registry() {
  static Registry registry;
  return registry;
}

void registerTargetBackend(std::unique_ptr<TargetBackend> backend) {
  std::lock_guard lock(registry().mutex);
  auto named = [&](const TargetBackend *known) {
    return known->name() == backend->name();
  };
  if (llvm::any_of(registry().backends, named))
    return;
  registry().backends.push_back(backend.get());
  registry().owned.push_back(std::move(backend));
}

std::vector<const TargetBackend *> targetBackends() {
  std::lock_guard lock(registry().mutex);
  return registry().backends;
}

llvm::StringRef modelSupportBitcode(llvm::StringRef architecture) {
  for (const TargetBackend *backend : targetBackends())
    if (llvm::StringRef bitcode = backend->supportBitcode(architecture);
        !bitcode.empty())
      return bitcode;
  return "";
}

const TargetBackend *findTargetBackend(llvm::StringRef name) {
  for (const TargetBackend *backend : targetBackends())
    if (name.empty() || backend->name() == name)
      return backend;
  return nullptr;
}

llvm::Expected<Target> resolveTarget(llvm::StringRef spec) {
  auto names = [](const auto &list) {
    return llvm::join(llvm::map_range(list,
                                      [](const auto &each) -> std::string {
                                        return llvm::StringRef(each).str();
                                      }),
                      ", ");
  };
  auto [name, version] = spec.split(':');
  const TargetBackend *backend = findTargetBackend(name);
  if (!backend)
    return llvm::createStringError(
        "unknown target '" + name + "': expected one of " +
        names(llvm::map_to_vector(
            targetBackends(), [](const auto *each) { return each->name(); })));
  Target target{backend, version.empty() ? backend->defaultVersion()
                                         : backend->findVersion(version)};
  if (!target.version)
    return llvm::createStringError(
        "unknown version '" + version + "' of the target " + name +
        ": expected one of " +
        names(llvm::map_to_vector(backend->versions(), [](const auto &each) {
          return llvm::StringRef(each->name);
        })));
  return target;
}

FailureOr<Target> resolveTarget(Operation *op, llvm::StringRef spec) {
  llvm::Expected<Target> target = resolveTarget(spec);
  if (target)
    return *target;
  return op->emitError(llvm::toString(target.takeError()));
}

bool callsLibrary(const TargetBackend &backend, llvm::StringRef library) {
  return llvm::any_of(backend.models(), [&](const auto &model) {
    return model->library() == library;
  });
}

FailureOr<ConvImplementation>
resolveConvImplementation(Operation *op, const TargetBackend &backend,
                          llvm::StringRef name) {
  std::optional<ConvImplementation> known = lookupConvImplementation(name);
  if (!known)
    return op->emitError("expects conv to be generated, auto or cudnn, got '")
           << name << "'";
  if (*known != ConvImplementation::Generated &&
      !callsLibrary(backend, "cudnn"))
    return op->emitError("expects conv to be generated for the target ")
           << backend.name() << ", which has no cuDNN, got '" << name << "'";
  return *known;
}

} // namespace segc
