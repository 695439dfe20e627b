//===- NetworkOptions.h - Options of the published networks -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options with the defaults of the published recipes. Each option changes the
// graph of the network or is written into it as a default of the recipe.
// Messages use the names of the command line.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_NETWORKOPTIONS_H
#define SEGC_PLAN_NETWORKOPTIONS_H

#include "segc/Base/Status.h"
#include "segc/Plan/Optimizers.h"
#include "segc/Plan/Plan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Options of a Dice loss, a cross-entropy, their sum or their mean.
struct LossOptions {
  bool dice = true, crossEntropy = true;
  double focalGamma = 0; ///< Exponent of a focal loss; 0: cross-entropy.
  /// The cross-entropy is that of so many percent of the voxels of a batch,
  /// those where it is largest; 0: of all.
  double topKPercent = 0;
  double smooth = 1e-6;
  bool squared = false;          ///< Squared terms in the denominator of the
                                 ///< Dice loss.
  bool batchReduce = false;      ///< One Dice loss over the batch.
  bool includeBackground = true; ///< Class 0 counts in the Dice loss.
  bool sumClasses = false;       ///< Sum over the classes instead of the mean.
  bool meanOfLosses = false;     ///< Mean of Dice loss and cross-entropy
                                 ///< instead of the sum.
  /// Weights of the classes in the cross-entropy; empty: all equal.
  std::vector<double> classWeights;
  /// Voxels whose label is no class count for nothing.
  bool ignoreUnlabelled = false;
  /// The label values of each output, where classes overlap: the losses are
  /// those of sigmoids. Empty: of a softmax.
  std::vector<std::vector<int64_t>> regions;
  /// The label of voxels that count for nothing in the losses of regions.
  std::optional<int64_t> ignoredLabel;
  /// The weights of the heads of deep supervision sum to 1; else they are those
  /// of the published example, 8/15 of 1, 1/2 and 1/4.
  bool normalizedHeads = false;
  /// Lower heads are compared with the labels of their grids; else they are
  /// upsampled to the labels.
  bool downsampleLabels = false;
};

struct UNetOptions {
  int64_t width = 64; ///< Channels of the first level.
  int64_t inputSize = 572;
  int64_t classes = 2, channels = 1, batch = 1;
  double dropout = 0.5;
  LossOptions loss;
  OptimizerOptions optimizer;

  UNetOptions();
  /// Output size of the unpadded convolutions for `inputSize`.
  int64_t outputSize() const;
};

struct VNetOptions {
  std::vector<int64_t> inputShape = {32, 32, 32};
  int64_t classes = 3, channels = 1, batch = 2;
  int64_t width = 16; ///< Channels of the first level.
  int64_t convolutionSize = 3;
  /// Convolutions of each level of the encoder and of the decoder.
  std::vector<int64_t> downscaleBlocks = {3, 3, 3}, upscaleBlocks = {3, 3};
  LossOptions loss;
  OptimizerOptions optimizer;

  VNetOptions();
};

enum class NetworkNorm { Instance, Batch, Group, None };

struct NNUNetOptions {
  int64_t dim = 3;
  std::string task; ///< "01" to "10", or empty for other data.
  std::vector<int64_t> patch;
  std::vector<double> spacing;
  int64_t classes = 2, channels = 1, batch = 2;
  NetworkNorm norm = NetworkNorm::Instance;
  double negativeSlope = 0.01;
  bool deepSupervision = false;
  std::optional<int64_t> supervisedLevels; ///< See lowerHeads().
  LossOptions loss;
  OptimizerOptions optimizer;

  NNUNetOptions();
  /// The options of a Decathlon task in 2 or 3 dimensions.
  static StatusOr<NNUNetOptions> forTask(const std::string &task, int64_t dim);

  /// The plan that the network is made of, with one configuration; patch,
  /// spacing, classes and channels are its own.
  std::optional<Plan> plan;
  /// The options of a configuration of a plan: by the rules of v2 with its
  /// loss and optimizer. An empty name is 3d_fullres or the only one.
  static StatusOr<NNUNetOptions> forPlan(const Plan &plan,
                                         const std::string &configuration);

  const PlanConfiguration *planned() const {
    return plan ? &plan->configurations.front() : nullptr;
  }
  bool followsV2() const { return plan && plan->rules == PlanRules::V2; }
  /// Number of decoder levels below the first that have an output of their own
  /// under deep supervision: `supervisedLevels`, else two, or with v2's rules
  /// all but the deepest, whose loss has no weight there.
  size_t lowerHeads(size_t levels) const;
  /// Kernels and strides: as planned, or by the rule of the example. Fails for
  /// a patch or spacing without one.
  StatusOr<Topology> topology() const;
};

/// The 3-D U-Net of the MLPerf training benchmark (KiTS19).
struct UNet3DOptions {
  std::vector<int64_t> patch = {128, 128, 128};
  /// Filters of each level of the encoder; the bottleneck has those of the
  /// last.
  std::vector<int64_t> filters = {32, 64, 128, 256, 320};
  int64_t classes = 3, channels = 1, batch = 2;
  NetworkNorm norm = NetworkNorm::Instance; ///< Not none.
  double negativeSlope = 0; ///< Slope of the leaky ReLU; 0: ReLU.
  LossOptions loss;
  OptimizerOptions optimizer;

  UNet3DOptions();

  /// The plan that the network is made of, with one configuration.
  std::optional<Plan> plan;
  /// The options of a configuration of a plan by the rules of MLPerf; fails for
  /// other rules. An empty name is 3d_fullres or the only one.
  static StatusOr<UNet3DOptions> forPlan(const Plan &plan,
                                         const std::string &configuration);
};

/// Number of groups of group norm.
inline constexpr int64_t nnunetGroups = 32;
/// Returns the first error: "option: expected ..., got ...".
Status validate(const UNetOptions &options);
Status validate(const VNetOptions &options);
Status validate(const NNUNetOptions &options);
Status validate(const UNet3DOptions &options);

} // namespace segc

#endif // SEGC_PLAN_NETWORKOPTIONS_H
