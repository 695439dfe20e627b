/*===- FakeProgram.c - A small model of programs, written by hand ---*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What a compiler would produce for the network of FakeNetwork.h, linked with
 * model_support.c as every model is. A copy on a separate stream writes the
 * loss to its output. With FAKE_COLLECTIVE the gradients are averaged over the
 * ranks, with FAKE_LIBRARY a function of a library predicts, and with
 * FAKE_ALTERNATIVES the kernel may do so instead, with FAKE_MAP a kernel has a
 * tensor map, with FAKE_AUGMENT there is an entry that makes patches of crops,
 * with FAKE_CUDA there is a version for a GPU, whose kernels the fake CUDA
 * driver finds by their names.
 *
 *===----------------------------------------------------------------------===*/

#include "FakeNetwork.h"
#include "segc/model_tables.h"

#include <stddef.h>
#include <string.h>

#ifdef FAKE_CUDA
/* Exported, and yet at a place that the reader of the tables knows. */
#define KERNEL __attribute__((visibility("protected"))) void
#define FAKE_BLOB 0, 128, 64
#else
#define KERNEL static void
#define FAKE_BLOB SEGC_NO_BLOB, 0, 0
#endif

#ifndef FAKE_ALTERNATIVES
#define FAKE_ALTERNATIVES 0
#endif
/* Tables that a reader must refuse. */
#ifndef FAKE_MAP_STEPS
#define FAKE_MAP_STEPS 1
#endif
#ifndef FAKE_COPY_STREAM
#define FAKE_COPY_STREAM COPY
#endif
#ifndef FAKE_EVENTS
#define FAKE_EVENTS 2
#endif
#ifndef FAKE_COPY_ELEMENTS
#define FAKE_COPY_ELEMENTS 1
#endif

/*===----------------------------------------------------------------------===*
 * Kernels
 *===----------------------------------------------------------------------===*/

KERNEL prepare_kernel(void *const *b, void *scratch, int64_t n, int64_t task) {
  (void)scratch, (void)n, (void)task;
  memcpy(b[1], b[0], 64);
}

/* image, prepared weight, parameters -> probabilities */
KERNEL predict_kernel(void *const *b, void *scratch, int64_t n, int64_t task) {
  (void)scratch, (void)n;
  predict_task(b[0], b[1], (const float *)b[2] + BIAS, b[3], task);
}

/* image, label, parameters -> partials */
KERNEL objective_kernel(void *const *b, void *scratch, int64_t n,
                        int64_t task) {
  (void)n;
  *(float *)scratch = (float)task; /* the worker's own */
  const float *parameters = b[2];
  objective_task(b[0], b[1], parameters + WEIGHT, parameters + BIAS, b[3],
                 task);
}

/* partials -> loss, dice */
KERNEL evaluate_kernel(void *const *b, void *scratch, int64_t n, int64_t task) {
  (void)scratch, (void)task;
  finish_objective(b[0], n, 1, b[1], b[2], NULL, NULL);
}

/* partials, scalars -> loss, dice, gradients, states */
KERNEL gradient_kernel(void *const *b, void *scratch, int64_t n, int64_t task) {
  (void)scratch, (void)task;
  const segc_scalars *scalars = b[1];
  finish_objective(b[0], n, scalars->loss_scale, b[2], b[3], b[4], b[5]);
}

/* scalars, gradients, parameters, optimizer -> finite */
KERNEL update_kernel(void *const *b, void *scratch, int64_t n, int64_t task) {
  (void)scratch, (void)n, (void)task;
  *(float *)b[4] = apply_update(b[0], b[1], b[2], b[3]);
}

#ifdef FAKE_AUGMENT
/* crop, labels, intensities -> image, label */
KERNEL augment_kernel(void *const *b, void *scratch, int64_t n, int64_t task) {
  (void)scratch, (void)n;
  int64_t crop = (int64_t)CROP_EDGE * CROP_EDGE * CROP_EDGE;
  augment_sample(
      (const float *)b[0] + task * crop, (const int32_t *)b[1] + task * crop,
      (const float *)b[2] + task * INTENSITIES, (float *)b[3] + task * VOXELS,
      (int32_t *)b[4] + task * VOXELS);
}
#endif

/*===----------------------------------------------------------------------===*
 * Programs
 *===----------------------------------------------------------------------===*/

