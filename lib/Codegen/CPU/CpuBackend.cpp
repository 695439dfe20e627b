//===- CpuBackend.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/CpuBackend.h"

#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/LowerToLLVM.h"
#include "segc/Codegen/CPU/SupportBitcode.h"
#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "segc/Runtime/Core/CpuFeatures.h"

using namespace mlir;

namespace segc {

/// Returns the number of tensors that the ops read element by element. With a
/// rearrangement it is 1, because each element comes from one of its inputs.
static int64_t activationInputs(ArrayRef<Operation *> ops) {
  llvm::SmallDenseSet<Value> inputs;
  auto shapeOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  };
  for (Operation *op : ops) {
    if (isa<seg::RearrangementOpInterface>(op))
      return 1;
    for (Value operand : op->getOperands())
      if (!llvm::is_contained(ops, operand.getDefiningOp()) &&
          shapeOf(operand) == shapeOf(op->getResult(0)))
        inputs.insert(operand);
  }
  return inputs.size();
}

namespace {

class CpuBackend : public TargetBackend {
public:
  CpuBackend() : TargetBackend("cpu", allVersions(), cpuKernelModels()) {}

  std::shared_ptr<const TargetVersion> defaultVersion() const override {
    return findVersion("x86-64-v4");
  }
  Versions distinctVersions(MultiplyTypeSet types) const override {
    Versions distinct;
    for (StringRef name : cpuTargetNames(types))
      distinct.push_back(findVersion(name));
    return distinct;
  }
  llvm::Expected<std::shared_ptr<const TargetVersion>>
  nativeVersion(MultiplyTypeSet types) const override {
    if (std::optional<CpuTarget> host = hostCpuTarget(types))
      return findVersion(host->name);
    return llvm::createStringError("this processor has neither SSE4.2 nor "
                                   "NEON, which all kernels need");
  }
  std::string missingFeature(const TargetVersion &version) const override {
    for (const std::string &feature : version.features)
      if (!cpuHasFeature(feature))
        return "this processor has no " + feature;
    return "";
  }
  std::string deviceName() const override { return cpuName(); }
  std::shared_ptr<const TargetVersion>
  withSmallerCaches(const std::shared_ptr<const TargetVersion> &version,
                    unsigned shift) const override {
    auto smaller = std::make_shared<CpuTarget>(cpuOf(*version));
    smaller->l2Bytes >>= shift;
    return smaller;
  }

  const KernelModel &pointwiseModel() const override {
    return cpuPointwiseModel();
  }
  bool paysAsPrologue(ArrayRef<Operation *> ops, size_t kernels) const override;

  void registerDialects(DialectRegistry &registry) const override {
    registry.insert<x86vector::X86VectorDialect>();
    registerKernelDialects(registry);
    registerFormulas(registry);
  }
  void populateLowering(OpPassManager &manager) const override {
    populateLowerToLLVM(manager);
  }
  llvm::Expected<SerializedKernels>
  serialize(ModuleOp kernels, const TargetVersion &version,
            const SerializeOptions &options) const override {
    return serializeKernels(kernels, cpuOf(version), options);
  }
  llvm::StringRef supportBitcode(llvm::StringRef architecture) const override {
    return segc::supportBitcode(architecture);
  }
  llvm::Expected<std::unique_ptr<LoadedKernels>>
  load(ModuleOp kernels, const TargetVersion &version) const override {
    return loadKernels(kernels, cpuOf(version));
  }

private:
  static const CpuTarget &cpuOf(const TargetVersion &version) {
    return static_cast<const CpuTarget &>(version);
  }
  static Versions allVersions() {
    Versions versions;
    for (StringRef name : cpuTargetNames())
      versions.push_back(std::make_shared<CpuTarget>(*lookupCpuTarget(name)));
    return versions;
  }
};

/// Compares, for one element of the result, the time of the bytes that a
/// prologue saves with the cycles that its ops take for a tile and its border.
bool CpuBackend::paysAsPrologue(ArrayRef<Operation *> ops,
                                size_t kernels) const {
  constexpr double border = 1.5;
  // Fusion is the same for all versions. It is decided for the version with the
  // widest vectors.
  CpuTarget core = *lookupCpuTarget(cpuTargetNames().back());
  double inputs = activationInputs(ops), readers = kernels;
  // Bytes are counted as f32, so that kernels are the same in every precision.
  // With 16 bits a prologue saves half the bytes, and two conversions.
  double bytes = 4 * (inputs + 1 + readers - inputs * readers);
  double cycles = readers * border * prologueCycles(ops) / core.lanes;
  return bytes / core.bytesPerSecond > cycles / core.clockHz;
}

} // namespace

void registerCpuBackend() {
  registerTargetBackend(std::make_unique<CpuBackend>());
}

} // namespace segc
