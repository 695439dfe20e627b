//===- NetworkOptions.h - What a network can be asked to be -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options with the defaults of the published recipes. Everything here changes
// the network's graph or is written into it as the recipe's default; the
// names in messages are those of the command line.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_NETWORKOPTIONS_H
#define SEGC_PLAN_NETWORKOPTIONS_H

#include "segc/Base/Status.h"
#include "segc/Plan/Optimizers.h"
#include "segc/Plan/Topology.h"

#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// The sum of a Dice loss and a cross-entropy, or one of them.
struct LossOptions {
  bool dice = true, crossEntropy = true;
  double focalGamma = 0; ///< Above 0 the cross-entropy is a focal loss.
  double smooth = 1e-6;
  bool squared = false;          ///< Squares in Dice's denominator.
  bool batchReduce = false;      ///< One Dice for the batch.
  bool includeBackground = true; ///< Class 0 counts in the Dice loss.
  bool sumClasses = false;       ///< Sum over classes, not mean.
};

struct UNetOptions {
  int64_t width = 64; ///< Channels of the first level.
  int64_t inputSize = 572;
  int64_t classes = 2, channels = 1, batch = 1;
  double dropout = 0.5;
  LossOptions loss;
  OptimizerOptions optimizer;

  UNetOptions();
  /// What valid convolutions leave of `inputSize`.
  int64_t outputSize() const;
};

struct VNetOptions {
  std::vector<int64_t> inputShape = {32, 32, 32};
  int64_t classes = 3, batch = 2;
  int64_t width = 16; ///< Channels of the first level.
  int64_t convolutionSize = 3;
  /// Convolutions a level, going down and up again.
  std::vector<int64_t> downscaleBlocks = {3, 3, 3}, upscaleBlocks = {3, 3};
  LossOptions loss;
  OptimizerOptions optimizer;

  VNetOptions();
};

enum class NetworkNorm { Instance, Batch, Group, None };

struct NNUNetOptions {
  int64_t dim = 3;
  std::string task; ///< "01" to "10", or empty for data of one's own.
  std::vector<int64_t> patch;
  std::vector<double> spacing;
  int64_t classes = 2, channels = 1, batch = 2;
  NetworkNorm norm = NetworkNorm::Instance;
  double negativeSlope = 0.01;
  bool deepSupervision = false;
  LossOptions loss;
  OptimizerOptions optimizer;

  NNUNetOptions();
  /// The options of a Decathlon task in 2 or 3 dimensions.
  static StatusOr<NNUNetOptions> forTask(const std::string &task, int64_t dim);
};

/// Groups of group norm.
inline constexpr int64_t nnunetGroups = 32;
/// Decoder levels with a head of their own under deep supervision.
inline constexpr size_t deepSupervisionHeads = 2;

/// The first thing that is wrong: "option: expected ..., got ...".
Status validate(const UNetOptions &options);
Status validate(const VNetOptions &options);
Status validate(const NNUNetOptions &options);

} // namespace segc

#endif // SEGC_PLAN_NETWORKOPTIONS_H
