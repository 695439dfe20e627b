//===- MemoryFile.h - Files in memory ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_MEMORYFILE_H
#define SEGC_LIB_DRIVER_MEMORYFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace segc {

/// A file in memory with a path, for libraries and programs that need one. It
/// depends on no disk and no folder's permissions, and the destructor removes
/// it.
class MemoryFile {
public:
  static llvm::Expected<MemoryFile> create(const char *name);
  MemoryFile(MemoryFile &&other)
      : descriptor(std::exchange(other.descriptor, -1)) {}
  MemoryFile &operator=(MemoryFile &&) = delete;
  ~MemoryFile();

  /// A path that is valid in this process and its children.
  std::string path() const {
    return "/proc/self/fd/" + std::to_string(descriptor);
  }
  llvm::Error write(llvm::ArrayRef<char> bytes);
  llvm::Expected<std::string> read() const;

private:
  explicit MemoryFile(int descriptor) : descriptor(descriptor) {}
  int descriptor;
};

} // namespace segc

#endif // SEGC_LIB_DRIVER_MEMORYFILE_H