enum { COMPUTE, COMMUNICATION, COPY, STREAMS };
static const char *const streams[STREAMS] = {"compute", "communication",
                                             "copy"};
enum { LOSS_OFFSET = 448 };

#define IMAGE {SEGC_REGION_INPUT, 0, 0, 0, VOXELS, SEGC_F32, 0}
#define LABEL {SEGC_REGION_INPUT, 1, 0, 0, VOXELS, SEGC_I32, 0}
#define FLAT(region) {region, 0, 0, 32, 0, SEGC_F32, 0}
#define PARAMETERS FLAT(SEGC_REGION_PARAMETERS)
#define GRADIENTS FLAT(SEGC_REGION_GRADIENTS)
#define OPTIMIZER FLAT(SEGC_REGION_OPTIMIZER)
#define STATES {SEGC_REGION_STATES, 0, 0, 1, 0, SEGC_F32, 0}
#define PREPARED {SEGC_REGION_PREPARED, 0, 0, 16, 0, SEGC_F32, 0}
#define SCALARS {SEGC_REGION_SCALARS, 0, 0, sizeof(segc_scalars), 0, SEGC_I8, 0}
#define PARTIALS                                                               \
  {SEGC_REGION_ARENA, 0, 0, 0, CHUNKS * (sizeof(partial) / 4), SEGC_F32, 0}
#define LOSS {SEGC_REGION_ARENA, 0, LOSS_OFFSET, 1, 0, SEGC_F32, 0}
#define OUTPUT(i, fixed, each)                                                 \
  {SEGC_REGION_OUTPUT, i, 0, fixed, each, SEGC_F32, 0}

#define WEIGHTS {SEGC_REGION_PARAMETERS, 0, 0, 16, 0, SEGC_F32, 0}
static const segc_operand prepare_operands[] = {WEIGHTS, PREPARED};
static const segc_operand predict_operands[] = {IMAGE, PREPARED, PARAMETERS,
                                                OUTPUT(0, 0, VOXELS *CLASSES)};
static const segc_operand objective_operands[] = {IMAGE, LABEL, PARAMETERS,
                                                  PARTIALS};
static const segc_operand evaluate_operands[] = {PARTIALS, LOSS,
                                                 OUTPUT(1, CLASSES, 0)};
static const segc_operand gradient_operands[] = {
    PARTIALS, SCALARS, LOSS, OUTPUT(1, CLASSES, 0), GRADIENTS, STATES};
static const segc_operand loss_operands[] = {
    {SEGC_REGION_ARENA, 0, LOSS_OFFSET, FAKE_COPY_ELEMENTS, 0, SEGC_F32, 0},
    OUTPUT(0, 1, 0)};
static const segc_operand apply_operands[] = {SCALARS, GRADIENTS, PARAMETERS,
                                              OPTIMIZER, OUTPUT(0, 1, 0)};
static const segc_operand apply_advance_operands[] = {OUTPUT(0, 1, 0), SCALARS};
static const segc_operand train_operands[] = {SCALARS, GRADIENTS, PARAMETERS,
                                              OPTIMIZER, OUTPUT(2, 1, 0)};
static const segc_operand train_advance_operands[] = {OUTPUT(2, 1, 0), SCALARS};

#define COUNT(array) (sizeof(array) / sizeof *(array))
#ifdef FAKE_MAP
/* Of the image, as rows of 8 voxels, the 64 rows of a sample. */
static const segc_tensor_map maps[] = {{0,
                                        SEGC_F32,
                                        2,
                                        0,
                                        0,
                                        {8, FAKE_MAP},
                                        {4, 32},
                                        {8, 4},
                                        {1, FAKE_MAP_STEPS},
                                        1,
                                        0}};
#define MAPS maps
#define MAP_COUNT COUNT(maps)
#else
#define MAPS NULL
#define MAP_COUNT 0
#endif
#define LAUNCH(kernel, operands, inputs, outputs, fixed, each)                 \
  LAUNCH_WITH(kernel, operands, inputs, outputs, fixed, each, 0, NULL)
#define LAUNCH_WITH(kernel, operands, inputs, outputs, fixed, each, count,     \
                    maps)                                                      \
  {                                                                            \
    kernel, #kernel, "seg.fake at 1:1", operands, COUNT(operands), inputs,     \
        outputs, SEGC_COMMAND_LAUNCH, fixed, each, 1e3, 1e3, COMPUTE, 0,       \
        {count}, FAKE_BLOB, {                                                  \
      (const char *)(maps)                                                     \
    }                                                                          \
  }
