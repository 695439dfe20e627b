//===- ProcessMemory.cpp - Memory of this process -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/ProcessMemory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

/// The value of a line of /proc/self/status.
static uint64_t statusBytes(const char *key) {
  std::FILE *status = std::fopen("/proc/self/status", "re");
  if (!status)
    return 0;
  char line[256];
  unsigned long long kibibytes = 0;
  while (std::fgets(line, sizeof(line), status))
    if (std::strncmp(line, key, std::strlen(key)) == 0)
      kibibytes = std::strtoull(line + std::strlen(key), nullptr, 10);
  std::fclose(status);
  return uint64_t{kibibytes} * 1024;
}

uint64_t segc::physicalMemoryBytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0
             ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(bytes)
             : 0;
}

uint64_t segc::residentBytes() { return statusBytes("VmRSS:"); }

uint64_t segc::residentPeakBytes() { return statusBytes("VmHWM:"); }
