//===- NcclLibrary.cpp - NCCL, opened at run time -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NcclLibrary.h"
#include "../LibraryFunctions.h"

#include <algorithm>
#include <dlfcn.h>

using namespace segc;
using namespace segc::nccl;

/// The first version whose calls can be waited for with a deadline.
static constexpr int oldestVersion = 21400;

static std::string versionText(int version) {
  // Up to version 2.8 there were fewer digits for the minor version.
  const int ofMajor = version >= 10000 ? 10000 : 1000;
  return std::to_string(version / ofMajor) + "." +
         std::to_string(version % ofMajor / 100) + "." +
         std::to_string(version % 100);
}

StatusOr<std::shared_ptr<const NcclLibrary>>
NcclLibrary::open(const std::string &given) {
  const std::string name = given.empty() ? "libnccl.so.2" : given;
  const std::string otherwise = "; install NCCL 2.14 or later, name its file "
                                "by --nccl, or start one process";
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return unsupported(std::string("nccl: ranks on GPUs exchange gradients by "
                                   "NCCL, which is not here: ") +
                       dlerror() + otherwise);
  // The library stays open: its threads run until the end of the process.
  std::shared_ptr<NcclLibrary> opened(new NcclLibrary);
  auto getVersion =
      reinterpret_cast<Result (*)(int *)>(dlsym(library, "ncclGetVersion"));
  int version = 0;
  if (!getVersion || getVersion(&version) != Success)
    return unsupported("nccl: " + name +
                       " does not say its version: it is "
                       "not NCCL" +
                       otherwise);
  opened->version_ = versionText(version);
  if (version < oldestVersion)
    return unsupported("nccl: " + name + " is NCCL " + opened->version_ +
                       ", expected " + versionText(oldestVersion) +
                       " or later" + otherwise);
  LibraryFunctions functions(library);
#define SEGC_NCCL_FUNCTION(name, ...) functions.get(#name, opened->name);
#include "NcclFunctions.def"
  functions.get("ncclGetErrorString", opened->errorString);
  functions.get("ncclGetLastError", opened->lastError);
  if (!functions.missing.empty())
    return unsupported("nccl: " + name + " of NCCL " + opened->version_ +
                       " lacks " + functions.missing + ": it is a stub" +
                       otherwise);
  return std::shared_ptr<const NcclLibrary>(std::move(opened));
}

std::string NcclLibrary::text(Result result) const {
  const char *meaning = errorString(result);
  const char *reason = lastError(nullptr);
  std::string text = meaning ? meaning : "an unknown error";
  if (reason && *reason)
    text += ": " + std::string(reason);
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text + " (" + std::to_string(result) + ")";
}

Status NcclLibrary::check(Result result, const std::string &what) const {
  return result == Success ? Status::success()
                           : ioError("nccl: " + what + ": " + text(result));
}
