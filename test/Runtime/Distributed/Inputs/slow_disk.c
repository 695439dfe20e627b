/*===- slow_disk.c - A disk that takes seconds to write -------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Preloaded, takes six seconds for the first file of the last checkpoint.
 *
 *===----------------------------------------------------------------------===*/

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fsync(int file) {
  static int slept;
  char link[40], path[4096] = "";
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  if (!slept && readlink(link, path, sizeof(path) - 1) > 0 &&
      strstr(path, "/last.new/")) {
    slept = 1;
    sleep(6);
  }
  return 0;
}
