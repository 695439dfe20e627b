//===- MemoryFile.h - Files that lie on no disk -----------------*- C++ -*-===//
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

/// A file for those who want a path: in memory, so that no full disk and no
/// limit of another's folder comes between, and gone with this object.
class MemoryFile {
public:
  static llvm::Expected<MemoryFile> create(const char *name);
  MemoryFile(MemoryFile &&other)
      : descriptor(std::exchange(other.descriptor, -1)) {}
  MemoryFile &operator=(MemoryFile &&) = delete;
  ~MemoryFile();

  /// Holds in this process and in those that it starts.
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
