//===- CpuBackend.h - Registration of the CPU -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_CPUBACKEND_H
#define SEGC_CODEGEN_CPU_CPUBACKEND_H

namespace segc {

/// Registers the backend `cpu` (TargetBackend.h).
void registerCpuBackend();

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUBACKEND_H
