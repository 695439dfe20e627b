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
 * at the end true, and changes lib/Codegen/CPU/Support and lib/Program
 * (producers), lib/Runtime/Core and lib/Runtime/Device (consumers) with it. See
 * docs/RuntimeABI.md.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_MODEL_H
#define SEGC_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEGC_ABI_VERSION 8u
/* Every buffer below must start at a multiple of this many bytes. */
#define SEGC_ALIGNMENT 64u

typedef enum segc_code {
  SEGC_OK = 0,
  SEGC_INVALID_ARGUMENT = 1, /* a pointer, size, batch or alignment is wrong */
  SEGC_UNSUPPORTED_CPU = 2,  /* no kernel version runs on this processor */
  SEGC_UNAVAILABLE = 3,      /* the entry was not compiled into this model, or
                                 needs a library or service that is not here */
  SEGC_INTERNAL = 4
} segc_code;

/* Text of the last error of a call; always terminated. May be NULL. */
typedef struct segc_message {
  char text[256];
} segc_message;

typedef void (*segc_task_fn)(void *argument, int64_t task, uint32_t worker);

/* How values lie in memory. Integers are since version 3; in tables of versions
 * 1 and 2 another number means bytes. */
typedef enum segc_element {
  SEGC_F32 = 0,
  SEGC_F16 = 1,
  SEGC_BF16 = 2,
  SEGC_I32 = 3,
  SEGC_I64 = 4,
  SEGC_I8 = 5
} segc_element;

/* What ranks do together with one range of memory. */
typedef enum segc_collective_kind {
  SEGC_COLLECTIVE_SUM = 0, /* of all ranks, in the order of the ranks */
  SEGC_COLLECTIVE_MEAN = 1,
  SEGC_COLLECTIVE_MAX = 2,
  SEGC_COLLECTIVE_BROADCAST = 3, /* of rank 0 */
  /* Since version 7, of tensors that ranks share. */
  SEGC_COLLECTIVE_REDUCE_SCATTER = 4, /* own elements become their mean */
  SEGC_COLLECTIVE_ALL_GATHER = 5      /* all become those of their owners */
} segc_collective_kind;

/* How ranks share a tensor of `elements`, which is cut into slices: of S slices
 * rank r of N owns those from S * r / N to S * (r + 1) / N. */
typedef struct segc_shards { /* NOLINT: a name of C */
  uint64_t elements;
  uint64_t slice;  /* elements; the last slice may have fewer */
  uint64_t offset; /* of the first value of the collective in the tensor */
} segc_shards;

/* One collective, in place. All ranks start the same ones in the same order. */
typedef struct segc_collective {
  uint32_t struct_size;
  uint32_t kind;   /* segc_collective_kind */
  uint32_t type;   /* segc_element */
  uint32_t region; /* segc_region */
  const char *stream;
  void *data; /* in the memory that the caller gave */
  uint64_t count;
  /* Since version 7. The type that values have between ranks: `type`, or one of
   * 16 bits for f32. Then the values of each rank are rounded to it, their sum
   * is one of f32, and the result is rounded to it. */
  uint32_t travels_as; /* segc_element. NOLINT: a name of C */
  uint32_t index;      /* among the collectives of the program */
  uint32_t of;         /* how many the program has */
  uint32_t reserved;
  const segc_shards *shards; /* of the kinds that have them, else NULL */
} segc_collective;

/* What the observer is told about a kernel that is about to run or has run. */
typedef struct segc_kernel_event {
  uint32_t struct_size;
  uint32_t index;    /* position among the entry's launches */
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

/* Services of the caller. Optional members may be NULL; those behind
 * struct_size are. */
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
  /* What connects this rank with others; both or neither. A host without them
   * is the only rank, and collectives leave data as it is. (Models of versions
   * 3 to 6 do nothing then and answer SEGC_UNAVAILABLE.) Each collective that
   * was started is waited for before the entry returns. A non-zero answer stops
   * the entry: SEGC_INTERNAL. Not called by versions 1 and 2. */
  int (*collective_start)(void *context, const segc_collective *collective,
                          uint64_t *ticket);
  int (*collective_wait)(void *context, uint64_t ticket);
  /* Optional. level: 0 debug, 1 info, 2 warning, 3 error. */
  void (*log)(void *context, int level, const char *message);
  /* Since version 7. This rank and the number of ranks, where collectives
   * connect them: what sharded launches and collectives with shards go by. */
  uint32_t rank;
  uint32_t ranks; /* 0: not said */
} segc_services;

