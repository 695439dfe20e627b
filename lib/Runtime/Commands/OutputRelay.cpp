//===- OutputRelay.cpp - Output of a child process ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputRelay.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <utility>

using namespace segc;

static void closeAll(std::array<int, 2> &files) {
  for (int &file : files)
    if (file >= 0)
      ::close(std::exchange(file, -1));
}

OutputRelay::~OutputRelay() {
  closeChildEnds();
  closeAll(read);
}

Status OutputRelay::open() {
  for (size_t i = 0; i < read.size(); ++i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return ioError(std::string("--ranks: pipe: ") + std::strerror(errno));
    read[i] = ends[0];
    written[i] = ends[1];
  }
  return Status::success();
}

void OutputRelay::closeChildEnds() { closeAll(written); }

/// Writes all, or until nobody reads: SIGPIPE has said so then.
static void writeAll(int file, const char *text, size_t length) {
  while (length > 0) {
    const ssize_t count = ::write(file, text, length);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return;
    text += count;
    length -= static_cast<size_t>(count);
  }
}

bool OutputRelay::pass(std::chrono::milliseconds time) {
  std::array<pollfd, 2> waited = {pollfd{read[0], POLLIN, 0},
                                  pollfd{read[1], POLLIN, 0}};
  if (read[0] < 0 && read[1] < 0) {
    std::this_thread::sleep_for(time);
    return false;
  }
  if (::poll(waited.data(), waited.size(), static_cast<int>(time.count())) <= 0)
    return false;
  bool any = false;
  for (size_t i = 0; i < waited.size(); ++i) {
    if (!waited[i].revents)
      continue;
    char text[1 << 14];
    const ssize_t count = ::read(read[i], text, sizeof(text));
    if (count > 0) {
      writeAll(i == 0 ? STDOUT_FILENO : STDERR_FILENO, text,
               static_cast<size_t>(count));
      any = true;
    } else if (count == 0 || errno != EINTR) {
      ::close(std::exchange(read[i], -1));
    }
  }
  return any;
}
