//===- Fault.h - An injected miscompile -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_FAULT_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_FAULT_H

namespace segc::random_networks {

/// Registers the pass `test-break-gates` for --run-after. It makes the compiled
/// model wrong, but not the reference, to test that faults are found and
/// reduced.
void registerFault();

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_FAULT_H
