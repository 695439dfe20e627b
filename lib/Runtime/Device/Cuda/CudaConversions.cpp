//===- CudaConversions.cpp - Values of a GPU in other types ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel that lays filters out for cuDNN rounds and widens as well: a
// permutation that leaves all values where they are does no more.
//
//===----------------------------------------------------------------------===//

#include "CudaDevice.h"
#include "PermuteFilter.inc"

#include <array>

using namespace segc;
using namespace segc::cuda;

Status CudaDevice::loadPermuteFilter() {
  return loadOwn(permuteFilterPtx, cudnn::permuteFilterCommand);
}

Status CudaDevice::prepareConversion(const Conversion &conversion) {
  if (conversion.count == 0 || conversions.count(conversion))
    return Status::success();
  SEGC_RETURN_IF_ERROR(checkNotRecording("a conversion is prepared"));
  SEGC_RETURN_IF_ERROR(loadPermuteFilter());
  segc_filter_permutation inPlace = {};
  inPlace.sizes[0] = inPlace.sizes[1] = 1;
  inPlace.sizes[2] = static_cast<int64_t>(conversion.count);
  inPlace.strides[2] = 1;
  inPlace.from_type = conversion.from;
  inPlace.to_type = conversion.to;
  SEGC_ASSIGN_OR_RETURN(
      DeviceBuffer onDevice,
      allocate(sizeof(inPlace), "types of a conversion", /*guards=*/false));
  SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Stream> stream, createStream());
  SEGC_RETURN_IF_ERROR(write(*stream, onDevice, 0, &inPlace, sizeof(inPlace)));
  conversions[conversion] = std::move(onDevice);
  return Status::success();
}

Status CudaDevice::convert(Stream &stream, const Conversion &conversion,
                           DeviceAddress to, DeviceAddress from) {
  if (conversion.count == 0)
    return Status::success();
  const auto found = conversions.find(conversion);
  if (found == conversions.end())
    return internalError(name() + ": a conversion that was not prepared");
  const std::array<void *, 3> operands = {from.asPointer(), to.asPointer(),
                                          found->second.address().asPointer()};
  KernelLaunch launched;
  launched.command = &cudnn::permuteFilterCommand;
  launched.operands = operands.data();
  launched.batch = static_cast<int64_t>(
      (conversion.count + SEGC_PERMUTE_FILTER_THREADS - 1) /
      SEGC_PERMUTE_FILTER_THREADS);
  return launch(stream, launched);
}
