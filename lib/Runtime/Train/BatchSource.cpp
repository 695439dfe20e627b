//===- BatchSource.cpp - Sources of training batches ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/BatchSource.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Core/Safetensors.h"

#include <algorithm>
#include <cstring>

using namespace segc;

template <typename T>
static std::string_view bytesOf(const T *values, size_t count) {
  return {reinterpret_cast<const char *>(values), count * sizeof(T)};
}

namespace {

class LoaderSource : public BatchSource {
public:
  LoaderSource(TrainingSamples data, std::unique_ptr<Loader> loader)
      : data(std::move(data)), loader(std::move(loader)) {}

  StatusOr<TrainBatch> next() override {
    SEGC_ASSIGN_OR_RETURN(const Batch *batch, loader->next());
    if (!batch)
      return internalError("the loader of the training data has ended");
    TrainBatch result;
    for (const BatchTensor &tensor : batch->tensors)
      result.tensors.push_back({tensor.name, tensor.memory.data()});
    result.size = batch->size;
    result.firstSample = static_cast<int64_t>(batch->firstSample);
    for (int64_t index : batch->cases)
      result.names.push_back(data.names[static_cast<size_t>(index)]);
    return result;
  }
  int64_t samples() const override { return data.samples.count(Split::Train); }

  std::optional<LoaderTimes> times() const override { return loader->times(); }

  StatusOr<std::string> digest() const override {
    std::vector<float> image(elementCount(data.images.imageShape()));
    std::vector<int32_t> label(elementCount(data.images.labelShape()));
    SEGC_RETURN_IF_ERROR(
        data.images.sample(Split::Train, 0, {}, image.data(), label.data()));
    Sha256 hash;
    hash.update(data.identity);
    hash.update(bytesOf(image.data(), image.size()));
    hash.update(bytesOf(label.data(), label.size()));
    return hash.hexDigest();
  }

private:
  TrainingSamples data;
  std::unique_ptr<Loader> loader;
};

class FixedSource : public BatchSource {
public:
  FixedSource(std::vector<TrainBatch> batches,
              std::vector<AlignedBuffer> buffers, int64_t firstStep,
              RankPart part)
      : batches(std::move(batches)), buffers(std::move(buffers)), part(part) {
    for (const TrainBatch &batch : this->batches)
      total += batch.size;
    // As `firstStep` steps of all ranks do: whole rounds, then some batches of
    // one.
    const auto count = static_cast<int64_t>(this->batches.size());
    const int64_t first = firstStep * part.size;
    consumed = first / count * total;
    for (int64_t i = 0; i < first % count; ++i)
      advance();
  }

  StatusOr<TrainBatch> next() override {
    TrainBatch own;
    for (int64_t rank = 0; rank < part.size; ++rank) {
      TrainBatch batch = advance();
      if (rank == part.rank)
        own = std::move(batch);
    }
    return own;
  }
  int64_t samples() const override { return total; }

  StatusOr<std::string> digest() const override {
    Sha256 hash;
    hash.update(std::to_string(batches.size()) + " batches of " +
                std::to_string(total));
    for (const AlignedBuffer &buffer : buffers)
      hash.update({reinterpret_cast<const char *>(buffer.data()),
                   std::min<size_t>(buffer.size(), 1 << 16)});
    return hash.hexDigest();
  }

private:
  TrainBatch advance() {
    TrainBatch batch = batches[at++ % batches.size()];
    batch.firstSample = consumed;
    consumed += batch.size;
    return batch;
  }

  std::vector<TrainBatch> batches;
  std::vector<AlignedBuffer> buffers;
  RankPart part;
  size_t at = 0;
  int64_t consumed = 0, total = 0;
};

/// Copies tensor NAME_i, whose first extent may be up to the model's batch.
StatusOr<AlignedBuffer> takeTensor(const SafetensorsFile &file,
                                   const TensorSignature &input,
                                   const std::string &name, int64_t &batch) {
  const TensorEntry *entry = file.find(name);
  const char *dtype = input.type == ElementType::F32 ? "F32" : "I32";
  if (!entry)
    return invalidArgument(file.path() + ": no tensor \"" + name + "\"");
  std::vector<int64_t> wanted = input.shape;
  if (!entry->shape.empty() && !wanted.empty() && entry->shape[0] >= 1 &&
      entry->shape[0] <= wanted[0])
    wanted[0] = entry->shape[0];
  SEGC_ASSIGN_OR_RETURN(const std::byte *data,
                        file.require(name, dtype, wanted));
  batch = wanted.empty() ? 1 : wanted[0];
  SEGC_ASSIGN_OR_RETURN(
      AlignedBuffer buffer,
      AlignedBuffer::create(entry->end - entry->begin, name.c_str()));
  std::memcpy(buffer.data(), data, buffer.size());
  return buffer;
}

} // namespace

