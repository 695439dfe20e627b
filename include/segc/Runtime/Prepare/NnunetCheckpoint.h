//===- NnunetCheckpoint.h - Weights of nnU-Net v2 ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_NNUNETCHECKPOINT_H
#define SEGC_RUNTIME_PREPARE_NNUNETCHECKPOINT_H

#include "segc/Plan/NetworkOptions.h"
#include "segc/Runtime/Core/ForeignLayout.h"
#include "segc/Runtime/Core/Safetensors.h"

namespace segc {

/// A parameter of a planned network, and what nnU-Net v2 calls it.
struct NnunetParameter {
  std::string name, foreignName;
  std::vector<int64_t> foreignShape;
  ForeignLayout layout = ForeignLayout::Same;
};

/// The parameters of the network of `segc model nnunet` with these options,
/// which follow a plan of v2: PlainConvUNet or ResidualEncoderUNet.
std::vector<NnunetParameter> nnunetParameters(const NNUNetOptions &options);

/// A parameter in our layout.
struct ImportedParameter {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// Takes the parameters out of a file with nnU-Net's names. Fails for tensors
/// that are missing or of another shape, and for those that the network lacks.
/// Aliases of tensors, which PyTorch stores too, may be there or not.
StatusOr<std::vector<ImportedParameter>>
importNnunet(const SafetensorsFile &file, const NNUNetOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_NNUNETCHECKPOINT_H
