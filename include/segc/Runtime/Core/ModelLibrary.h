//===- ModelLibrary.h - A loaded model --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Changes together with include/segc/model.h.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_MODELLIBRARY_H
#define SEGC_RUNTIME_CORE_MODELLIBRARY_H

#include "segc/Runtime/Core/Manifest.h"
#include "segc/model.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace segc {

/// The versions of a model that can be run.
struct VersionFilter {
  segc_device device = SEGC_DEVICE_HOST;
  /// Returns what the device lacks for a version; null: nothing. Unused for the
  /// host, whose features are checked.
  std::function<Status(const segc_version &)> supports = nullptr;
};

/// A compiled model. Loading checks its ABI version and its manifest, that it
/// has the entries of the manifest, and that one of its versions can be run:
/// the first is taken.
class ModelLibrary {
public:
  static StatusOr<std::shared_ptr<const ModelLibrary>>
  load(const std::string &path, const VersionFilter &filter = {});
  /// Takes a model that is linked into the program; `name` is used in messages.
  static StatusOr<std::shared_ptr<const ModelLibrary>>
  fromQuery(segc_model_query_fn query, const std::string &name,
            const VersionFilter &filter = {});

  ~ModelLibrary();
  ModelLibrary(const ModelLibrary &) = delete;
  ModelLibrary &operator=(const ModelLibrary &) = delete;

  const segc_model &model() const { return *model_; }
  const Manifest &manifest() const { return manifest_; }
  const std::string &path() const { return path_; }
  /// Returns the version of the kernels that was taken.
  const KernelVersion &version() const { return *version_; }
  /// Returns the programs of that version; null in models of ABI 1 and 2.
  const segc_version *programs() const { return programs_; }
  /// Returns the program of that name; null if there is none.
  const segc_program *program(const std::string &name) const;
  /// Returns whether the version lays out filters before it predicts. Those of
  /// one model may differ in it.
  bool prepares() const {
    return programs_ ? program("prepare") != nullptr
                     : entry("prepare") != nullptr;
  }
  std::string_view source() const {
    return {model_->source, model_->source ? model_->source_bytes : 0};
  }
  bool hasWeights() const { return model_->weights != nullptr; }
  /// Returns the entry of that name in the manifest; null if there is none.
  segc_entry_fn entry(const std::string &name) const;

private:
  ModelLibrary() = default;
  Status open(segc_model_query_fn query, const VersionFilter &filter);
  Status chooseVersion(const VersionFilter &filter);
  const segc_version *tableOf(const KernelVersion &version) const;
  Status checkPrograms() const;

  std::string path_;
  void *handle = nullptr;
  const segc_model *model_ = nullptr;
  Manifest manifest_;
  const KernelVersion *version_ = nullptr;
  const segc_version *programs_ = nullptr;
};

} // namespace segc

#endif // SEGC_RUNTIME_CORE_MODELLIBRARY_H
