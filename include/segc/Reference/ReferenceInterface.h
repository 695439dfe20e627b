//===- ReferenceInterface.h - Reference evaluation of an op -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_REFERENCE_REFERENCEINTERFACE_H
#define SEGC_REFERENCE_REFERENCEINTERFACE_H

#include "segc/Reference/HostTensor.h"

#include "mlir/IR/OpDefinition.h"

namespace segc::reference {
using Operands = llvm::ArrayRef<const HostTensor *>;
using Results = llvm::MutableArrayRef<HostTensor>;
} // namespace segc::reference

#include "segc/Reference/ReferenceInterface.h.inc"

#endif // SEGC_REFERENCE_REFERENCEINTERFACE_H