#define OTHER(kind, name, operands, count, stream, event, number)              \
  {                                                                            \
    NULL, name, NULL, operands, count, 0, 0, kind, 0, 0, 0, 0, stream, event,  \
        {number}, SEGC_NO_BLOB, 0, 0, {                                        \
      NULL                                                                     \
    }                                                                          \
  }
#define RECORD(stream, event)                                                  \
  OTHER(SEGC_COMMAND_RECORD, "record", NULL, 0, stream, event, 0)
#define WAIT(stream, event)                                                    \
  OTHER(SEGC_COMMAND_WAIT, "wait", NULL, 0, stream, event, 0)
#define ADVANCE(operands)                                                      \
  OTHER(SEGC_COMMAND_ADVANCE_SCALARS, "advance_scalars", operands, 2, COMPUTE, \
        0, 0)
#define OBJECTIVE LAUNCH(objective_kernel, objective_operands, 3, 1, 0, CHUNKS)
#define COPY_LOSS                                                              \
  RECORD(COMPUTE, 0), WAIT(COPY, 0),                                           \
      OTHER(SEGC_COMMAND_COPY, "copy", loss_operands, 2, FAKE_COPY_STREAM, 0,  \
            0)
/* Event 0: loss and gradients are computed, event 1: they are averaged. */
#ifdef FAKE_COLLECTIVE
static const segc_operand reduce_operands[] = {GRADIENTS};
#define AVERAGE                                                                \
  , WAIT(COMMUNICATION, 0),                                                    \
      OTHER(SEGC_COMMAND_COLLECTIVE, "mean", reduce_operands, 1,               \
            COMMUNICATION, 1, SEGC_COLLECTIVE_MEAN),                           \
      WAIT(COMPUTE, 1)
#else
#define AVERAGE
#endif
#define GRADIENT                                                               \
  OBJECTIVE, LAUNCH(gradient_kernel, gradient_operands, 2, 4, 1, 0),           \
      COPY_LOSS AVERAGE

static const segc_command prepare_commands[] = {
    LAUNCH(prepare_kernel, prepare_operands, 1, 1, 1, 0)};
static const segc_command predict_commands[] = {
#ifdef FAKE_LIBRARY
    OTHER(SEGC_COMMAND_CALL, FAKE_LIBRARY, predict_operands, 4, COMPUTE, 0,
          FAKE_ALTERNATIVES),
#endif
#if !defined(FAKE_LIBRARY) || FAKE_ALTERNATIVES > 0
    LAUNCH_WITH(predict_kernel, predict_operands, 3, 1, 0, CHUNKS, MAP_COUNT,
                MAPS)
#endif
};
static const segc_command evaluate_commands[] = {
    OBJECTIVE, LAUNCH(evaluate_kernel, evaluate_operands, 1, 2, 1, 0),
    COPY_LOSS};
static const segc_command grad_commands[] = {GRADIENT};
static const segc_command apply_commands[] = {
    LAUNCH(update_kernel, apply_operands, 2, 3, 1, 0),
    ADVANCE(apply_advance_operands)};
static const segc_command train_commands[] = {
    GRADIENT, LAUNCH(update_kernel, train_operands, 2, 3, 1, 0),
    ADVANCE(train_advance_operands)};

#ifdef FAKE_AUGMENT
#define OF_CROP(i, type)                                                       \
  {SEGC_REGION_INPUT, i, 0, 0, CROP_EDGE * CROP_EDGE * CROP_EDGE, type, 0}
static const segc_operand augment_operands[] = {
    OF_CROP(0, SEGC_F32),
    OF_CROP(1, SEGC_I32),
    {SEGC_REGION_INPUT, 3, 0, 0, INTENSITIES, SEGC_F32, 0},
    OUTPUT(0, 0, VOXELS),
    {SEGC_REGION_OUTPUT, 1, 0, 0, VOXELS, SEGC_I32, 0}};
static const segc_command augment_commands[] = {
    LAUNCH(augment_kernel, augment_operands, 3, 2, 0, 1)};
#endif

#define BIT(region) (1u << SEGC_REGION_##region)
#define PROGRAM(name, commands, inputs, outputs, regions, arena)               \
  {name,  commands, COUNT(commands), inputs,  outputs,    regions,             \
   arena, 64,       streams,         STREAMS, FAKE_EVENTS}
