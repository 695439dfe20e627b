//===- LibraryFunctions.h - Functions of an opened library ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_LIBRARYFUNCTIONS_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_LIBRARYFUNCTIONS_H

#include <dlfcn.h>
#include <string>
#include <type_traits>

namespace segc {

/// Looks functions up in a library that dlopen has opened, and notes the names
/// of those that it lacks.
class LibraryFunctions {
public:
  explicit LibraryFunctions(void *library) : library(library) {}

  template <typename Function>
  void get(const char *name, Function &function) {
    void *address = dlsym(library, name);
    if (!address)
      missing += std::string(missing.empty() ? "" : ", ") + name;
    function = reinterpret_cast<Function>(address);
  }

  std::string missing; ///< Names, separated by commas.

private:
  void *library;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_LIBRARYFUNCTIONS_H
