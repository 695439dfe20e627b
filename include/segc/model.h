/*===- model.h - C ABI of a compiled model --------------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A compiled model is a shared object that exports one function,
 * segc_model_query. It needs libc alone, keeps no mutable state, allocates
 * nothing and starts no thread: the caller brings memory and services.
 * Several models, and several threads in one model, may run at a time as long
 * as they use different memory.
 *
 * Whoever changes this file raises SEGC_ABI_VERSION, keeps the size assertions
 * at the end true, and changes lib/Codegen/CPU/Support (producer) and
 * lib/Runtime/Core (consumer) with it. See docs/RuntimeABI.md.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_MODEL_H
#define SEGC_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEGC_ABI_VERSION 2u
/* Every buffer below must start at a multiple of this many bytes. */
#define SEGC_ALIGNMENT 64u

typedef enum segc_code {
  SEGC_OK = 0,
  SEGC_INVALID_ARGUMENT = 1, /* a pointer, size, batch or alignment is wrong */
  SEGC_UNSUPPORTED_CPU = 2,  /* no kernel version runs on this processor */
  SEGC_UNAVAILABLE = 3,      /* the entry was not compiled into this model */
  SEGC_INTERNAL = 4
} segc_code;

/* Text of the last error of a call; always terminated. May be NULL. */
typedef struct segc_message {
  char text[256];
} segc_message;

typedef void (*segc_task_fn)(void *argument, int64_t task, uint32_t worker);

/* How values lie in a kernel's output. */
typedef enum segc_element {
  SEGC_F32 = 0,
  SEGC_F16 = 1,
  SEGC_BF16 = 2
} segc_element;

/* What the observer is told about a kernel that is about to run or has run. */
typedef struct segc_kernel_event {
  uint32_t struct_size;
  uint32_t index;    /* position in the entry's table of kernels */
  const char *entry; /* "predict", "train_step", ... */
  const char *name;  /* kernel symbol, as in `segc compile --emit kernels` */
  const char *op;    /* first op of the fused kernel and its location */
  double flops;      /* for this batch */
  double bytes;      /* least traffic for this batch */
  uint32_t output_count;
  uint32_t reserved;
  const void *const *outputs;      /* addresses written */
  const uint64_t *output_elements; /* elements written, for this batch */
  const uint8_t *output_types;     /* segc_element; since version 2 */
} segc_kernel_event;

/* Services of the caller. Optional members may be NULL. */
typedef struct segc_services {
  uint32_t struct_size; /* sizeof(segc_services) of the caller */
  uint32_t workers;     /* at least 1; `worker` below is less than this */
  void *context;
  /* Calls function(argument, task, worker) once for each task in [0, tasks)
   * and returns when all are done. No two running calls share a worker. The
   * number of tasks is fixed by the compiler, so that results do not depend
   * on the number of workers. NULL: the calls run in order on this thread. */
  void (*parallel_for)(void *context, int64_t tasks, segc_task_fn function,
                       void *argument);
  /* Optional. A non-zero answer of kernel_end stops the entry: SEGC_INTERNAL.
   */
  void (*kernel_begin)(void *context, const segc_kernel_event *event);
  int (*kernel_end)(void *context, const segc_kernel_event *event);
  /* Optional, reserved for distributed entries: sum `count` f32 over ranks. */
  int (*collective_start)(void *context, float *data, uint64_t count,
                          uint64_t *ticket);
  int (*collective_done)(void *context, uint64_t ticket);
  /* Optional. level: 0 debug, 1 info, 2 warning, 3 error. */
  void (*log)(void *context, int level, const char *message);
} segc_services;

/* Run-time inputs of a step; everything that would change the graph is fixed
 * in the model instead. */
typedef struct segc_scalars {
  float learning_rate;
  float momentum;
  float weight_decay;
  float loss_scale;      /* 1 without scaling; gradients are divided by it */
  int64_t step;          /* 1 for the first optimizer step */
  int64_t seed;          /* dropout */
  int64_t sample_offset; /* global index of the batch's first sample */
  int64_t reserved;
} segc_scalars;

/* Memory of one call. Sizes are in the manifest. Members that an entry does
 * not use (see the manifest's "entries") may be NULL. */
typedef struct segc_call {
  uint32_t struct_size; /* sizeof(segc_call) of the caller */
  uint32_t input_count;
  uint32_t output_count;
  uint32_t reserved;
  int64_t batch;    /* samples in this call: 1 <= batch <= manifest batch */
  void *parameters; /* flat f32, layout in the manifest */
  void *states;     /* running statistics, flat f32 */
  void *gradients;  /* flat f32, laid out as the parameters */
  void *optimizer;  /* moments, flat f32 */
  void *prepared;   /* filters laid out for the kernels, by `prepare` */
  void *arena;
  uint64_t arena_bytes; /* at least arena_bytes + workers * scratch_bytes */
  void *const *inputs;  /* as manifest entries[].inputs */
  void *const *outputs; /* as manifest entries[].outputs */
  const segc_scalars *scalars;
} segc_call;

typedef segc_code (*segc_entry_fn)(const segc_services *services,
                                   const segc_call *call,
                                   segc_message *message);

/* What a model says of itself. Entries that it lacks are NULL. */
typedef struct segc_model {
  uint32_t abi_version;
  uint32_t struct_size;
  const char *manifest;    /* JSON, zero-terminated; docs/RuntimeABI.md */
  uint64_t manifest_bytes; /* without the terminator */
  const char *source;      /* canonical seg module, zero-terminated */
  uint64_t source_bytes;
  const void *weights;       /* embedded parameters, or NULL */
  const void *weight_states; /* embedded states, or NULL */
  segc_entry_fn prepare;     /* parameters -> prepared; before predict */
  segc_entry_fn predict;
  segc_entry_fn evaluate_step;
  segc_entry_fn train_step; /* grad_step, then apply_step */
  segc_entry_fn grad_step;
  segc_entry_fn apply_step;
} segc_model;

/* The only exported symbol. NULL if the model needs a newer caller than
 * `max_version`; the caller then says which version it knows. */
typedef const segc_model *(*segc_model_query_fn)(uint32_t max_version);
const segc_model *segc_model_query(uint32_t max_version);

#if defined(__cplusplus)
static_assert(sizeof(segc_scalars) == 48, "raise SEGC_ABI_VERSION");
static_assert(sizeof(segc_call) == 104, "raise SEGC_ABI_VERSION");
static_assert(sizeof(segc_model) == 104, "raise SEGC_ABI_VERSION");
#else
_Static_assert(sizeof(segc_scalars) == 48, "raise SEGC_ABI_VERSION");
_Static_assert(sizeof(segc_call) == 104, "raise SEGC_ABI_VERSION");
_Static_assert(sizeof(segc_model) == 104, "raise SEGC_ABI_VERSION");
#endif

#ifdef __cplusplus
}
#endif

#endif /* SEGC_MODEL_H */
