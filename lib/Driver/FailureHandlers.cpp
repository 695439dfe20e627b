//===- FailureHandlers.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FailureHandlers.h"

#include "llvm/Support/ErrorHandling.h"
#include <cstring>
#include <exception>
#include <new>
#include <unistd.h>

namespace segc {

/// Memory may be exhausted, so nothing is allocated and no destructor runs.
[[noreturn]] static void end(const char *reason) {
  auto write = [](const char *text) {
    for (size_t left = std::strlen(text); left > 0;) {
      ssize_t wrote = ::write(STDERR_FILENO, text, left);
      if (wrote <= 0)
        return;
      text += wrote;
      left -= static_cast<size_t>(wrote);
    }
  };
  write("segc: ");
  write(reason);
  write("\n");
  ::_exit(1);
}

static constexpr const char *noMemory =
    "out of memory; use --jobs 1, a smaller network, or raise the limit "
    "(ulimit -v)";

[[noreturn]] static void endOfException() {
  try {
    if (std::exception_ptr exception = std::current_exception())
      std::rethrow_exception(exception);
  } catch (const std::bad_alloc &) {
    end(noMemory);
  } catch (const std::exception &exception) {
    end(exception.what());
  } catch (...) {
  }
  end("ended by an unknown exception");
}

void installFailureHandlers() {
  std::set_new_handler([] { end(noMemory); });
  std::set_terminate(endOfException);
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { end(noMemory); });
  llvm::install_fatal_error_handler(
      [](void *, const char *reason, bool) { end(reason); });
}

} // namespace segc