StatusOr<std::unique_ptr<BatchSource>>
segc::makeLoaderSource(TrainingSamples samples, const LoaderOptions &options) {
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Loader> loader,
                        Loader::create(samples.samples, Split::Train, options));
  return std::unique_ptr<BatchSource>(
      new LoaderSource(std::move(samples), std::move(loader)));
}

StatusOr<std::unique_ptr<BatchSource>>
segc::makeLoaderSource(const Dataset &dataset, const LoaderOptions &options) {
  std::string identity = dataset.kind();
  std::vector<std::string> names;
  for (Split split : {Split::Train, Split::Validation}) {
    identity += std::string("\n") + splitName(split);
    for (int64_t i = 0; i < dataset.count(split); ++i) {
      identity += "\n" + dataset.caseName(split, i);
      if (split == Split::Train)
        names.push_back(dataset.caseName(split, i));
    }
  }
  return makeLoaderSource({dataset, dataset, std::move(names), identity},
                          options);
}

static Status checkClasses(const int32_t *labels, uint64_t count,
                           int64_t classes, const std::string &where) {
  for (uint64_t i = 0; i < count; ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      return invalidArgument(where + " is " + std::to_string(labels[i]) +
                             " at element " + std::to_string(i) +
                             ", expected a class 0.." +
                             std::to_string(classes - 1));
  return Status::success();
}

StatusOr<std::unique_ptr<BatchSource>>
segc::makeFixedSource(const std::string &path, const Manifest &manifest,
                      int64_t firstStep, RankPart part) {
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::read(path));
  const EntrySignature &entry = *manifest.entry("train_step");
  std::vector<TrainBatch> batches;
  std::vector<AlignedBuffer> buffers;
  for (int i = 0; file.find("image_" + std::to_string(i)); ++i) {
    TrainBatch batch;
    for (const TensorSignature &input : entry.inputs) {
      int64_t size = 0;
      SEGC_ASSIGN_OR_RETURN(
          AlignedBuffer buffer,
          takeTensor(file, input, input.name + "_" + std::to_string(i), size));
      if (batch.size != 0 && batch.size != size)
        return invalidArgument(path + ": image_" + std::to_string(i) +
                               " and label_" + std::to_string(i) +
                               " have different numbers of samples");
      batch.size = size;
      batch.tensors.push_back({input.name, buffer.data()});
      if (input.type == ElementType::I32)
        SEGC_RETURN_IF_ERROR(
            checkClasses(reinterpret_cast<const int32_t *>(buffer.data()),
                         buffer.floatCount(), manifest.classes,
                         path + ": " + input.name + "_" + std::to_string(i)));
      buffers.push_back(std::move(buffer));
    }
    batch.names = {"batch " + std::to_string(i) + " of " + path};
    batches.push_back(std::move(batch));
  }
  if (batches.empty())
    return invalidArgument(path + ": expected tensors image_0, label_0, "
                                  "image_1, ...; there is no image_0");
  return std::unique_ptr<BatchSource>(
      new FixedSource(std::move(batches), std::move(buffers), firstStep, part));
}

StatusOr<std::unique_ptr<BatchSource>>
segc::makeSyntheticSource(const EntrySignature &entry, const Manifest &manifest,
                          int64_t batch) {
  TrainBatch result;
  result.size = batch;
  result.names = {"synthetic data"};
  std::vector<AlignedBuffer> buffers;
  for (const TensorSignature &input : entry.inputs) {
    SEGC_ASSIGN_OR_RETURN(
        AlignedBuffer buffer,
        AlignedBuffer::create(input.bytes(), input.name.c_str()));
    CounterRng rng(0, buffers.size());
    if (input.type == ElementType::F32) {
      for (uint64_t i = 0; i < buffer.floatCount(); ++i)
        buffer.floats()[i] = rng.uniform(i, -1, 1);
    } else {
      auto *labels = reinterpret_cast<int32_t *>(buffer.data());
      for (uint64_t i = 0; i < buffer.floatCount(); ++i)
        labels[i] = static_cast<int32_t>(rng.bits(i) % manifest.classes);
    }
    result.tensors.push_back({input.name, buffer.data()});
    buffers.push_back(std::move(buffer));
  }
  std::vector<TrainBatch> batches;
  batches.push_back(std::move(result));
  return std::unique_ptr<BatchSource>(
      new FixedSource(std::move(batches), std::move(buffers), 0, {}));
}