enum {
  GRAD_REGIONS = BIT(PARAMETERS) | BIT(STATES) | BIT(GRADIENTS) | BIT(SCALARS),
  APPLY_REGIONS =
      BIT(PARAMETERS) | BIT(OPTIMIZER) | BIT(GRADIENTS) | BIT(SCALARS)
};

static const segc_program programs[] = {
#ifdef FAKE_AUGMENT
    PROGRAM("augment", augment_commands, 5, 2, 0, 0),
#endif
    PROGRAM("prepare", prepare_commands, 0, 0, BIT(PARAMETERS) | BIT(PREPARED),
            0),
    PROGRAM("predict", predict_commands, 1, 1, BIT(PARAMETERS) | BIT(PREPARED),
            0),
    PROGRAM("evaluate_step", evaluate_commands, 2, 2, BIT(PARAMETERS), 512),
    PROGRAM("grad_step", grad_commands, 2, 2, GRAD_REGIONS, 512),
    PROGRAM("apply_step", apply_commands, 0, 1, APPLY_REGIONS, 0),
    PROGRAM("train_step", train_commands, 2, 3, GRAD_REGIONS | APPLY_REGIONS,
            512)};

#ifdef FAKE_CUDA
/* PTX as far as the fake driver reads it. */
#define P3 ".param .u64 a, .param .u64 b, .param .u64 c"
#define P4 P3 ", .param .u64 d"
#define P5 P4 ", .param .u64 e"
#define P6 P5 ", .param .u64 f"
#define P7 P6 ", .param .u64 g"
#define ENTRY(name, parameters) ".entry " name "(" parameters ") { ret; }\n"
static const char ptx[] =
    ".version 7.0\n.target sm_80\n" ENTRY("prepare_kernel", P3)
        ENTRY("predict_kernel", P5) ENTRY("objective_kernel", P5)
            ENTRY("evaluate_kernel", P4) ENTRY("gradient_kernel", P7)
                ENTRY("update_kernel", P6);
static const segc_blob blobs[] = {{"ptx", "sm_80", ptx, sizeof(ptx) - 1, 0, 0}};
#define VERSIONS "2"
#else
#define VERSIONS "1"
#endif

#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN const segc_version segc_versions[] = {
    {"fake-cpu", 0, COUNT(programs), programs, NULL, 0, SEGC_DEVICE_HOST},
#ifdef FAKE_CUDA
    {"sm_80", 0, COUNT(programs), programs, blobs, 1, SEGC_DEVICE_CUDA},
#endif
};
HIDDEN const uint32_t segc_version_count = COUNT(segc_versions);
HIDDEN const int64_t segc_largest_batch = LARGEST_BATCH;

segc_code segc_entry_prepare(const segc_services *, const segc_call *,
                             segc_message *);
segc_code segc_entry_predict(const segc_services *, const segc_call *,
                             segc_message *);
segc_code segc_entry_evaluate_step(const segc_services *, const segc_call *,
                                   segc_message *);
segc_code segc_entry_train_step(const segc_services *, const segc_call *,
                                segc_message *);
segc_code segc_entry_grad_step(const segc_services *, const segc_call *,
                               segc_message *);
segc_code segc_entry_apply_step(const segc_services *, const segc_call *,
                                segc_message *);

static const char source[] = "// the fake model has no text\n";
HIDDEN const segc_model segc_model_header = {SEGC_ABI_VERSION,
                                             sizeof(segc_model),
                                             manifest,
                                             sizeof(manifest) - 1,
                                             source,
                                             sizeof(source) - 1,
                                             FAKE_WEIGHTS_POINTER,
                                             NULL,
                                             segc_entry_prepare,
                                             segc_entry_predict,
                                             segc_entry_evaluate_step,
                                             segc_entry_train_step,
                                             segc_entry_grad_step,
                                             segc_entry_apply_step,
                                             segc_versions,
                                             COUNT(segc_versions),
                                             0};

__asm__(".pushsection .note.segc, \"a\", @note\n"
        ".balign 4\n"
        ".long 5, 16, 2\n"
        ".asciz \"segc\"\n"
        ".balign 4\n"
        ".long segc_model_header - ., segc_versions - ., " VERSIONS ", 0\n"
        ".popsection\n");
