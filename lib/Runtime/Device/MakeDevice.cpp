//===- MakeDevice.cpp - Devices by name -----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/MakeDevice.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/EmulatedDevice.h"
#include "segc/Runtime/Device/HostDevice.h"

#include <charconv>
#include <iterator>

using namespace segc;

namespace {
struct NamedDevice {
  const char *name;
  bool numbered; ///< "name:N" is one of several
  StatusOr<std::shared_ptr<Device>> (*make)(ThreadPool &pool, int number);
};
} // namespace

static const NamedDevice devices[] = {
    {"cpu", false,
     [](ThreadPool &pool, int) -> StatusOr<std::shared_ptr<Device>> {
       return makeHostDevice(pool);
     }},
    {"cuda", true, makeCudaDevice},
    {"emulated", true, makeEmulatedDevice},
};

std::string segc::deviceNames() {
  std::string names, last;
  auto add = [&](const std::string &name) {
    if (!last.empty())
      names += (names.empty() ? "" : ", ") + last;
    last = name;
  };
  for (const NamedDevice &device : devices) {
    add(device.name);
    if (device.numbered)
      add(std::string(device.name) + ":N");
  }
  return names + " or " + last;
}

StatusOr<std::shared_ptr<Device>> segc::makeDevice(const std::string &spec,
                                                   ThreadPool &pool) {
  const size_t colon = spec.find(':');
  const std::string name = spec.substr(0, colon);
  for (const NamedDevice &device : devices) {
    if (name != device.name)
      continue;
    if (colon == std::string::npos)
      return device.make(pool, 0);
    int number = 0;
    const char *begin = spec.data() + colon + 1,
               *end = spec.data() + spec.size();
    const auto [rest, error] = std::from_chars(begin, end, number);
    if (device.numbered && error == std::errc() && rest == end && number >= 0)
      return device.make(pool, number);
  }
  return wrongUsage("--device " + spec + ": expected " + deviceNames());
}
