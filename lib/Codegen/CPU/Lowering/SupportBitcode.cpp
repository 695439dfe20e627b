//===- SupportBitcode.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/SupportBitcode.h"

#define SEGC_EMBED(NAME, FILE)                                                 \
  __asm__(".section .rodata\n"                                                 \
          ".balign 16\n"                                                       \
          "segc_support_" NAME "_begin:\n"                                     \
          ".incbin \"" FILE "\"\n"                                             \
          "segc_support_" NAME "_end:\n"                                       \
          ".byte 0\n"                                                          \
          ".text\n")
SEGC_EMBED("x86_64", SEGC_SUPPORT_X86_64);
SEGC_EMBED("aarch64", SEGC_SUPPORT_AARCH64);
extern "C" const char x86Begin[] __asm__("segc_support_x86_64_begin");
extern "C" const char x86End[] __asm__("segc_support_x86_64_end");
extern "C" const char armBegin[] __asm__("segc_support_aarch64_begin");
extern "C" const char armEnd[] __asm__("segc_support_aarch64_end");

llvm::StringRef segc::supportBitcode(llvm::StringRef architecture) {
  const bool isArm = architecture == "aarch64";
  const char *begin = isArm ? armBegin : x86Begin;
  return {begin, static_cast<size_t>((isArm ? armEnd : x86End) - begin)};
}
