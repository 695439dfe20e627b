//===- Targets.cpp - What a compilation is for ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/CompileSession.h"

#include "segc/Driver/UsageError.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "llvm/ADT/StringExtras.h"

namespace segc {

using Versions = TargetBackend::Versions;

static constexpr llvm::StringLiteral nativeName = "native";

/// The types in which values of the precision may be multiplied.
static MultiplyTypeSet multiplyTypes(const PipelineOptions &options) {
  MultiplyTypeSet types{};
  if (options.precision != "f32")
    types =
        lookupMultiplyTypeSet(options.multiplyType).value_or(MultiplyTypeSet{});
  // bf16 values are not multiplied as f16, whose range is smaller.
  if (options.precision == "bf16" || options.precision == "int8")
    types.remove(MultiplyType::F16);
  return options.precision == "tf32"
             ? types & MultiplyTypeSet{MultiplyType::Tf32}
             : types;
}

/// Refuses machine code of several architectures: one file has that of one.
static llvm::Error checkArchitecture(const std::vector<Target> &targets) {
  const Target *first = nullptr;
  for (const Target &target : targets) {
    if (target.version->architecture.empty())
      continue;
    if (first && first->version->architecture != target.version->architecture)
      return usageError(first->spec() + " is for " +
                        first->version->architecture + ", " + target.spec() +
                        " for " + target.version->architecture +
                        ": expected one architecture in a model; compile one "
                        "for each");
    first = &target;
  }
  return llvm::Error::success();
}

/// Whether models of quantized factors may be chosen, or the target has none of
/// their own.
static bool multipliesQuantized(const TargetBackend &backend,
                                bool unverifiedKernels) {
  if (unverifiedKernels || backend.trustsUnverifiedKernels())
    return true;
  auto ofQuantized =
      llvm::make_filter_range(backend.models(), [](const auto &model) {
        return model->isForQuantizedFactors();
      });
  return ofQuantized.empty() ||
         llvm::any_of(ofQuantized,
                      [](const auto &model) { return !model->isUnverified(); });
}

/// The names of the backends that satisfy the condition, for errors.
static std::string
backendsWith(llvm::function_ref<bool(const TargetBackend &)> satisfies) {
  std::vector<std::string> names;
  for (const TargetBackend *backend : targetBackends())
    if (satisfies(*backend))
      names.push_back(backend->name().str());
  return llvm::join(names, " or ");
}

/// Refuses targets that cannot multiply in the precision.
static llvm::Error checkProducts(const std::vector<Target> &targets,
                                 const PipelineOptions &options) {
  // Without such kernels the option would have no effect, and nothing said so.
  for (const Target &target : targets)
    if (options.precision == "int8" &&
        !multipliesQuantized(*target.backend, options.unverifiedKernels))
      return usageError("--precision int8: no device has verified the kernels "
                        "of 8-bit integers of the target " +
                        target.backend->name().str() +
                        "; expected --unverified-kernels beside it, or "
                        "--target " +
                        backendsWith([](const TargetBackend &backend) {
                          return multipliesQuantized(backend, false);
                        }));
  if (options.precision != "tf32")
    return llvm::Error::success();
  const std::string able = backendsWith([](const TargetBackend &backend) {
    return llvm::any_of(backend.versions(), [](const auto &version) {
      return version->multiplyTypes.contains(MultiplyType::Tf32);
    });
  });
  for (const Target &target : targets)
    if (!target.version->multiplyTypes.contains(MultiplyType::Tf32))
      return usageError(
          "--precision tf32: the target " + target.backend->name().str() +
          " has no products of tf32; expected --target " + able +
          (targets.front().backend != targets.back().backend ? " alone" : "") +
          ", or --precision f32, f16 or bf16");
  return llvm::Error::success();
}

static std::string namesOf(const Versions &versions) {
  return llvm::join(
      llvm::map_range(versions, [](const auto &each) { return each->name; }),
      ", ");
}

/// Adds the version of that name, or of this machine; errors name it behind
/// `option`.
static llvm::Error addVersion(const TargetBackend &backend,
                              const std::string &name,
                              const std::string &option, MultiplyTypeSet types,
                              Versions &versions) {
  if (name == nativeName) {
    auto native = backend.nativeVersion(types);
    if (!native)
      return native.takeError();
    versions.push_back(*native);
    return llvm::Error::success();
  }
  versions.push_back(backend.findVersion(name));
  return versions.back()
             ? llvm::Error::success()
             : usageError("unknown " + option + name + ": expected native, " +
                          namesOf(backend.versions()));
}

/// Sorts the versions of a backend, the best first. One may have been named
/// twice.
static void sortVersions(const TargetBackend &backend, Versions &versions) {
  auto rank = [&](const auto &version) {
    return llvm::find(backend.versions(), version) - backend.versions().begin();
  };
  llvm::sort(versions,
             [&](const auto &a, const auto &b) { return rank(a) > rank(b); });
  versions.erase(llvm::unique(versions), versions.end());
}

static std::string backendNames() {
  return llvm::join(
      llvm::map_range(targetBackends(),
                      [](const auto *each) { return each->name(); }),
      ", ");
}

llvm::Expected<std::vector<Target>>
resolveTargets(const CompileOptions &options) {
  registerTargets();
  std::vector<std::string> specs = options.targets;
  if (specs.empty())
    specs = {findTargetBackend("")->name().str()};
  MultiplyTypeSet types = multiplyTypes(options.pipeline);
  std::vector<std::pair<const TargetBackend *, Versions>> found;
  bool takesCpus = options.cpus.empty();
  for (llvm::StringRef spec : specs) {
    auto [name, version] = spec.split(':');
    const TargetBackend *backend = findTargetBackend(name);
    if (!backend || name.empty())
      return usageError("unknown --target " + spec.str() + ": expected " +
                        backendNames() + ", with :VERSION for one version");
    auto known = llvm::find_if(
        found, [&](const auto &each) { return each.first == backend; });
    if (known == found.end())
      known = found.insert(found.end(), {backend, {}});
    Versions &versions = known->second;
    bool hasCpus = backend->device() == SEGC_DEVICE_HOST &&
                   !options.cpus.empty() && version.empty();
    takesCpus |= hasCpus;
    std::vector<std::string> names;
    if (hasCpus)
      names = options.cpus;
    else if (!version.empty())
      names = {version.str()};
    for (const std::string &each : names)
      if (llvm::Error error =
              addVersion(*backend, each,
                         hasCpus ? "--cpu " : "--target " + name.str() + ":",
                         types, versions))
        return std::move(error);
    if (names.empty())
      llvm::append_range(versions, backend->distinctVersions(types));
  }
  if (!takesCpus)
    return usageError("--cpu " + options.cpus.front() +
                      ": expected the target cpu, got --target " +
                      llvm::join(specs, ","));
  if (options.pipeline.conv != PipelineOptions().conv &&
      llvm::none_of(found, [](const auto &each) {
        return callsLibrary(*each.first, "cudnn");
      }))
    return usageError("--conv " + options.pipeline.conv + ": the target " +
                      found.front().first->name().str() +
                      " has no cuDNN, expected generated, or --target cuda");
  std::vector<Target> targets;
  for (auto &[backend, versions] : found) {
    sortVersions(*backend, versions);
    for (const auto &version : versions)
      targets.push_back({backend, version});
  }
  if (llvm::Error error = checkArchitecture(targets))
    return std::move(error);
  if (llvm::Error error = checkProducts(targets, options.pipeline))
    return std::move(error);
  return targets;
}

bool isForThisMachine(const CompileOptions &options) {
  return llvm::is_contained(options.cpus, nativeName) ||
         llvm::any_of(options.targets, [](llvm::StringRef spec) {
           return spec.split(':').second == nativeName;
         });
}

PipelineOptions pipelineFor(const TargetBackend &backend,
                            const CompileOptions &options) {
  PipelineOptions pipeline = options.pipeline;
  pipeline.target = backend.name();
  // Beside a target that has cuDNN there may be one that does not.
  if (!callsLibrary(backend, "cudnn"))
    pipeline.conv = PipelineOptions().conv;
  return pipeline;
}

PipelineOptions pipelineFor(const Target &target,
                            const CompileOptions &options) {
  PipelineOptions pipeline = pipelineFor(*target.backend, options);
  pipeline.target = target.spec();
  if (pipeline.threads == 0 && isForThisMachine(options))
    pipeline.threads = availableCores();
  return pipeline;
}

} // namespace segc