/* Scalars of a step: the region `scalars`. Everything that would change the
 * graph is fixed in the model instead. Since version 3, programs advance them:
 * apply_step (and thus train_step) ends with
 *   where the gradients were finite: step += 1; skipped_steps = 0;
 *   else skipped_steps += 1;
 *   with a growth_interval > 0, where they were finite: finite_steps += 1, and
 *   at growth_interval loss_scale = min(2 loss_scale, FLT_MAX), finite_steps =
 *   0; where they were not: loss_scale = max(1, loss_scale / 2), finite_steps =
 *   0.
 * Versions 1 and 2 read the first 48 bytes alone and write nothing. */
typedef struct segc_scalars {
  float learning_rate;
  float momentum;
  float weight_decay;
  float loss_scale;        /* 1 without scaling; gradients are divided by it */
  int64_t step;            /* 1 for the first optimizer step */
  int64_t seed;            /* dropout */
  int64_t sample_offset;   /* global index of the batch's first sample */
  int64_t growth_interval; /* 0: the loss scale stays what it is */
  int64_t finite_steps;    /* in a row, since the loss scale changed */
  int64_t skipped_steps;   /* in a row, until now */
} segc_scalars;

/* Memory of one call. Sizes are in the manifest; a larger struct_size than the
 * model knows is served. Members that an entry does not use (see the manifest's
 * "entries") may be NULL. */
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
  segc_scalars *scalars;
} segc_call;

typedef segc_code (*segc_entry_fn)(const segc_services *services,
                                   const segc_call *call,
                                   segc_message *message);

/*===----------------------------------------------------------------------===*
 * Programs, since version 3
 *
 * A caller with a device of its own runs the programs instead of the entries,
 * whose code does the same on the processor that calls it: see
 * docs/RuntimeABI.md.
 *===----------------------------------------------------------------------===*/

/* Memory that a call brings. */
typedef enum segc_region {
  SEGC_REGION_ARENA = 0,
  SEGC_REGION_INPUT = 1, /* a list of buffers */
  SEGC_REGION_OUTPUT = 2,
  SEGC_REGION_PARAMETERS = 3,
  SEGC_REGION_STATES = 4,
  SEGC_REGION_GRADIENTS = 5,
  SEGC_REGION_OPTIMIZER = 6,
  SEGC_REGION_SCALARS = 7,
  SEGC_REGION_PREPARED = 8,
  SEGC_REGION_COUNT = 9
} segc_region;

/* A range of memory: `elements_fixed + elements_per_sample * batch` values. */
typedef struct segc_operand {
  uint32_t region;
  uint32_t index;  /* of inputs and outputs */
  uint64_t offset; /* bytes */
  uint64_t elements_fixed;
  uint64_t elements_per_sample;
  uint32_t type; /* segc_element */
  uint32_t reserved;
} segc_operand;

/* A kernel of the host. `buffers` are the operands, `scratch` is the worker's
 * own, n the number of samples. */
typedef void (*segc_kernel_fn)(void *const *buffers, void *scratch, int64_t n,
                               int64_t task);

typedef enum segc_command_kind {
  SEGC_COMMAND_LAUNCH = 0, /* a kernel, once for each task */
  SEGC_COMMAND_CALL = 1,   /* a function of the library `name` */
  SEGC_COMMAND_COPY = 2,   /* operand 0 to operand 1 */
  /* Operand 0, f32, is not 0 if the gradients were finite; operand 1, bytes,
   * is the region `scalars`. The rule is that of segc_scalars. */
  SEGC_COMMAND_ADVANCE_SCALARS = 3,
  SEGC_COMMAND_COLLECTIVE = 4, /* operand 0, in place; defines `event` */
  SEGC_COMMAND_RECORD = 5,     /* `event`: all so far on the stream */
  SEGC_COMMAND_WAIT = 6        /* the stream goes on after `event` */
} segc_command_kind;

