//===- PlannerV2.cpp - Plans by the rules of nnU-Net v2 -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerStages.h"

#include <algorithm>
#include <cmath>

using namespace segc;

namespace {

/// What a network may cost, and how many blocks its levels have.
struct NetworkBudget {
  double numbers3d, numbers2d; ///< Feature maps of the reference batch.
  bool residual;
  double maxShareOfData; ///< That a batch may show.
};

/// Plans the networks of one data set.
class PlannerV2 {
public:
  PlannerV2(const Fingerprint &fingerprint, const NetworkBudget &budget)
      : fingerprint(fingerprint), budget(budget) {}

  Plan plan() const;

private:
  std::array<double, 3> targetSpacing() const;
  PlanConfiguration configuration(const std::string &name,
                                  const std::vector<double> &spacing,
                                  const std::vector<double> &medianShape,
                                  double dataVoxels) const;
  void fit(PlanConfiguration &configuration, double dataVoxels) const;
  void setPatch(PlanConfiguration &configuration,
                const std::vector<double> &patch) const;
  void addLowres(PlanConfiguration &fullres, Plan &plan) const;

  const Fingerprint &fingerprint;
  NetworkBudget budget;
};

constexpr double anisotropy = 3;
constexpr int64_t minBatch = 2;

} // namespace

static NetworkBudget budgetOf(PlannedNetwork network) {
  switch (network) {
  case PlannedNetwork::Plain:
    return {560e6, 85e6, false, 0.05};
  case PlannedNetwork::ResidualM:
    return {680e6, 135e6, true, 1};
  case PlannedNetwork::ResidualL:
    return {2100e6, 380e6, true, 1};
  }
  return {};
}

template <typename Values>
static double productOf(const Values &values) {
  double result = 1;
  for (auto value : values)
    result *= static_cast<double>(value);
  return result;
}

/// Rounds halves to even, as Python does.
static double rounded(double value) { return std::nearbyint(value); }

std::array<double, 3> PlannerV2::targetSpacing() const {
  std::array<double, 3> target = medianSpacing(fingerprint), size;
  for (size_t axis = 0; axis < 3; ++axis) {
    std::vector<double> sizes;
    for (const Fingerprint::Case &c : fingerprint.cases)
      sizes.push_back(static_cast<double>(c.shape[axis]));
    size[axis] = numpyPercentile(sizes, 50);
  }
  const auto coarsest = static_cast<size_t>(
      std::max_element(target.begin(), target.end()) - target.begin());
  double otherSpacing = 0, otherSize = HUGE_VAL;
  for (size_t axis = 0; axis < 3; ++axis)
    if (axis != coarsest) {
      otherSpacing = std::max(otherSpacing, target[axis]);
      otherSize = std::min(otherSize, size[axis]);
    }
  if (target[coarsest] > anisotropy * otherSpacing &&
      size[coarsest] * anisotropy < otherSize) {
    target[coarsest] = spacingPercentile(fingerprint, coarsest, 10);
    if (target[coarsest] < otherSpacing)
      target[coarsest] = otherSpacing + 1e-5;
  }
  return target;
}

void PlannerV2::setPatch(PlanConfiguration &configuration,
                         const std::vector<double> &patch) const {
  PaddedTopology planned = planTopologyV2(configuration.spacing, patch);
  configuration.topology = std::move(planned.topology);
  configuration.patch = std::move(planned.patch);
  const size_t levels = configuration.topology.levels();
  configuration.filters = planFilters(levels, patch.size());
  configuration.residualEncoder = budget.residual;
  configuration.encoderBlocks.clear();
  for (size_t level = 0; level < levels; ++level) {
    static constexpr int64_t residualBlocks[] = {1, 3, 4, 6};
    configuration.encoderBlocks.push_back(
        budget.residual ? residualBlocks[std::min<size_t>(level, 3)] : 2);
  }
  configuration.decoderBlocks.assign(levels - 1, budget.residual ? 1 : 2);
}

// Shrinks the patch until one of the reference batch fits, then fills what is
// left with more of the batch.
void PlannerV2::fit(PlanConfiguration &configuration, double dataVoxels) const {
  const bool planes = configuration.spacing.size() == 2;
  const double reference = planes ? budget.numbers2d : budget.numbers3d;
  const double referenceBatch = planes ? 12 : 2;
  const auto classes = static_cast<int64_t>(fingerprint.classNames.size());
  auto estimate = [&] {
    return static_cast<double>(featureMapNumbers(configuration, classes));
  };
  // The planner of plain networks asks for room for the smallest batch only.
  const double share = budget.residual ? 1 : minBatch / referenceBatch;
  while (estimate() * share > reference) {
    std::vector<double> patch(configuration.patch.begin(),
                              configuration.patch.end());
    size_t axis = 0;
    for (size_t i = 1; i < patch.size(); ++i)
      if (patch[i] / configuration.medianShape[i] >=
          patch[axis] / configuration.medianShape[axis])
        axis = i;
    // Where the smaller patch is halved less often, less is enough.
    std::vector<double> smaller = patch;
    smaller[axis] -=
        static_cast<double>(configuration.topology.totalStride()[axis]);
    patch[axis] -=
        static_cast<double>(planTopologyV2(configuration.spacing, smaller)
                                .topology.totalStride()[axis]);
    if (patch[axis] < 1)
      break;
    setPatch(configuration, patch);
  }
  const double batch = rounded(reference / estimate() * referenceBatch);
  const double most = rounded(dataVoxels * budget.maxShareOfData /
                              productOf(configuration.patch));
  configuration.batch =
      std::max(static_cast<int64_t>(std::min(batch, most)), minBatch);
}

