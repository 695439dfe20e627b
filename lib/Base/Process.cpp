//===- Process.cpp - Start of a program -----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

using namespace segc;

/// Opens /dev/null in place of closed standard streams. stdin is opened for
/// writing and stdout for reading, so that their use is an error and not a
/// silent success.
static void openStandardStreams() {
  // open() returns the lowest free number, which is `fd`.
  for (auto [fd, mode] :
       {std::pair(STDIN_FILENO, O_WRONLY), std::pair(STDOUT_FILENO, O_RDONLY),
        std::pair(STDERR_FILENO, O_WRONLY)})
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      ::open("/dev/null", mode);
}

/// Threads take their stack's size from `ulimit -s` when the program starts.
static void giveThreadsStack(size_t bytes) {
  pthread_attr_t attributes;
  if (::pthread_getattr_default_np(&attributes) != 0)
    return;
  size_t size = 0;
  if (::pthread_attr_getstacksize(&attributes, &size) == 0 && size < bytes &&
      ::pthread_attr_setstacksize(&attributes, bytes) == 0)
    ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

static bool hasStack(size_t bytes) {
  struct rlimit limit;
  return ::getrlimit(RLIMIT_STACK, &limit) != 0 ||
         limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= bytes;
}

namespace {
struct Work {
  const std::function<int()> &run;
  int code;
};
} // namespace

int segc::runProgram(const std::function<int()> &work, size_t stack) {
  openStandardStreams();
  ignoreFileLimit();
  giveThreadsStack(ampleStack);
  if (hasStack(stack))
    return work();
  Work task{work, 1};
  pthread_t thread;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, stack);
  int error = ::pthread_create(
      &thread, &attributes,
      [](void *argument) -> void * {
        auto &task = *static_cast<Work *>(argument);
        task.code = task.run();
        return nullptr;
      },
      &task);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) {
    std::fprintf(stderr,
                 "cannot start a thread with a stack of %zu bytes: %s; raise "
                 "the limit of the stack (ulimit -s)\n",
                 stack, std::strerror(error));
    return 1;
  }
  ::pthread_join(thread, nullptr);
  return task.code;
}

void segc::ignoreFileLimit() { std::signal(SIGXFSZ, SIG_IGN); }

bool segc::hasStandardOutput() {
  int flags = ::fcntl(STDOUT_FILENO, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

Status segc::checkArguments(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument.empty())
      return wrongUsage("argument " + std::to_string(i) + " is empty" +
                        (i > 1 ? std::string(" (after ") + argv[i - 1] + ")"
                               : std::string()) +
                        "; give a value, or leave it out");
    if (argument.substr(0, 2) == "--" &&
        argument.find('=') + 1 == argument.size())
      return wrongUsage(std::string(argument) +
                        " has no value; give one, or leave it out");
  }
  return Status::success();
}
