//===- CudaBlobs.cpp - Which code of a model a GPU runs -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaBlobs.h"
#include "segc/Base/Hash.h"

#include "segc/Runtime/Device/CudaDevice.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

using namespace segc;
using namespace segc::cuda;

std::optional<Architecture> Architecture::parse(std::string_view text) {
  constexpr std::string_view prefix = "sm_";
  if (text.substr(0, prefix.size()) != prefix)
    return std::nullopt;
  text.remove_prefix(prefix.size());
  Architecture parsed;
  if (!text.empty() && (text.back() == 'a' || text.back() == 'f')) {
    parsed.suffix = text.back();
    text.remove_suffix(1);
  }
  if (text.size() < 2 || text.size() > 3 ||
      !std::all_of(text.begin(), text.end(),
                   [](unsigned char c) { return std::isdigit(c); }))
    return std::nullopt;
  for (char digit : text)
    parsed.capability = 10 * parsed.capability + (digit - '0');
  return parsed;
}

bool Architecture::ptxRunsOn(int gpu) const {
  if (suffix == 'a')
    return capability == gpu;
  return capability <= gpu && (suffix != 'f' || capability / 10 == gpu / 10);
}

bool segc::cudaCompilesPtx(const std::string &architecture, int capability) {
  const std::optional<Architecture> parsed = Architecture::parse(architecture);
  return parsed && parsed->ptxRunsOn(capability);
}

int segc::cuda::cudaVersionOfPtx(int ptxVersion) {
  // PTX ISA, release history. 7.0 to 8.5 came with CUDA 11.0 to 12.5.
  switch (ptxVersion) {
  case 86:
    return 12070;
  case 87:
    return 12080;
  case 88:
    return 12090;
  default:
    break;
  }
  const int major = ptxVersion / 10, minor = ptxVersion % 10;
  if (major < 7)
    return 11000; // older than any driver that opens here
  if (major == 7 || (major == 8 && minor <= 5) || major == 9)
    return 1000 * (major + 4) + 10 * minor;
  return 0;
}

/// The `.version` of PTX, 10 * major + minor; 0 if there is none.
static int versionOfPtx(std::string_view text) {
  constexpr std::string_view directive = ".version";
  // It stands in front of all but comments.
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line(text.substr(at, end - at));
    at = end + 1;
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos ||
        line.compare(begin, directive.size(), directive) != 0)
      continue;
    char *rest = nullptr;
    const long major =
        std::strtol(line.c_str() + begin + directive.size(), &rest, 10);
    const long minor = *rest == '.' ? std::strtol(rest + 1, nullptr, 10) : 0;
    return major > 0 && major < 100 && minor >= 0 && minor < 10
               ? static_cast<int>(10 * major + minor)
               : 0;
  }
  return 0;
}

StatusOr<const segc_blob *> segc::cuda::chooseBlob(const CudaContext &context,
                                                   const segc_version &version,
                                                   uint32_t module) {
  const segc_blob *best = nullptr;
  int bestRank = 0;
  std::string offered, tooNew;
  const int gpu = context.capability();
  for (uint32_t i = 0; i < version.blob_count; ++i) {
    const segc_blob &blob = version.blobs[i];
    if (blob.module != module)
      continue;
    const std::string_view format = blob.format;
    offered += (offered.empty() ? "" : ", ") + std::string(format) + " for " +
               blob.processor;
    const std::optional<Architecture> target =
        Architecture::parse(blob.processor);
    if (!target)
      continue;
    int rank = 0;
    if (format == "cubin" && target->cubinRunsOn(gpu)) {
      rank = 1 << 20; // before any PTX
    } else if (format == "ptx" && target->ptxRunsOn(gpu)) {
      const int ptx =
          versionOfPtx({static_cast<const char *>(blob.data), blob.bytes});
      const int needed = cudaVersionOfPtx(ptx);
      if (needed == 0 || needed > context.driver().version())
        tooNew = "PTX " + std::to_string(ptx / 10) + "." +
                 std::to_string(ptx % 10) + ", which needs " +
                 (needed ? "a driver of CUDA " + versionText(needed)
                         : "a newer runtime");
      else
        rank = 4 * target->capability;
    }
    if (rank && target->suffix)
      rank += target->suffix == 'a' ? 2 : 1;
    if (rank > bestRank) {
      bestRank = rank;
      best = &blob;
    }
  }
  if (best)
    return best;
  if (!tooNew.empty())
    return unsupported(context.name() + ": the kernels are in " + tooNew +
                       ", this one is of CUDA " +
                       versionText(context.driver().version()) +
                       "; update the NVIDIA driver, or compile the model where "
                       "ptxas is: segc compile --target cuda");
  // No version of segc's kernels runs on older ones.
  constexpr int oldest = 80;
  return unsupported(
      context.name() + ": the GPU is an sm_" + std::to_string(gpu) +
      ", the kernels are " + (offered.empty() ? "missing" : offered) +
      (gpu < oldest
           ? "; segc compiles for sm_" + std::to_string(oldest) + " and later"
           : "; compile the model for it: segc compile "
             "--target cuda"));
}

/// The text of a kernel in PTX, with another name in the place of its own;
/// empty if it is not there.
static std::string textOf(std::string_view ptx, const std::string &kernel) {
  const size_t begin = ptx.find(".entry " + kernel + "(");
  if (begin == std::string_view::npos)
    return "";
  std::string text(ptx.substr(begin, ptx.find("\n}", begin) - begin));
  for (size_t at = text.find(kernel); at != std::string::npos;
       at = text.find(kernel, at))
    text.replace(at, kernel.size(), "?");
  return text;
}

std::string segc::cuda::digestOfAlternatives(
    const segc_command &call,
    const std::vector<const segc_version *> &versions) {
  Sha256 digest;
  auto add = [&](const segc_version &version, const segc_command &launch) {
    for (uint32_t i = 0; i < version.blob_count; ++i)
      if (const segc_blob &blob = version.blobs[i];
          blob.module == launch.blob && std::string_view(blob.format) == "ptx")
        digest.update(textOf({static_cast<const char *>(blob.data), blob.bytes},
                             launch.name));
    for (int64_t number :
         {launch.tasks_fixed, launch.tasks_per_sample, int64_t{launch.threads},
          int64_t{launch.shared_bytes}})
      digest.update(std::to_string(number) + " ");
  };
  for (const segc_version *version : versions)
    for (uint32_t p = 0; p < version->program_count; ++p) {
      const segc_program &program = version->programs[p];
      if (program.commands <= &call &&
          &call < program.commands + program.command_count)
        for (uint32_t i = 1; i <= call.alternatives; ++i)
          add(*version, (&call)[i]);
    }
  return digest.hexDigest();
}