PlanConfiguration PlannerV2::configuration(
    const std::string &name, const std::vector<double> &spacing,
    const std::vector<double> &medianShape, double dataVoxels) const {
  PlanConfiguration result;
  result.name = name;
  result.spacing = spacing;
  result.medianShape = medianShape;
  // A patch with the shape of a cube in millimetres, certainly too large.
  const auto dim = static_cast<double>(spacing.size());
  const double volume = std::pow(spacing.size() == 3 ? 256.0 : 2048.0, dim);
  double density = 1;
  for (double value : spacing)
    density *= 1 / value;
  std::vector<double> patch;
  for (size_t axis = 0; axis < spacing.size(); ++axis)
    patch.push_back(std::min(
        rounded(1 / spacing[axis] * std::pow(volume / density, 1 / dim)),
        medianShape[axis]));
  setPatch(result, patch);
  fit(result, dataVoxels);
  setNormalization(fingerprint, result);
  return result;
}

// Coarser grids, until a patch covers a quarter of a volume.
void PlannerV2::addLowres(PlanConfiguration &fullres, Plan &plan) const {
  const double fullVoxels = productOf(fullres.medianShape);
  const auto cases = static_cast<double>(fingerprint.cases.size());
  std::vector<double> spacing = fullres.spacing;
  double voxels = fullVoxels, patchVoxels = productOf(fullres.patch);
  PlanConfiguration lowres;
  while (patchVoxels / voxels < 0.25) {
    const double coarsest = *std::max_element(spacing.begin(), spacing.end());
    std::vector<size_t> finer;
    for (size_t axis = 0; axis < spacing.size(); ++axis)
      if (coarsest / spacing[axis] > 2)
        finer.push_back(axis);
    if (finer.empty())
      finer = {0, 1, 2};
    for (size_t axis : finer)
      spacing[axis] *= 1.03;
    std::vector<double> shape;
    voxels = 1;
    for (size_t axis = 0; axis < spacing.size(); ++axis) {
      const double size =
          fullres.spacing[axis] / spacing[axis] * fullres.medianShape[axis];
      voxels *= size;
      shape.push_back(std::max(1.0, rounded(size)));
    }
    lowres = configuration("3d_lowres", spacing, shape, voxels * cases);
    patchVoxels = productOf(lowres.patch);
  }
  if (lowres.name.empty() || fullVoxels / voxels < 2)
    return;
  fullres.batchDice = true;
  plan.configurations.push_back(std::move(lowres));
}

Plan PlannerV2::plan() const {
  Plan plan = planFor(fingerprint, PlanRules::V2);
  plan.stepsPerEpoch = v2StepsPerEpoch;
  const std::array<double, 3> target = targetSpacing();
  plan.transpose[0] =
      std::max_element(target.begin(), target.end()) - target.begin();
  size_t next = 1;
  for (int64_t axis = 0; axis < 3; ++axis)
    if (axis != plan.transpose[0])
      plan.transpose[next++] = axis;

  std::vector<double> spacing, shape;
  for (int64_t number : plan.transpose) {
    const auto axis = static_cast<size_t>(number);
    std::vector<double> sizes;
    for (const Fingerprint::Case &c : fingerprint.cases)
      sizes.push_back(
          std::max(1.0, rounded(c.spacing[axis] / target[axis] *
                                static_cast<double>(c.shape[axis]))));
    spacing.push_back(target[axis]);
    shape.push_back(numpyPercentile(sizes, 50));
  }
  const double dataVoxels =
      productOf(shape) * static_cast<double>(fingerprint.cases.size());
  if (shape[0] != 1) {
    PlanConfiguration fullres =
        configuration("3d_fullres", spacing, shape, dataVoxels);
    addLowres(fullres, plan);
    plan.configurations.push_back(std::move(fullres));
  }
  PlanConfiguration planes = configuration("2d", {spacing[1], spacing[2]},
                                           {shape[1], shape[2]}, dataVoxels);
  planes.batchDice = true;
  plan.configurations.push_back(std::move(planes));
  return plan;
}

uint64_t segc::plannedMemory(PlannedNetwork network) {
  return uint64_t{network == PlannedNetwork::ResidualL ? 24u : 8u} << 30;
}

StatusOr<Plan> segc::planV2(const Fingerprint &fingerprint,
                            PlannedNetwork network, uint64_t deviceMemory) {
  SEGC_RETURN_IF_ERROR(verify(fingerprint));
  NetworkBudget budget = budgetOf(network);
  if (deviceMemory) {
    const double scale = static_cast<double>(deviceMemory) /
                         static_cast<double>(plannedMemory(network));
    budget.numbers3d *= scale;
    budget.numbers2d *= scale;
  }
  Plan plan = PlannerV2(fingerprint, budget).plan();
  SEGC_RETURN_IF_ERROR(verify(plan));
  return plan;
}
