//===- TargetBackend.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/TargetBackend.h"

#include "segc/Target/Strategy.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <mutex>

using namespace mlir;

namespace segc {

KernelModel::~KernelModel() = default;
LoadedKernels::~LoadedKernels() = default;
TargetBackend::~TargetBackend() = default;

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
      .Default(std::nullopt);
}

double KernelModel::seconds(seg::FusionOp fusion,
                            const TargetVersion &version) const {
  double work = productWork(fusion.getStrategyAttr()).on(version);
  return version.modelledSeconds(fusion.flops() * work, fusion.bytes(), 1);
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

std::shared_ptr<const TargetVersion>
TargetBackend::findVersion(llvm::StringRef version) const {
  for (const auto &known : versions())
    if (known->name == version)
      return known;
  return nullptr;
}

llvm::SmallVector<const KernelModel *>
TargetBackend::modelsOf(Operation *root) const {
  if (!root)
    return {&pointwiseModel()};
  llvm::SmallVector<const KernelModel *> result;
  for (const auto &model : models())
    if (model->computes(root->getName()))
      result.push_back(model.get());
  return result;
}

/// The kind of the fusion's strategy; empty if it has none.
static llvm::StringRef kindOf(seg::FusionOp fusion) {
  DictionaryAttr strategy = fusion.getStrategyAttr();
  auto kind = strategy ? strategy.getAs<StringAttr>(strategyKindName)
                       : StringAttr();
  return kind ? kind.getValue() : llvm::StringRef();
}

/// The model of the fusion's strategy, the first if it has none or there is no
/// other; null if no model has such a strategy.
static const KernelModel *modelOf(seg::FusionOp fusion,
                                  llvm::ArrayRef<const KernelModel *> known) {
  if (known.size() == 1 || (!known.empty() && !fusion.getStrategyAttr()))
    return known.front();
  const auto *model = llvm::find_if(known, [&](const KernelModel *each) {
    return each->name() == kindOf(fusion);
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
    InFlightDiagnostic error = root->emitOpError(
        "expects 'kind' in the fusion's strategy to be one of ");
    llvm::interleaveComma(known, error, [&](const KernelModel *each) {
      error << each->name();
    });
    error << ", got '" << kindOf(fusion) << "'";
  }
  return nullptr;
}

double TargetBackend::seconds(seg::FusionOp fusion,
                              const TargetVersion &version) const {
  const KernelModel *model =
      segc::modelOf(fusion, modelsOf(fusion.getRoot()));
  return (model ? *model : pointwiseModel()).seconds(fusion, version);
}

LogicalResult TargetBackend::emitKernels(KernelEmission &emission) const {
  const KernelModel *model = modelOf(emission.fusion);
  return model ? model->emit(emission) : failure();
}

bool TargetBackend::takesEpilogue(Operation *root) const {
  return llvm::any_of(modelsOf(root), [&](const KernelModel *model) {
    return model->takesEpilogue(root);
  });
}

bool TargetBackend::takesPrologue(OpOperand &operand) const {
  return llvm::any_of(modelsOf(operand.getOwner()),
                      [&](const KernelModel *model) {
                        return model->takesPrologue(operand);
                      });
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

const TargetBackend *findTargetBackend(llvm::StringRef name) {
  for (const TargetBackend *backend : targetBackends())
    if (backend->name() == name)
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
  const TargetBackend *backend =
      spec.empty() && !targetBackends().empty() ? targetBackends().front()
                                                : findTargetBackend(name);
  if (!backend)
    return llvm::createStringError(
        "unknown target '" + name + "': expected one of " +
        names(llvm::map_to_vector(
            targetBackends(), [](const auto *each) { return each->name(); })));
  Target target{backend, version.empty()
                             ? backend->defaultVersion()
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

} // namespace segc
