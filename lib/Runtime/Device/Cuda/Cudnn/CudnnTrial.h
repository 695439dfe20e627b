//===- CudnnTrial.h - Plans of cuDNN against generated kernels --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNTRIAL_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNTRIAL_H

#include "CudnnConvolution.h"
#include "segc/Runtime/Device/Device.h"

#include <functional>
#include <map>

namespace segc::cuda {
class CudaDevice;
} // namespace segc::cuda

namespace segc::cudnn {

/// Computes a convolution twice in memory of its own, by the kernels beside a
/// call and otherwise, and compares results and times. The inputs are eighths
/// from -1 to 1, whose products and sums are exact in most orders.
class CudnnTrial {
public:
  /// Runs the kernels once.
  static StatusOr<std::unique_ptr<CudnnTrial>>
  create(cuda::CudaDevice &device, const segc_command &call, int64_t batch,
         const Convolution &convolution);

  /// Enqueues the convolution on operands of the call.
  using Run = std::function<Status(Stream &, void *const *operands)>;
  /// Returns how the result differs from that of the kernels by more than its
  /// type and the number of its products explain; empty if it does not.
  StatusOr<std::string> difference(const Run &run);
  /// The median of a few times.
  StatusOr<double> seconds(const Run &run);
  StatusOr<double> secondsOfKernels();

private:
  using Place = std::array<uint64_t, 3>; ///< region, index, offset

  CudnnTrial(cuda::CudaDevice &device, const segc_command &call, int64_t batch,
             const Convolution &convolution)
      : device(device), call(call), batch(batch), convolution(convolution) {}
  static Place placeOf(const segc_operand &operand);
  Status allocate();
  Status fill(DeviceBuffer &buffer, uint32_t type, uint64_t seed);
  Status launchKernels(double *seconds);
  std::array<void *, 3> operandsOfPlan();

  cuda::CudaDevice &device;
  const segc_command &call;
  int64_t batch;
  const Convolution &convolution;
  std::unique_ptr<Stream> stream;
  std::map<Place, DeviceBuffer> memory; ///< of the operands of all launches
  DeviceBuffer result;                  ///< of the other computation
  std::vector<float> expected;
};

} // namespace segc::cudnn

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNTRIAL_H
