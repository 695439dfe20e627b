//===- Manifest.h - Manifest of a model -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The manifest (docs/RuntimeABI.md) as structs. parseManifest checks every size
// and offset that is used later.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_MANIFEST_H
#define SEGC_RUNTIME_CORE_MANIFEST_H

#include "segc/Base/Json.h"
#include "segc/Plan/DataPipeline.h"
#include "segc/model.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// The newest manifest format that this build reads.
inline constexpr int64_t manifestFormat = 1;

struct Initializer {
  enum class Kind { Constant, GlorotUniform, HeNormal, Uniform };
  Kind kind = Kind::Constant;
  double value = 0; ///< the constant, the slope of the leaky ReLU or the limit
};

/// A tensor at a byte offset of a flat f32 region.
struct RegionTensor {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0, elements = 0;
  bool decay = false;
  Initializer init;
};

struct OptimizerSlot {
  std::string name;
  int64_t offset = 0;
  double init = 0;
};

enum class ElementType { F32, I32 };

/// The optimizer of the network; a run may set other rates.
struct OptimizerInfo {
  std::string kind;
  double learningRate = 1e-4, momentum = 0, weightDecay = 0;
  std::vector<OptimizerSlot> slots;
};

/// An input or output of an entry; shape[0] may be the largest batch.
struct TensorSignature {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  int64_t elements() const;
  int64_t bytes() const { return elements() * 4; }
};

struct EntrySignature {
  std::vector<TensorSignature> inputs, outputs;
  int64_t kernels = 0;
  double flopsPerSample = 0;
  /// Returns the position of a name, or -1.
  int findInput(const std::string &name) const;
  int findOutput(const std::string &name) const;
};

/// One set of kernels, for processors of a device that have all its features.
struct KernelVersion {
  segc_device device = SEGC_DEVICE_HOST;
  std::string name; ///< "x86-64-v4", "sm_80"
  std::vector<std::string> features;
  std::map<std::string, int64_t> arenaBytes; ///< by entry
  int64_t scratchBytes = 0;                  ///< of each worker
};

struct Manifest {
  std::string network, precision;
  int64_t batch = 1, classes = 0;
  /// Probabilities are the sigmoid of each logit: classes are regions, which
  /// may overlap. Else their softmax.
  bool sigmoid = false;
  int64_t parameterCount = 0, parameterBytes = 0, stateBytes = 0,
          optimizerBytes = 0, preparedBytes = 0;
  std::vector<RegionTensor> parameters, states;
  /// The parameters of the 1x1 head where predict gives the features in front
  /// of it; the weight is [1, ..., features, classes], the bias may be absent.
  std::optional<RegionTensor> headWeight, headBias;
  OptimizerInfo optimizer;
  std::map<std::string, EntrySignature> entries;
  std::vector<KernelVersion> versions;
  DataPipeline pipeline; ///< Pre- and post-processing.
  /// The rules whose draws the entry `augment` renders; empty without it.
  std::string augmentation;

  const EntrySignature *entry(const std::string &name) const;
  /// pipeline.class_names, or "class_0", "class_1", ...
  std::vector<std::string> classNames() const;
  bool canTrain() const { return entry("train_step") != nullptr; }
};

StatusOr<Manifest> parseManifest(std::string_view text,
                                 const std::string &where);

/// Returns the product of the extents; -1 if it overflows or an extent is
/// negative.
int64_t elementCount(const std::vector<int64_t> &shape);

/// Returns the shape as text: "2x32x32", or "scalar".
std::string shapeText(const std::vector<int64_t> &shape);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_MANIFEST_H
