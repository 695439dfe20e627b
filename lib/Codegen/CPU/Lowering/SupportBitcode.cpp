//===- SupportBitcode.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/SupportBitcode.h"

__asm__(".section .rodata\n"
        ".balign 16\n"
        "segc_support_bitcode_begin:\n"
        ".incbin \"" SEGC_SUPPORT_BITCODE "\"\n"
        "segc_support_bitcode_end:\n"
        ".byte 0\n"
        ".text\n");
extern "C" const char segcSupportBegin[] __asm__("segc_support_bitcode_begin");
extern "C" const char segcSupportEnd[] __asm__("segc_support_bitcode_end");

llvm::StringRef segc::supportBitcode() {
  return {segcSupportBegin,
          static_cast<size_t>(segcSupportEnd - segcSupportBegin)};
}
