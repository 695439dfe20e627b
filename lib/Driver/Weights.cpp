//===- Weights.cpp -----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Weights.h"

#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Core/Safetensors.h"
#include <cstring>

namespace segc {

static Status copyTensors(const SafetensorsFile &file, const std::vector<RegionTensor> &tensors, std::vector<char> &bytes) {
  for (const RegionTensor &tensor : tensors) {
    SEGC_ASSIGN_OR_RETURN(const std::byte *data, file.require(tensor.name, "F32", tensor.shape));
    std::memcpy(bytes.data() + tensor.offset, data, tensor.elements * 4);
  }
  return Status::success();
}

static Status embed(const std::string &path, ModelContents &contents) {
  SEGC_ASSIGN_OR_RETURN(Manifest manifest, parseManifest(contents.manifest, "manifest"));
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::read(path));
  contents.weights.assign(manifest.parameterBytes, 0);
  contents.states.assign(manifest.stateBytes, 0);
  SEGC_RETURN_IF_ERROR(copyTensors(file, manifest.parameters, contents.weights));
  return copyTensors(file, manifest.states, contents.states);
}

llvm::Error embedWeights(llvm::StringRef path, ModelContents &contents) {
  Status status = embed(path.str(), contents);
  return status.ok() ? llvm::Error::success() : llvm::createStringError(status.message());
}

} // namespace segc
