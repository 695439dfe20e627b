/*===- flipping_messages.c - Ranks of which one diverges ------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A plugin in front of the one that FLIPPED_PLUGIN names. Rank 1 gets one bit
 * of each long message wrongly while the file FLIPPED_WHILE exists: of means of
 * gradients, after which its weights are not those of the others.
 *
 *===----------------------------------------------------------------------===*/

#include "segc/messages.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REQUESTS 4096
#define LONG_BYTES 256

static segc_messages inner;
static struct {
  uint64_t request, bytes;
  uint32_t *data;
} receives[REQUESTS]; /* Long ones that are under way; free ones have no data.
                       */

static int flip_receive(void *context, uint32_t from, void *data,
                        uint64_t bytes, uint64_t *request) {
  int failed = inner.receive(context, from, data, bytes, request);
  for (int i = 0; !failed && inner.rank == 1 && bytes >= LONG_BYTES; ++i)
    if (!receives[i].data) {
      receives[i].request = *request;
      receives[i].bytes = bytes;
      receives[i].data = data;
      break;
    }
  return failed;
}

static int flip_test(void *context, uint64_t request, int *done) {
  int failed = inner.test(context, request, done);
  for (int i = 0; !failed && *done && i < REQUESTS; ++i)
    if (receives[i].data && receives[i].request == request) {
      if (access(getenv("FLIPPED_WHILE"), F_OK) == 0)
        receives[i].data[receives[i].bytes / 8] ^= 1u << 20;
      receives[i].data = NULL;
    }
  return failed;
}

segc_code segc_messages_open(uint32_t version, segc_messages *messages,
                             segc_message *error) {
  void *plugin = dlopen(getenv("FLIPPED_PLUGIN"), RTLD_NOW | RTLD_LOCAL);
  segc_messages_open_fn open =
      plugin ? (segc_messages_open_fn)dlsym(plugin, SEGC_MESSAGES_OPEN) : NULL;
  if (!open) {
    snprintf(error->text, sizeof(error->text), "%s", dlerror());
    return SEGC_UNAVAILABLE;
  }
  segc_code opened = open(version, &inner, error);
  *messages = inner;
  messages->receive = flip_receive;
  messages->test = flip_test;
  return opened;
}
