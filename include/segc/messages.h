/*===- messages.h - Messages between the ranks of a job -----------*- C -*-===*\
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
\*===----------------------------------------------------------------------===*/

/* What segrun asks of the library that connects the processes of a job. MPI
 * implementations share no binary interface, so that a plugin is built against
 * the machine's MPI (lib/Messages); segrun opens it when it is one of several
 * ranks. A plugin moves bytes from one rank to another, no more: what ranks
 * compute together is segrun's, so that it is the same with every library. */

#ifndef SEGC_MESSAGES_H
#define SEGC_MESSAGES_H

#include "segc/model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SEGC_MESSAGES_VERSION 1

/* Functions answer 0, or another number after an error that last_error
 * describes. All of them are called by one thread at a time.
 * NOLINTBEGIN(readability-identifier-naming): names of C */
typedef struct segc_messages {
  uint32_t struct_size; /* sizeof(segc_messages) of the plugin */
  uint32_t rank, size;
  void *context;
  const char *library; /* such as "Open MPI v4.1.4" */
  /* Messages between two ranks arrive in the order in which they were sent, and
   * are as long as the other side expects. Memory belongs to the message until
   * `test` says that it is done, which ends the request. */
  int (*send)(void *context, uint32_t to, const void *data, uint64_t bytes,
              uint64_t *request);
  int (*receive)(void *context, uint32_t from, void *data, uint64_t bytes,
                 uint64_t *request);
  int (*test)(void *context, uint64_t request, int *done);
  const char *(*last_error)(void *context);
  /* Ends the processes of all ranks. Does not return. */
  void (*abort)(void *context, int code);
  /* Ends the connection: all ranks call it, with no request under way. */
  int (*close)(void *context);
} segc_messages;

/* Exported by a plugin: connects this process. Called once. */
typedef segc_code (*segc_messages_open_fn)(uint32_t version,
                                           segc_messages *messages,
                                           segc_message *error);
#define SEGC_MESSAGES_OPEN "segc_messages_open"
/* NOLINTEND(readability-identifier-naming) */

#ifdef __cplusplus
}
#endif

#endif /* SEGC_MESSAGES_H */
