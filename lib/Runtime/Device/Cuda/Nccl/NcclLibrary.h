//===- NcclLibrary.h - NCCL, opened at run time -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_NCCL_NCCLLIBRARY_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_NCCL_NCCLLIBRARY_H

#include "../CudaDriver.h"

namespace segc::nccl {

struct CommOfLibrary; ///< ncclComm

/// ncclUniqueId: what rank 0 draws and all ranks connect by.
struct UniqueId {
  char bytes[128];
};

/// ncclResult_t.
using Result = int;
enum : Result { Success = 0, RemoteError = 6, InProgress = 7 };

/// ncclDataType_t.
enum DataType { Uint8 = 1, Float16 = 6, Float32 = 7, Bfloat16 = 9 };
/// ncclRedOp_t.
enum ReduceOp { Sum = 0, Max = 2, Avg = 4 };

/// ncclConfig_t of NCCL 2.14, whose fields later versions keep: the version in
/// it says that there are no more.
struct Config {
  size_t size;
  unsigned magic;
  unsigned version;
  int blocking; ///< 0: calls return InProgress instead of waiting
};
inline constexpr unsigned configMagic = 0xcafebeef, configVersion = 21400;

#define SEGC_NCCL_FUNCTION(name, ...)                                          \
  using name##Function = Result(__VA_ARGS__);
#include "NcclFunctions.def"

/// The functions of NCCL 2, and its errors as Status.
class NcclLibrary {
public:
  /// The error says that the library is missing, is something else, or is too
  /// old. An empty name is that of the system's, libnccl.so.2.
  static StatusOr<std::shared_ptr<const NcclLibrary>>
  open(const std::string &library = "");

#define SEGC_NCCL_FUNCTION(name, ...) name##Function *name = nullptr;
#include "NcclFunctions.def"

  /// "2.21.5".
  const std::string &version() const { return version_; }
  /// Returns success, or an error that says what the library was asked to do
  /// and what it answered.
  Status check(Result result, const std::string &what) const;
  /// "unhandled system error: socket closed (2)".
  std::string text(Result result) const;

private:
  NcclLibrary() = default;

  std::string version_;
  const char *(*errorString)(Result) = nullptr;
  const char *(*lastError)(CommOfLibrary *) = nullptr;
};

} // namespace segc::nccl

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_NCCL_NCCLLIBRARY_H
