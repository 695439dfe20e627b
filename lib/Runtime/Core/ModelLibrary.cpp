//===- ModelLibrary.cpp - A loaded model ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Plan/AugmentEntry.h"
#include "segc/Runtime/Core/CpuFeatures.h"
#include "segc/Runtime/Core/StaticModel.h"
#include "segc/model_tables.h"

#include <dlfcn.h>

using namespace segc;

StatusOr<std::shared_ptr<const ModelLibrary>>
ModelLibrary::load(const std::string &path, const VersionFilter &filter) {
  // The dynamic linker does not check what it maps, and loading runs code. So
  // the file is checked before.
  SEGC_RETURN_IF_ERROR(readModel(path, ModelMachine::This).status());
  std::shared_ptr<ModelLibrary> library(new ModelLibrary);
  library->path_ = path;
  // Without a slash the dynamic linker searches its own folders.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  library->handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle)
    return dataLoss(path + ": the dynamic linker refuses it: " + dlerror());
  auto query = reinterpret_cast<segc_model_query_fn>(
      dlsym(library->handle, "segc_model_query"));
  if (!query)
    return invalidArgument(path + ": no function segc_model_query: a shared "
                                  "object, but not one that `segc compile` "
                                  "wrote");
  SEGC_RETURN_IF_ERROR(library->open(query, filter));
  return std::shared_ptr<const ModelLibrary>(std::move(library));
}

StatusOr<std::shared_ptr<const ModelLibrary>>
ModelLibrary::fromQuery(segc_model_query_fn query, const std::string &name,
                        const VersionFilter &filter) {
  std::shared_ptr<ModelLibrary> library(new ModelLibrary);
  library->path_ = name;
  SEGC_RETURN_IF_ERROR(library->open(query, filter));
  return std::shared_ptr<const ModelLibrary>(std::move(library));
}

ModelLibrary::~ModelLibrary() {
  if (handle)
    dlclose(handle);
}

static bool runsHere(const KernelVersion &version) {
  for (const std::string &feature : version.features)
    if (!cpuHasFeature(feature))
      return false;
  return true;
}

/// Version 2 added the types of outputs to the observer's events; version 3
/// added programs, which advance the scalars; version 4 added devices; version
/// 5 added tensor maps and alternatives of calls.
static constexpr uint32_t oldestAbi = 1;

Status ModelLibrary::open(segc_model_query_fn query,
                          const VersionFilter &filter) {
  const std::string known =
      std::to_string(oldestAbi) + " to " + std::to_string(SEGC_ABI_VERSION);
  model_ = query(SEGC_ABI_VERSION);
  if (!model_)
    return unsupported(path_ +
                       ": needs a newer runtime than this one, which "
                       "knows model ABI " +
                       known +
                       "; update segrun or compile the model again "
                       "with its segc");
  if (model_->abi_version < oldestAbi || model_->abi_version > SEGC_ABI_VERSION)
    return unsupported(path_ + ": model ABI " +
                       std::to_string(model_->abi_version) +
                       ", this runtime knows " + known +
                       "; compile the model again with the segc beside "
                       "this segrun");
  const uint64_t modelBytes =
      model_->abi_version < 3 ? SEGC_V2_MODEL_BYTES : sizeof(segc_model);
  if (model_->struct_size < modelBytes)
    return dataLoss(path_ + ": segc_model has " +
                    std::to_string(model_->struct_size) +
                    " bytes, expected at least " + std::to_string(modelBytes));
  if (!model_->manifest)
    return dataLoss(path_ + ": the model has no manifest");
  SEGC_ASSIGN_OR_RETURN(
      manifest_, parseManifest({model_->manifest, model_->manifest_bytes},
                               path_ + ": manifest"));
  // What augments is a program alone: see checkPrograms().
  for (const auto &[name, signature] : manifest_.entries)
    if (!entry(name) && name != augment::entryName)
      return dataLoss(path_ + ": the manifest lists the entry \"" + name +
                      "\", which the model lacks");
  SEGC_RETURN_IF_ERROR(chooseVersion(filter));
  return model_->abi_version < 3 ? Status::success() : checkPrograms();
}

const segc_version *ModelLibrary::tableOf(const KernelVersion &version) const {
  for (uint32_t i = 0; model_->abi_version >= 3 && i < model_->version_count;
       ++i)
    if (model_->versions[i].target == version.name &&
        model_->versions[i].device == version.device)
      return &model_->versions[i];
  return nullptr;
}

Status ModelLibrary::chooseVersion(const VersionFilter &filter) {
  const bool onHost = filter.device == SEGC_DEVICE_HOST;
  std::string offered;
  bool isForDevice = false;
  Status refused;
  for (const KernelVersion &version : manifest_.versions) {
    offered += (offered.empty() ? "" : ", ") +
               (version.device == SEGC_DEVICE_HOST
                    ? version.name
                    : segc_device_name(version.device) + (":" + version.name));
    isForDevice |= version.device == filter.device;
    if (version_ || version.device != filter.device)
      continue;
    const segc_version *table = tableOf(version);
    if (!table && model_->abi_version >= 3)
      return dataLoss(path_ + ": the manifest lists the version \"" +
                      version.name + "\", the model has no programs for it");
    Status status = !onHost && filter.supports ? filter.supports(*table)
                                               : Status::success();
    if (refused.ok())
      refused = status;
    if (!status.ok() || (onHost && !runsHere(version)))
      continue;
    version_ = &version;
    programs_ = table;
  }
  if (version_)
    return Status::success();
  if (!refused.ok())
    return refused.withContext(path_);
  const std::string compiled = path_ + ": compiled for " + offered;
  if (onHost && isForDevice)
    return unsupported(compiled + ", this is a " + cpuName() +
                       "; compile the model again here (segc compile --cpu "
                       "native)");
  // Kernels for several devices may be in one model.
  const std::string target = segc_device_name(filter.device);
  return unsupported(compiled + ", and not for " + target +
                     "; take another --device, or run `segc compile "
                     "MODEL.mlir -o " +
                     path_ + " --target cpu" + (onHost ? "" : "," + target) +
                     "`");
}

Status ModelLibrary::checkPrograms() const {
  for (const auto &[name, signature] : manifest_.entries) {
    const segc_program *found = program(name);
    if (!found && name == "prepare")
      continue;
    if (!found || found->input_count != signature.inputs.size() ||
        found->output_count != signature.outputs.size())
      return dataLoss(path_ + ": the manifest lists the entry \"" + name +
                      "\", for which the model has no program of its inputs "
                      "and outputs");
  }
  return Status::success();
}

const segc_program *ModelLibrary::program(const std::string &name) const {
  for (uint32_t i = 0; programs_ && i < programs_->program_count; ++i)
    if (programs_->programs[i].name == name)
      return &programs_->programs[i];
  return nullptr;
}

segc_entry_fn ModelLibrary::entry(const std::string &name) const {
  if (name == "prepare")
    return model_->prepare;
  if (name == "predict")
    return model_->predict;
  if (name == "evaluate_step")
    return model_->evaluate_step;
  if (name == "train_step")
    return model_->train_step;
  if (name == "grad_step")
    return model_->grad_step;
  if (name == "apply_step")
    return model_->apply_step;
  return nullptr;
}
