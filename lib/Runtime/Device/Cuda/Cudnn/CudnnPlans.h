//===- CudnnPlans.h - Choice and cache of cuDNN's plans ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNPLANS_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNPLANS_H

#include "CudnnConvolution.h"

#include <functional>

namespace segc::cudnn {

/// How a GPU computes a graph.
struct Plan {
  Descriptor plan;
  uint64_t workspaceBytes = 0;
};

/// Plans for one GPU. A plan gives the same bits in every run and needs no more
/// than `maxWorkspace`; f32 that must be exact uses no tensor cores. Plans are
/// kept in a folder, by the version of cuDNN, the GPU and the convolution.
class CudnnPlans {
public:
  /// The GPU is given as its number, or as cuDNN's description in JSON, for
  /// which none has to be there. An empty `folder` keeps no plans; `warn` is
  /// told about files there that cannot be used, which are replaced.
  static StatusOr<CudnnPlans>
  forDevice(std::shared_ptr<const CudnnLibrary> library, int ordinal,
            std::string folder, std::function<void(const std::string &)> warn);
  static StatusOr<CudnnPlans>
  forDescription(std::shared_ptr<const CudnnLibrary> library,
                 const std::string &json, std::string folder,
                 std::function<void(const std::string &)> warn);

  /// Returns the first plan, and keeps it.
  StatusOr<Plan> find(const Convolution &convolution);
  /// Returns the first plans, at least one.
  StatusOr<std::vector<Plan>> list(const Convolution &convolution,
                                   size_t most) const;

  /// What was chosen for a call with kernels beside it: a plan that computes
  /// what they do, or the kernels.
  struct Choice {
    std::optional<Plan> plan;
    std::string reason; ///< what was measured
  };
  /// The choice that was kept for kernels with such a digest; nothing if there
  /// is none, or none that can be used.
  std::optional<Choice> kept(const Convolution &convolution,
                             const std::string &kernels) const;
  void keep(const Convolution &convolution, const std::string &kernels,
            const Choice &choice) const;

  const CudnnLibrary &usedLibrary() const { return *library; }

  static constexpr uint64_t maxWorkspace = uint64_t{512} << 20;

private:
  CudnnPlans(std::shared_ptr<const CudnnLibrary> library, std::string folder,
             std::function<void(const std::string &)> warn)
      : library(std::move(library)), folder(std::move(folder)),
        warn(std::move(warn)) {}
  Status finishDevice();
  /// The identity of a choice, and its file.
  struct Place {
    std::string key, path;
  };
  Place placeOf(const Convolution &convolution,
                const std::string &kernels) const;
  /// Returns what is kept at a place; an error if the file cannot be used.
  StatusOr<Choice> load(const Place &place) const;
  StatusOr<std::vector<Descriptor>> candidates(const ConvolutionGraph &graph,
                                               Heuristics mode) const;
  StatusOr<bool> isAllowed(const Descriptor &config, bool exact) const;
  StatusOr<Plan>
  planOf(const std::function<Status(Descriptor &)> &source) const;

  std::shared_ptr<const CudnnLibrary> library;
  std::string folder;
  std::function<void(const std::string &)> warn;
  Descriptor device;
  std::string deviceText;
};

} // namespace segc::cudnn

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNPLANS_H
