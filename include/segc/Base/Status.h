//===- Status.h - Errors as values ------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The error type of libraries that do not use LLVM. A message says what failed,
// where, what was expected, what was found and what to do about it; the code
// determines the exit status.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_STATUS_H
#define SEGC_BASE_STATUS_H

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace segc {

enum class StatusCode {
  Ok,
  InvalidArgument, ///< The caller or a file is wrong.
  NotFound,        ///< A file, symbol or service is missing.
  DataLoss,        ///< A file is truncated or contradicts itself.
  IoError,         ///< The system refused (disk full, permission).
  NonFinite,       ///< NaN or infinity where numbers are needed.
  Unsupported,     ///< Valid, but not on this machine or in this build.
  WrongUsage,      ///< The command line contradicts itself or names what does
                   ///< not exist.
  Interrupted,     ///< A signal asked for an orderly stop.
  Internal,        ///< A bug of segc.
};

/// Success, or a code with a message. It must be checked.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : statusCode(code), text(std::move(message)) {
    assert(code != StatusCode::Ok && "an error needs a code");
  }
  static Status success() { return {}; }

  bool ok() const { return statusCode == StatusCode::Ok; }
  StatusCode code() const { return statusCode; }
  const std::string &message() const { return text; }

  /// Prepends `where: ` to the message of an error.
  Status withContext(const std::string &where) const {
    return ok() ? *this : Status(statusCode, where + ": " + text);
  }

private:
  StatusCode statusCode = StatusCode::Ok;
  std::string text;
};

inline Status invalidArgument(std::string message) {
  return {StatusCode::InvalidArgument, std::move(message)};
}
inline Status notFound(std::string message) {
  return {StatusCode::NotFound, std::move(message)};
}
inline Status dataLoss(std::string message) {
  return {StatusCode::DataLoss, std::move(message)};
}
inline Status ioError(std::string message) {
  return {StatusCode::IoError, std::move(message)};
}
inline Status unsupported(std::string message) {
  return {StatusCode::Unsupported, std::move(message)};
}
inline Status wrongUsage(std::string message) {
  return {StatusCode::WrongUsage, std::move(message)};
}
inline Status internalError(std::string message) {
  return {StatusCode::Internal, std::move(message)};
}

/// A value, or the Status that explains its absence.
template <typename T>
class [[nodiscard]] StatusOr {
public:
  StatusOr(T value) : storage(std::in_place_index<0>, std::move(value)) {}
  StatusOr(Status status) : storage(std::in_place_index<1>, std::move(status)) {
    assert(!std::get<1>(storage).ok() && "success without a value");
  }

  bool ok() const { return storage.index() == 0; }
  explicit operator bool() const { return ok(); }
  T &operator*() {
    assert(ok());
    return std::get<0>(storage);
  }
  const T &operator*() const {
    assert(ok());
    return std::get<0>(storage);
  }
  T *operator->() { return &**this; }
  const T *operator->() const { return &**this; }
  Status status() const { return ok() ? Status() : std::get<1>(storage); }

private:
  std::variant<T, Status> storage;
};

/// Returns the error from the enclosing function, if there is one.
#define SEGC_RETURN_IF_ERROR(expr)                                             \
  do {                                                                         \
    if (::segc::Status segcStatus_ = (expr); !segcStatus_.ok())                \
      return segcStatus_;                                                      \
  } while (false)

#define SEGC_CONCAT_IMPL_(a, b) a##b
#define SEGC_CONCAT_(a, b) SEGC_CONCAT_IMPL_(a, b)

/// `SEGC_ASSIGN_OR_RETURN(auto x, f());` unpacks an StatusOr.
#define SEGC_ASSIGN_OR_RETURN(lhs, expr)                                       \
  SEGC_ASSIGN_OR_RETURN_IMPL_(SEGC_CONCAT_(segcExpected_, __LINE__), lhs, expr)
#define SEGC_ASSIGN_OR_RETURN_IMPL_(temp, lhs, expr)                           \
  auto temp = (expr);                                                          \
  if (!temp.ok())                                                              \
    return temp.status();                                                      \
  lhs = std::move(*temp)

} // namespace segc

#endif // SEGC_BASE_STATUS_H
