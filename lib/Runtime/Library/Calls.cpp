//===- Calls.cpp - Calls of the C interface -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Calls.h"

#include <algorithm>

using namespace segc;

// The address is known when the library is loaded: the first use in a signal
// handler allocates nothing.
thread_local bool CallScope::isInside
    __attribute__((tls_model("initial-exec"))) = false;

segc_status segc::report(segc_status status, std::string_view text,
                         segc_error *error) {
  if (!error)
    return status;
  size_t length = std::min(text.size(), sizeof(error->text) - 1);
  // Not in the middle of a UTF-8 sequence.
  while (length > 0 && length < text.size() &&
         (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
    --length;
  std::copy_n(text.begin(), length, error->text);
  error->text[length] = 0;
  return status;
}

static segc_status codeOf(StatusCode code) {
  switch (code) {
  case StatusCode::Ok:
    return SEGC_STATUS_OK;
  case StatusCode::InvalidArgument:
  case StatusCode::WrongUsage:
    return SEGC_STATUS_INVALID_ARGUMENT;
  case StatusCode::NotFound:
    return SEGC_STATUS_NOT_FOUND;
  case StatusCode::DataLoss:
    return SEGC_STATUS_DATA_LOSS;
  case StatusCode::IoError:
    return SEGC_STATUS_IO_ERROR;
  case StatusCode::NonFinite:
    return SEGC_STATUS_NON_FINITE;
  case StatusCode::Unsupported:
    return SEGC_STATUS_UNSUPPORTED;
  case StatusCode::Interrupted:
    return SEGC_STATUS_CANCELLED;
  case StatusCode::Internal:
    return SEGC_STATUS_INTERNAL;
  }
  return SEGC_STATUS_INTERNAL;
}

segc_status segc::report(const Status &status, segc_error *error) {
  return report(codeOf(status.code()), status.message(), error);
}
