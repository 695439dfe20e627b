//===- Outputs.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Outputs.h"

#include "segc/Base/Files.h"
#include "segc/Driver/UsageError.h"
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace segc {

static llvm::Error writeStandardOutput(llvm::StringRef bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0) {
      std::error_code code(errno, std::generic_category());
      return llvm::createStringError(
          code, "cannot write to the standard output: " + code.message());
    }
    bytes = bytes.drop_front(static_cast<size_t>(wrote));
  }
  return llvm::Error::success();
}

llvm::Error writeOutput(llvm::StringRef path, llvm::StringRef bytes) {
  if (path == "-")
    return writeStandardOutput(bytes);
  Status status = writeFileAtomically(path.str(), bytes);
  if (!status.ok())
    return llvm::createStringError("cannot write " + status.message());
  return llvm::Error::success();
}

/// Whether the path has content that would be lost. Devices and pipes have none
/// and may be named twice.
static bool holdsContent(const std::string &path) {
  struct stat info;
  return path != "-" && !path.empty() &&
         (::stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode));
}

llvm::Error checkOutputs(llvm::ArrayRef<NamedFile> outputs,
                         llvm::ArrayRef<NamedFile> inputs) {
  for (auto [i, output] : llvm::enumerate(outputs)) {
    if (output.path == "-")
      continue;
    if (Status status = checkOutputPlace(output.path); !status.ok())
      return llvm::createStringError(output.option + " " + status.message());
    if (!holdsContent(output.path))
      continue;
    for (const NamedFile &input : inputs)
      if (holdsContent(input.path) && sameFile(output.path, input.path))
        return usageError(output.option + " " + output.path +
                          ": would replace " + input.option + " " + input.path +
                          ", which is read; name another file");
    for (const NamedFile &other : outputs.take_front(i))
      if (holdsContent(other.path) && sameFile(output.path, other.path))
        return usageError(output.option + " " + output.path +
                          ": is also written by " + other.option +
                          "; name another file");
  }
  return llvm::Error::success();
}

} // namespace segc