/* Flags of a launch. */
typedef enum segc_launch_flags { /* NOLINT: a name of C */
                                 /* Every thread of the kernel waits for the
                                  * kernel in front of it on the stream before
                                  * it accesses memory of the device
                                  * (griddepcontrol.wait): a runtime may launch
                                  * it before that has ended (programmatic
                                  * dependent launch). */
                                 SEGC_LAUNCH_DEPENDENT = 1,
                                 /* A rank runs its share of the tasks, of T
                                  * tasks those from T * r / N to
                                  * T * (r + 1) / N. Since version 7; on
                                  * a GPU since version 8. */
                                 SEGC_LAUNCH_SHARDED = 2,
                                 /* A GPU's kernel whose tasks may be launched
                                  * in parts: its parameter behind n is the
                                  * first of the launch. Since version 8. */
                                 SEGC_LAUNCH_FIRST_TASK = 4
} segc_launch_flags;

#define SEGC_NO_BLOB 0xffffffffu
#define SEGC_MAX_TENSOR_RANK 5
#define SEGC_MAX_TENSOR_MAPS 8

/* How a GPU's copy engine sees an operand of a launch: a tensor of which a
 * kernel copies boxes (a CUtensorMap, tiled). What a box has outside the tensor
 * is zero. Dimensions are from the innermost. Since version 5. */
typedef struct segc_tensor_map {
  uint32_t operand; /* of the command */
  uint32_t type;    /* segc_element */
  uint32_t rank;    /* 1 to SEGC_MAX_TENSOR_RANK */
  uint32_t
      swizzle; /* bytes in which pieces of 16 are permuted: 0, 32, 64, 128 */
  uint64_t offset; /* bytes, of the tensor in the operand */
  uint64_t sizes[SEGC_MAX_TENSOR_RANK];
  uint64_t strides[SEGC_MAX_TENSOR_RANK]; /* bytes; [0]: of an element */
  uint32_t box[SEGC_MAX_TENSOR_RANK];     /* sizes of a box */
  uint32_t
      steps[SEGC_MAX_TENSOR_RANK]; /* from one to the next of its elements */
  uint32_t sample_dimension;       /* its size is multiplied by n; rank: none */
  uint32_t reserved;
} segc_tensor_map;

/* What a runtime enqueues on a stream. Commands of one stream run one after
 * another, in the order of the table; those of two streams in any order, except
 * as events say. The order of the table alone is right as well. */
typedef struct segc_command {
  segc_kernel_fn function; /* of a launch on the host, else NULL */
  const char *name;        /* kernel, library */
  const char *op;          /* first op of the fused kernel and its location */
  const segc_operand *operands; /* inputs, outputs, temporaries */
  uint32_t operand_count;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t kind; /* segc_command_kind */
  int64_t tasks_fixed;
  int64_t tasks_per_sample;
  double flops_per_sample;
  double bytes_per_sample;
  /* Since version 3. */
  uint32_t stream; /* index of the program's streams */
  union {
    uint32_t event;        /* less than the program's event_count */
    uint32_t launch_flags; /* segc_launch_flags; since version 6. NOLINT */
  };
  union {
    uint32_t collective; /* segc_collective_kind, of a collective */
    uint32_t map_count;  /* of a launch; since version 5 */
    /* Of a call: so many of the next commands, launches, compute what it
     * computes. A runtime runs it or them. Since version 5. */
    uint32_t alternatives;
  };
  uint32_t blob; /* `module` of the blobs that have the kernel `name`, or
                    SEGC_NO_BLOB */
  union {
    uint32_t threads; /* of a block; 0 on the host */
    /* segc_element that a collective's values have between ranks; since
     * version 7, 0 (f32) before */
    uint32_t travels_as; /* NOLINT: a name of C */
  };
  uint32_t shared_bytes; /* dynamic shared memory of a block */
  union {
    const char *options; /* text for the library of a call */
    /* The last parameters of a launch. Since version 5. */
    const segc_tensor_map *maps;
    const segc_shards *shards; /* of a collective; since version 7 */
  };
} segc_command;

