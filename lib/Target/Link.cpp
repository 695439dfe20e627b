//===- Link.cpp - Cost model of what connects ranks -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/Link.h"

#include "segc/Target/TargetBackend.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

namespace segc {

namespace {
struct KnownLink {
  llvm::StringLiteral name;
  double microseconds, gigabytes;
};
} // namespace

/// Ethernet: 94 % of the line rate by TCP, round trip halved. InfiniBand: NDR,
/// 400 Gbit/s a device. NVLink: 4th generation, 450 GB/s in one direction, of
/// which rings reach 80 %. Latencies of the last two are those that NCCL's
/// tuning has for simple rings (src/graph/tuning.cc: 14 and 3.4 us).
static constexpr KnownLink knownLinks[] = {
    {llvm::StringLiteral("ethernet-1g"), 50, 0.117},
    {llvm::StringLiteral("ethernet-10g"), 30, 1.17},
    {llvm::StringLiteral("ethernet-100g"), 15, 11.7},
    {llvm::StringLiteral("infiniband"), 14, 48},
    {llvm::StringLiteral("nvlink"), 3.4, 360}};

llvm::SmallVector<llvm::StringRef> linkNames() {
  return llvm::to_vector(
      llvm::map_range(knownLinks, [](const KnownLink &link) -> llvm::StringRef {
        return link.name;
      }));
}

llvm::Expected<Link> parseLink(llvm::StringRef text, int64_t ranks) {
  for (const KnownLink &known : knownLinks)
    if (known.name == text)
      return Link{ranks, known.microseconds * 1e-6, known.gigabytes * 1e9};
  auto [latency, rate] = text.split(':');
  double microseconds = 0, gigabytes = 0;
  if (latency.getAsDouble(microseconds) || rate.getAsDouble(gigabytes) ||
      !std::isfinite(microseconds) || !std::isfinite(gigabytes) ||
      microseconds < 0 || gigabytes <= 0)
    return llvm::createStringError(
        "link '" + text + "': expected " + llvm::join(linkNames(), ", ") +
        " or microseconds:gigabytes a second, such as 30:1.2");
  return Link{ranks, microseconds * 1e-6, gigabytes * 1e9};
}

llvm::Expected<Link> linkFor(const Target &target, llvm::StringRef text,
                             int64_t ranks) {
  const bool onHost = target.backend->device() == SEGC_DEVICE_HOST;
  return parseLink(!text.empty() ? text
                   : onHost      ? "ethernet-10g"
                                 : "nvlink",
                   ranks ? ranks : 8);
}

} // namespace segc
