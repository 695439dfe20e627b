//===- DataSet.cpp - Data sets: cases and stages --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/DataSet.h"

using namespace segc;

const char *segc::splitName(Split split) {
  switch (split) {
  case Split::Train:
    return "train";
  case Split::Validation:
    return "validation";
  case Split::Test:
    return "test";
  }
  return "";
}

void Dataset::addCase(Split split, CaseFiles files) {
  splits[static_cast<size_t>(split)].push_back(
      std::make_unique<Case>(std::move(files)));
}

StatusOr<SourceCase> Dataset::source(Split split, int64_t index) const {
  const CaseFiles &files = this->files(split, index);
  SEGC_RETURN_IF_ERROR(files.status);
  SEGC_ASSIGN_OR_RETURN(SourceCase content, stages.reader->readImage(files));
  if (!files.label.empty())
    if (Status status = stages.reader->readLabel(files, content); !status.ok())
      notes().add("case " + files.name, "no truth: " + status.message());
  return content;
}

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

Status Dataset::prepare(const CaseFiles &files, LoadedCase &loaded) const {
  SEGC_RETURN_IF_ERROR(files.status);
  SEGC_ASSIGN_OR_RETURN(SourceCase content, stages.reader->readImage(files));
  if (!files.label.empty())
    loaded.labelStatus = stages.reader->readLabel(files, content);
  SEGC_ASSIGN_OR_RETURN(loaded.prepared, stages.preprocessor->prepare(content));
  return Status::success();
}

std::shared_ptr<const Dataset::LoadedCase> Dataset::loadCase(Case &entry,
                                                             bool keep) const {
  std::lock_guard<std::mutex> lock(entry.mutex);
  if (entry.loaded)
    return entry.loaded;
  auto loaded = std::make_shared<LoadedCase>();
  const std::string where = "case " + entry.files.name;
  loaded->status = prepare(entry.files, *loaded).withContext(where);
  loaded->labelStatus = loaded->labelStatus.withContext(where);
  if (keep)
    entry.loaded = loaded;
  return loaded;
}

std::vector<TensorSignature> ImageSource::tensors() const {
  return {{"image", ElementType::F32, imageShape()},
          {"label", ElementType::I32, labelShape()}};
}

Status ImageSource::write(Split split, int64_t index, const AugmentKey &key,
                          const std::vector<void *> &memory) const {
  return sample(split, index, key, static_cast<float *>(memory[0]),
                static_cast<int32_t *>(memory[1]));
}

Status Dataset::load(Split split) const {
  SEGC_RETURN_IF_ERROR(splitStatus[static_cast<size_t>(split)]);
  Status first;
  std::string faults;
  int64_t bad = 0;
  for (const auto &entry : splits[static_cast<size_t>(split)]) {
    auto loaded = loadCase(*entry, /*keep=*/true);
    const Status &status =
        loaded->status.ok() ? loaded->labelStatus : loaded->status;
    if (status.ok())
      continue;
    first = bad == 0 ? status : first;
    faults += "\n  " + status.message();
    ++bad;
  }
  if (bad <= 1)
    return first;
  return Status(first.code(),
                std::to_string(bad) + " of " + std::to_string(count(split)) +
                    " " + splitName(split) + " cases cannot be used:" + faults);
}

Status Dataset::sample(Split split, int64_t index, const AugmentKey &key,
                       float *image, int32_t *label) const {
  // What is only predicted is looked at once.
  auto loaded = loadCase(at(split, index), split != Split::Test);
  SEGC_RETURN_IF_ERROR(loaded->status);
  if (label)
    SEGC_RETURN_IF_ERROR(loaded->labelStatus);
  if (label && loaded->prepared.label.empty())
    return invalidArgument("case " + caseName(split, index) +
                           ": has no label; only predict with it");
  if (key.augment)
    stages.augmenter->writeSample(loaded->prepared, key, image, label);
  else
    stages.preprocessor->writeSample(loaded->prepared, image, label);
  return Status::success();
}

Status Dataset::imageOf(const SourceCase &source, const std::string &name,
                        float *image) const {
  StatusOr<PreparedSample> prepared = stages.preprocessor->prepare(source);
  if (!prepared.ok())
    return prepared.status().withContext("case " + name);
  stages.preprocessor->writeSample(*prepared, image, nullptr);
  return Status::success();
}