typedef struct segc_program {
  const char *name; /* the entry; NULL: absent */
  const segc_command *commands;
  uint32_t command_count;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t regions; /* bit r: region r is needed */
  uint64_t arena_bytes;
  uint64_t scratch_bytes; /* a worker */
  /* Since version 3. */
  const char *const *streams; /* names: "compute", ... */
  uint32_t stream_count;
  uint32_t event_count; /* at most SEGC_MAX_EVENTS */
} segc_program;

/* Code of another machine. Since version 4. Blobs of one module have the same
 * kernels. A kernel's parameters are the addresses of the command's operands,
 * n and, with SEGC_LAUNCH_FIRST_TASK, the launch's first task, of 64 bits each,
 * and its tensor maps, of 128 bytes each; it is launched with a block for each
 * task. */
typedef struct segc_blob {
  const char *format;    /* "ptx", zero-terminated, or "cubin" */
  const char *processor; /* what it was compiled for: "sm_80" */
  const void *data;
  uint64_t bytes;
  uint32_t module;
  uint32_t reserved;
} segc_blob;

/* What runs the kernels of a version. */
typedef enum segc_device {
  SEGC_DEVICE_HOST = 0, /* the processor that calls the entries */
  SEGC_DEVICE_CUDA = 1, /* a GPU of NVIDIA: launches are from blobs */
  /* Such a GPU, emulated on the host: `function` of a launch is one thread of a
   * block, and its `scratch` is a segc_emulator_thread. */
  SEGC_DEVICE_CUDA_EMULATED = 2
} segc_device;

/* The programs of one target. */
typedef struct segc_version {
  const char *target; /* as `cpu` or `gpu` of the manifest's versions */
  uint32_t features;  /* of the processor; bits of model_tables.h */
  uint32_t program_count;
  const segc_program *programs;
  const segc_blob *blobs;
  uint32_t blob_count;
  uint32_t device; /* segc_device; since version 4 */
} segc_version;

#define SEGC_MAX_OPERANDS 32
#define SEGC_MAX_EVENTS 64

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
  /* Since version 3; the best of a device first. The entries run those of the
   * host. */
  const segc_version *versions;
  uint32_t version_count;
  uint32_t reserved;
} segc_model;

/* The only exported symbol. NULL if the model needs a newer caller than
 * `max_version`; the caller then says which version it knows. */
typedef const segc_model *(*segc_model_query_fn)(uint32_t max_version);
const segc_model *segc_model_query(uint32_t max_version);

#if defined(__cplusplus)
#define SEGC_ASSERT_SIZE(type, size)                                           \
  static_assert(sizeof(type) == size, "raise SEGC_ABI_VERSION")
#else
#define SEGC_ASSERT_SIZE(type, size)                                           \
  _Static_assert(sizeof(type) == size, "raise SEGC_ABI_VERSION")
#endif
SEGC_ASSERT_SIZE(segc_scalars, 64);
SEGC_ASSERT_SIZE(segc_call, 104);
SEGC_ASSERT_SIZE(segc_shards, 24);
SEGC_ASSERT_SIZE(segc_collective, 64);
SEGC_ASSERT_SIZE(segc_services, 72);
SEGC_ASSERT_SIZE(segc_operand, 40);
SEGC_ASSERT_SIZE(segc_tensor_map, 152);
SEGC_ASSERT_SIZE(segc_command, 112);
SEGC_ASSERT_SIZE(segc_program, 64);
SEGC_ASSERT_SIZE(segc_blob, 40);
SEGC_ASSERT_SIZE(segc_version, 40);
SEGC_ASSERT_SIZE(segc_model, 120);
#undef SEGC_ASSERT_SIZE

#ifdef __cplusplus
}
#endif

#endif /* SEGC_MODEL_H */
