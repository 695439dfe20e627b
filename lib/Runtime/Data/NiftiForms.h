//===- NiftiForms.h - sform, qform and pixdim of headers --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NIFTIFORMS_H
#define SEGC_LIB_RUNTIME_DATA_NIFTIFORMS_H

#include "segc/Runtime/Data/Volume.h"

namespace segc::nifti {

/// Makes the sform say what an affine in millimetres says.
void setSform(const Affine &affine, NiftiHeader &header);

} // namespace segc::nifti

#endif // SEGC_LIB_RUNTIME_DATA_NIFTIFORMS_H
