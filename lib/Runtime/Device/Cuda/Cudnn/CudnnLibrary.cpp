//===- CudnnLibrary.cpp - cuDNN, opened at run time -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnLibrary.h"
#include "../LibraryFunctions.h"

#include <algorithm>
#include <dlfcn.h>

using namespace segc;
using namespace segc::cudnn;

/// The first version that makes plans from a description of the GPU.
static constexpr size_t oldestVersion = 90800, nextMajor = 100000;

static std::string versionText(size_t version) {
  // Up to version 8 there were fewer digits for the minor version.
  const size_t major = version >= 90000 ? version / 10000 : version / 1000;
  const size_t minor =
      version >= 90000 ? version / 100 % 100 : version / 100 % 10;
  return std::to_string(major) + "." + std::to_string(minor);
}

std::string CudnnLibrary::versionText() const {
  return ::versionText(version_);
}

StatusOr<std::shared_ptr<const CudnnLibrary>>
CudnnLibrary::open(const std::string &name) {
  const std::string otherwise =
      ", or compile the model with segc, whose kernels need no cuDNN";
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return unsupported(std::string("cudnn: the model calls cuDNN 9, which is "
                                   "not here: ") +
                       dlerror() + "; install it, or set LD_LIBRARY_PATH" +
                       otherwise);
  std::shared_ptr<CudnnLibrary> opened(new CudnnLibrary);
  auto getVersion =
      reinterpret_cast<size_t (*)()>(dlsym(library, "cudnnGetVersion"));
  opened->version_ = getVersion ? getVersion() : 0;
  if (opened->version_ < oldestVersion || opened->version_ >= nextMajor)
    return unsupported("cudnn: " + name + " is " +
                       (getVersion ? "cuDNN " + ::versionText(opened->version_)
                                   : "not cuDNN") +
                       ", expected 9.8 or a later 9" + otherwise);
  LibraryFunctions functions(library);
#define SEGC_CUDNN_FUNCTION(name, ...) functions.get(#name, opened->name);
#include "CudnnFunctions.def"
  functions.get("cudnnGetLastErrorString", opened->lastError);
  if (!functions.missing.empty())
    return unsupported("cudnn: " + name + " lacks " + functions.missing +
                       "; install a " + "complete cuDNN" + otherwise);
  return std::shared_ptr<const CudnnLibrary>(std::move(opened));
}

Status CudnnLibrary::check(int status, const std::string &what) const {
  if (status == 0)
    return Status::success();
  std::string reason(1024, '\0');
  lastError(reason.data(), reason.size() - 1);
  reason.resize(reason.find('\0'));
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return unsupported("cudnn: " + what + ": status " + std::to_string(status) +
                     (reason.empty() ? "" : ": " + reason));
}

StatusOr<Descriptor>
Descriptor::create(std::shared_ptr<const CudnnLibrary> library,
                   DescriptorType type) {
  Descriptor created;
  SEGC_RETURN_IF_ERROR(library->check(
      library->cudnnBackendCreateDescriptor(type, &created.handle),
      "create a descriptor"));
  created.library = std::move(library);
  return created;
}

Descriptor::~Descriptor() {
  if (handle && library)
    library->cudnnBackendDestroyDescriptor(handle);
}

Status Descriptor::set(Attribute attribute, AttributeType type, int64_t count,
                       const void *values) {
  return library->check(
      library->cudnnBackendSetAttribute(handle, attribute, type, count, values),
      "set attribute " + std::to_string(attribute));
}

Status Descriptor::finalize() {
  return library->check(library->cudnnBackendFinalize(handle),
                        "finish a descriptor");
}

StatusOr<int64_t> Descriptor::read(Attribute attribute, AttributeType type,
                                   int64_t count, void *values) const {
  int64_t stored = 0;
  SEGC_RETURN_IF_ERROR(
      library->check(library->cudnnBackendGetAttribute(handle, attribute, type,
                                                       count, &stored, values),
                     "read attribute " + std::to_string(attribute)));
  return stored;
}

StatusOr<std::string> Descriptor::text(Attribute attribute) const {
  SEGC_ASSIGN_OR_RETURN(int64_t size, read(attribute, TypeOfChar, 0, nullptr));
  std::string text(static_cast<size_t>(size), '\0');
  SEGC_ASSIGN_OR_RETURN(size, read(attribute, TypeOfChar, size, text.data()));
  text.resize(std::min(text.size(), static_cast<size_t>(size)));
  while (!text.empty() && text.back() == '\0')
    text.pop_back();
  return text;
}
