//===- NonFiniteFinder.cpp - Search for the first NaN or infinity ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/NonFiniteFinder.h"
#include "segc/Runtime/Core/Elements.h"

#include <cmath>
#include <limits>

using namespace segc;

/// A 16-bit float that is not finite, as f32.
static float infinityOrNaN(uint16_t bits, uint16_t exponent) {
  bool nan = bits & static_cast<uint16_t>(0x7fffu & ~exponent);
  return std::copysign(nan ? std::numeric_limits<float>::quiet_NaN()
                           : std::numeric_limits<float>::infinity(),
                       bits & 0x8000u ? -1.0f : 1.0f);
}

StatusOr<std::optional<NonFiniteFinder::Place>>
NonFiniteFinder::findIn(const segc_kernel_event &event, uint32_t output) const {
  // Models of the first version say no types: all they write is f32.
  bool typed = event.struct_size >= sizeof(segc_kernel_event) &&
               event.output_types != nullptr;
  uint8_t type = typed ? event.output_types[output] : uint8_t{SEGC_F32};
  uint64_t count = event.output_elements[output];
  if (!event.outputs[output] || type > SEGC_BF16)
    return std::optional<Place>(); // integers are finite
  SEGC_ASSIGN_OR_RETURN(HostView view,
                        device.read(stream,
                                    DeviceAddress::of(event.outputs[output]),
                                    count * elementBytes(type)));
  if (type == SEGC_F32) {
    uint64_t at = firstNonFinite(view.floats(), count);
    return at == count ? std::nullopt
                       : std::optional(Place{at, view.floats()[at]});
  }
  const auto *halves = reinterpret_cast<const uint16_t *>(view.data());
  uint16_t exponent = type == SEGC_F16 ? 0x7c00 : 0x7f80;
  for (uint64_t at = 0; at < count; ++at)
    if ((halves[at] & exponent) == exponent)
      return std::optional(Place{at, infinityOrNaN(halves[at], exponent)});
  return std::optional<Place>();
}

bool NonFiniteFinder::end(const segc_kernel_event &event) {
  for (uint32_t i = 0; i < event.output_count && !found && failed.ok(); ++i) {
    StatusOr<std::optional<Place>> first = findIn(event, i);
    failed = first.status();
    if (failed.ok() && *first)
      found = Finding{orEmpty(event.entry),
                      orEmpty(event.name),
                      orEmpty(event.op),
                      event.index,
                      i,
                      (*first)->element,
                      (*first)->value};
  }
  return found.has_value() || !failed.ok();
}

std::string NonFiniteFinder::Finding::text() const {
  return "kernel " + std::to_string(index) + " of " + entry + ", " + kernel +
         (op.empty() ? "" : " (" + op + ")") + ", wrote " +
         (std::isnan(value) ? "nan"
          : value > 0       ? "inf"
                            : "-inf") +
         " at element " + std::to_string(element) + " of output " +
         std::to_string(output);
}
