//===- CpuFeatures.cpp - Instruction sets of this processor ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/CpuFeatures.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <cstdint>
#include <cstring>

using namespace segc;

#if defined(__x86_64__)
namespace {

enum Register { Eax, Ebx, Ecx, Edx };
/// XCR0 bits of the registers that the system must save.
constexpr uint64_t none = 0, ymm = 0x6, zmm = 0xE6, tiles = 0x60000;

struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  int bit;
  uint64_t saved;
};

constexpr Feature features[] = {
    {"sse", 1, 0, Edx, 25, none},
    {"sse2", 1, 0, Edx, 26, none},
    {"sse3", 1, 0, Ecx, 0, none},
    {"pclmul", 1, 0, Ecx, 1, none},
    {"ssse3", 1, 0, Ecx, 9, none},
    {"fma", 1, 0, Ecx, 12, ymm},
    {"cx16", 1, 0, Ecx, 13, none},
    {"sse4.1", 1, 0, Ecx, 19, none},
    {"sse4.2", 1, 0, Ecx, 20, none},
    {"movbe", 1, 0, Ecx, 22, none},
    {"popcnt", 1, 0, Ecx, 23, none},
    {"aes", 1, 0, Ecx, 25, none},
    {"avx", 1, 0, Ecx, 28, ymm},
    {"f16c", 1, 0, Ecx, 29, ymm},
    {"bmi", 7, 0, Ebx, 3, none},
    {"avx2", 7, 0, Ebx, 5, ymm},
    {"bmi2", 7, 0, Ebx, 8, none},
    {"avx512f", 7, 0, Ebx, 16, zmm},
    {"avx512dq", 7, 0, Ebx, 17, zmm},
    {"avx512ifma", 7, 0, Ebx, 21, zmm},
    {"avx512cd", 7, 0, Ebx, 28, zmm},
    {"avx512bw", 7, 0, Ebx, 30, zmm},
    {"avx512vl", 7, 0, Ebx, 31, zmm},
    {"avx512vbmi", 7, 0, Ecx, 1, zmm},
    {"avx512vbmi2", 7, 0, Ecx, 6, zmm},
    {"gfni", 7, 0, Ecx, 8, none},
    {"avx512vnni", 7, 0, Ecx, 11, zmm},
    {"avx512bitalg", 7, 0, Ecx, 12, zmm},
    {"avx512vpopcntdq", 7, 0, Ecx, 14, zmm},
    {"amx-bf16", 7, 0, Edx, 22, tiles},
    {"avx512fp16", 7, 0, Edx, 23, zmm},
    {"amx-tile", 7, 0, Edx, 24, tiles},
    {"amx-int8", 7, 0, Edx, 25, tiles},
    {"avxvnni", 7, 1, Eax, 4, ymm},
    {"avx512bf16", 7, 1, Eax, 5, zmm},
    {"lzcnt", 0x80000001, 0, Ecx, 5, none},
};

uint64_t savedRegisters() {
  uint32_t regs[4];
  if (!__get_cpuid(1, &regs[0], &regs[1], &regs[2], &regs[3]) ||
      !(regs[Ecx] >> 27 & 1)) // OSXSAVE
    return 0;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

} // namespace

bool segc::cpuHasFeature(std::string_view name) {
  for (const Feature &feature : features) {
    if (name != feature.name)
      continue;
    uint32_t regs[4];
    return __get_cpuid_count(feature.leaf, feature.subleaf, &regs[0], &regs[1],
                             &regs[2], &regs[3]) &&
           (regs[feature.reg] >> feature.bit & 1) &&
           (savedRegisters() & feature.saved) == feature.saved;
  }
  return false;
}

std::string segc::cpuName() {
  char name[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    uint32_t regs[4];
    if (!__get_cpuid(0x80000002 + i, &regs[0], &regs[1], &regs[2], &regs[3]))
      return "unknown x86-64 processor";
    std::memcpy(name + 16 * i, regs, 16);
  }
  return name;
}
#else
bool segc::cpuHasFeature(std::string_view name) {
#if defined(__aarch64__)
  return name == "neon"; // Each processor of the architecture has it.
#else
  return false;
#endif
}

std::string segc::cpuName() { return "processor of another architecture"; }
#endif
