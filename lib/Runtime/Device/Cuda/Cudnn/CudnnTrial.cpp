//===- CudnnTrial.cpp - Plans of cuDNN against generated kernels ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnTrial.h"

#include "../CudaDevice.h"
#include "segc/Base/Floats.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Core/Elements.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;
using namespace segc::cudnn;

/// An odd number.
static constexpr int timedRuns = 3;

static double medianOf(std::array<double, timedRuns> times) {
  std::sort(times.begin(), times.end());
  return times[timedRuns / 2];
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// The bits of an eighth, in 16 of them where the type has so many.
static uint32_t bitsOfEighth(int eighths, uint32_t type) {
  const uint32_t bits = bitsOf(static_cast<float>(eighths) / 8);
  if (type == SEGC_BF16)
    return bits >> 16;
  if (type != SEGC_F16 || eighths == 0)
    return type == SEGC_F16 ? 0 : bits;
  // Sign, exponent with another bias, and the upper part of the fraction.
  return (bits >> 16 & 0x8000u) | ((bits >> 23 & 0xffu) - 112) << 10 |
         (bits >> 13 & 0x3ffu);
}

static float valueOf(const std::byte *bytes, uint32_t type) {
  uint32_t bits = 0;
  std::memcpy(&bits, bytes, elementBytes(type));
  return type == SEGC_F16    ? floatOfHalf(static_cast<uint16_t>(bits))
         : type == SEGC_BF16 ? floatOfBF16(static_cast<uint16_t>(bits))
                             : floatOf(bits);
}

static std::vector<float> valuesOf(const HostView &view, uint32_t type) {
  const uint64_t size = elementBytes(type);
  std::vector<float> values(view.size() / size);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = valueOf(view.data() + i * size, type);
  return values;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

StatusOr<std::unique_ptr<CudnnTrial>>
CudnnTrial::create(cuda::CudaDevice &device, const segc_command &call,
                   int64_t batch, const Convolution &convolution) {
  std::unique_ptr<CudnnTrial> trial(
      new CudnnTrial(device, call, batch, convolution));
  SEGC_ASSIGN_OR_RETURN(trial->stream, device.createStream());
  SEGC_RETURN_IF_ERROR(trial->allocate());
  SEGC_RETURN_IF_ERROR(trial->launchKernels(nullptr));
  const segc_operand &output = call.operands[2];
  SEGC_ASSIGN_OR_RETURN(const HostView view,
                        device.read(*trial->stream,
                                    trial->memory[placeOf(output)].address(),
                                    trial->result.size()));
  trial->expected = valuesOf(view, output.type);
  return trial;
}

CudnnTrial::Place CudnnTrial::placeOf(const segc_operand &operand) {
  return {operand.region, operand.index, operand.offset};
}

Status CudnnTrial::allocate() {
  auto allocate = [&](DeviceBuffer &buffer, const segc_operand &operand,
                      uint64_t elements) -> Status {
    // Operands that a kernel does not access need an address as well.
    const uint64_t bytes =
        std::max<uint64_t>(elements * elementBytes(operand.type), 1);
    if (bytes <= buffer.size())
      return Status::success();
    SEGC_ASSIGN_OR_RETURN(buffer,
                          device.allocate(bytes, "verification of cuDNN",
                                          /*guards=*/false));
    return Status::success();
  };
  const std::array<int64_t, 3> elements = convolution.operandElements();
  for (uint32_t k = 0; k < 3; ++k)
    SEGC_RETURN_IF_ERROR(allocate(memory[placeOf(call.operands[k])],
                                  call.operands[k],
                                  static_cast<uint64_t>(elements[k])));
  for (uint32_t i = 1; i <= call.alternatives; ++i) {
    const segc_command &launch = (&call)[i];
    for (uint32_t k = 0; k < launch.operand_count; ++k) {
      const segc_operand &operand = launch.operands[k];
      SEGC_RETURN_IF_ERROR(
          allocate(memory[placeOf(operand)], operand,
                   operand.elements_fixed + operand.elements_per_sample *
                                                static_cast<uint64_t>(batch)));
    }
  }
  SEGC_RETURN_IF_ERROR(
      allocate(result, call.operands[2], static_cast<uint64_t>(elements[2])));
  for (uint32_t i = 0; i < 2; ++i)
    SEGC_RETURN_IF_ERROR(
        fill(memory[placeOf(call.operands[i])], call.operands[i].type, i));
  return Status::success();
}

Status CudnnTrial::fill(DeviceBuffer &buffer, uint32_t type, uint64_t seed) {
  const uint64_t size = elementBytes(type), count = buffer.size() / size;
  std::vector<std::byte> bytes(buffer.size());
  const CounterRng rng(seed, /*stream=*/0);
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t bits =
        bitsOfEighth(static_cast<int>(rng.bits(i) % 17) - 8, type);
    std::memcpy(bytes.data() + i * size, &bits, size);
  }
  return device.write(*stream, buffer, 0, bytes.data(), bytes.size());
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

/// Launches the kernels beside the call; adds their times up if `seconds` is
/// not null.
Status CudnnTrial::launchKernels(double *seconds) {
  for (uint32_t i = 1; i <= call.alternatives; ++i) {
    const segc_command &command = (&call)[i];
    std::array<void *, SEGC_MAX_OPERANDS> operands = {};
    for (uint32_t k = 0; k < command.operand_count; ++k)
      operands[k] = memory[placeOf(command.operands[k])].address().asPointer();
    KernelLaunch launch;
    launch.command = &command;
    launch.operands = operands.data();
    launch.batch = batch;
    if (!seconds) {
      SEGC_RETURN_IF_ERROR(device.launch(*stream, launch));
      continue;
    }
    SEGC_ASSIGN_OR_RETURN(const double took,
                          device.launchTimed(*stream, launch));
    *seconds += took;
  }
  return device.synchronize(*stream);
}

StatusOr<double> CudnnTrial::secondsOfKernels() {
  std::array<double, timedRuns> times = {};
  for (double &time : times)
    SEGC_RETURN_IF_ERROR(launchKernels(&time));
  return medianOf(times);
}

/// The factors of the kernels, and a result of its own.
std::array<void *, 3> CudnnTrial::operandsOfPlan() {
  return {memory[placeOf(call.operands[0])].address().asPointer(),
          memory[placeOf(call.operands[1])].address().asPointer(),
          result.address().asPointer()};
}

StatusOr<double> CudnnTrial::seconds(const Run &run) {
  const std::array<void *, 3> operands = operandsOfPlan();
  std::array<double, timedRuns> times = {};
  for (double &time : times) {
    SEGC_ASSIGN_OR_RETURN(time, device.measure(*stream, "cuDNN", [&] {
      return run(*stream, operands.data());
    }));
  }
  return medianOf(times);
}

StatusOr<std::string> CudnnTrial::difference(const Run &run) {
  const segc_operand &output = call.operands[2];
  const std::array<void *, 3> operands = operandsOfPlan();
  // What is not written must not look right.
  SEGC_RETURN_IF_ERROR(fill(result, output.type, /*seed=*/2));
  SEGC_RETURN_IF_ERROR(run(*stream, operands.data()));
  SEGC_ASSIGN_OR_RETURN(const HostView view, device.read(*stream, result));
  const std::vector<float> values = valuesOf(view, output.type);
  // Both may round their result once or twice; algorithms that transform the
  // factors round sums as well, which grow with the root of their number.
  const double rounding = convolution.type == Bfloat16 ? 0x1p-7
                          : convolution.type == Half   ? 0x1p-10
                                                       : 0x1p-20,
               sums =
                   2e-5 * std::sqrt(static_cast<double>(convolution.depth()));
  uint64_t wrong = 0;
  size_t worst = 0;
  double most = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double error = std::fabs(double(values[i]) - expected[i]);
    if (error <= rounding * std::fabs(expected[i]) + sums)
      continue;
    if (wrong++ == 0 || !(error <= most)) {
      worst = i;
      most = error;
    }
  }
  if (!wrong)
    return std::string();
  return std::to_string(wrong) + " of " + std::to_string(values.size()) +
         " elements differ from the generated kernel's, element " +
         std::to_string(worst) + " is " + std::to_string(values[worst]) +
         " instead of " + std::to_string(expected[worst]);
}
