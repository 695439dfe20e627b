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

  StatusOr<Plan> find(const Convolution &convolution);

  static constexpr uint64_t maxWorkspace = uint64_t{512} << 20;

private:
  CudnnPlans(std::shared_ptr<const CudnnLibrary> library, std::string folder,
             std::function<void(const std::string &)> warn)
      : library(std::move(library)), folder(std::move(folder)),
        warn(std::move(warn)) {}
  Status finishDevice();
  /// Returns the kept plan of a key; an error if the file cannot be used.
  StatusOr<Plan> load(const std::string &path, const std::string &key) const;
  Status keep(const std::string &path, const std::string &key,
              const Plan &plan) const;
  StatusOr<Plan> choose(const Convolution &convolution) const;
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
