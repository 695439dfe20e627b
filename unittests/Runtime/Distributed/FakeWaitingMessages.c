/*===- FakeWaitingMessages.c - Messages of ranks that do not meet ---*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A plugin that waits for another rank until it is released.
 *
 *===----------------------------------------------------------------------===*/

#include "segc/messages.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static atomic_int isReleased;

__attribute__((visibility("default"))) void fake_messages_release(void) {
  isReleased = 1;
}

__attribute__((visibility("default"))) segc_code segc_messages_open(
    uint32_t version, segc_messages *messages, segc_message *error) {
  (void)version, (void)messages;
  const struct timespec pause = {0, 1000000};
  while (!isReleased)
    nanosleep(&pause, NULL);
  snprintf(error->text, sizeof(error->text), "released");
  return SEGC_UNAVAILABLE;
}
