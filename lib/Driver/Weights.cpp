//===- Weights.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Weights.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "segc/Base/Json.h"
#include "segc/Plan/PipelineKeys.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Core/Safetensors.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace segc {

namespace {

/// Copies weights of a file into the flat regions of a model.
class Embedder {
public:
  Embedder(const SafetensorsFile &file, const Manifest &manifest,
           ModelContents &contents)
      : file(file), manifest(manifest), contents(contents) {
    contents.weights.assign(manifest.parameterBytes, 0);
    contents.states.assign(manifest.stateBytes, 0);
  }

  Status copyAll(const llvm::StringSet<> &madeByFolding) {
    for (const RegionTensor &tensor : manifest.parameters)
      if (!madeByFolding.contains(tensor.name))
        SEGC_RETURN_IF_ERROR(copy(tensor, contents.weights));
    for (const RegionTensor &tensor : manifest.states)
      SEGC_RETURN_IF_ERROR(copy(tensor, contents.states));
    return Status::success();
  }
  Status fold(DictionaryAttr entry);

private:
  Status copy(const RegionTensor &tensor, std::vector<char> &bytes) {
    SEGC_ASSIGN_OR_RETURN(const std::byte *data,
                          file.require(tensor.name, "F32", tensor.shape));
    const auto *values = reinterpret_cast<const float *>(data);
    const auto count = static_cast<uint64_t>(tensor.elements);
    if (uint64_t at = firstNonFinite(values, count); at != count)
      return Status(StatusCode::NonFinite,
                    file.path() + ": tensor \"" + tensor.name +
                        "\" is not finite at element " + std::to_string(at) +
                        "; take other weights");
    std::memcpy(bytes.data() + tensor.offset, data, tensor.elements * 4);
    return Status::success();
  }
  const RegionTensor &parameter(StringRef name) const {
    return *llvm::find_if(manifest.parameters, [&](const RegionTensor &t) {
      return t.name == name;
    });
  }
  float *weights(const RegionTensor &tensor) {
    return reinterpret_cast<float *>(contents.weights.data() + tensor.offset);
  }

  const SafetensorsFile &file;
  const Manifest &manifest;
  ModelContents &contents;
};

Status Embedder::fold(DictionaryAttr entry) {
  const RegionTensor &filter =
      parameter(entry.getAs<StringAttr>("filter").getValue());
  const RegionTensor &bias =
      parameter(entry.getAs<StringAttr>("bias").getValue());
  int64_t channels = bias.elements;
  auto read = [&](StringRef key) -> StatusOr<const float *> {
    SEGC_ASSIGN_OR_RETURN(
        const std::byte *data,
        file.require(entry.getAs<StringAttr>(key).getValue().str(), "F32",
                     {channels}));
    return reinterpret_cast<const float *>(data);
  };
  SEGC_ASSIGN_OR_RETURN(const float *gamma, read("gamma"));
  SEGC_ASSIGN_OR_RETURN(const float *beta, read("beta"));
  SEGC_ASSIGN_OR_RETURN(const float *mean, read("mean"));
  SEGC_ASSIGN_OR_RETURN(const float *variance, read("variance"));
  double epsilon = entry.getAs<FloatAttr>("epsilon").getValueAsDouble();
  float *w = weights(filter), *b = weights(bias);
  for (int64_t c = 0; c < channels; ++c) {
    double scale = gamma[c] / std::sqrt(variance[c] + epsilon);
    b[c] = static_cast<float>((b[c] - mean[c]) * scale + beta[c]);
    // The output channel is the last dimension of all filters.
    for (int64_t i = c; i < filter.elements; i += channels)
      w[i] = static_cast<float>(w[i] * scale);
  }
  return Status::success();
}

Status embed(const std::string &path, ArrayAttr folded,
             ModelContents &contents) {
  SEGC_ASSIGN_OR_RETURN(Manifest manifest,
                        parseManifest(contents.manifest, "manifest"));
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::read(path));
  llvm::StringSet<> made;
  if (folded)
    for (auto entry : folded.getAsRange<DictionaryAttr>())
      if (!entry.getAs<BoolAttr>("had_bias").getValue())
        made.insert(entry.getAs<StringAttr>("bias").getValue());
  Embedder embedder(file, manifest, contents);
  SEGC_RETURN_IF_ERROR(embedder.copyAll(made));
  if (folded)
    for (auto entry : folded.getAsRange<DictionaryAttr>())
      SEGC_RETURN_IF_ERROR(embedder.fold(entry));
  OrderedJson described = OrderedJson::parse(contents.manifest);
  setOrientation(recordedOrientation(file), described["pipeline"]);
  contents.manifest = described.dump();
  return Status::success();
}

} // namespace

llvm::Error embedWeights(llvm::StringRef path, ModuleOp module,
                         ModelContents &contents) {
  Status status = embed(
      path.str(), module->getAttrOfType<ArrayAttr>(foldedAttrName), contents);
  return status.ok() ? llvm::Error::success()
                     : llvm::createStringError(status.message());
}

} // namespace segc
