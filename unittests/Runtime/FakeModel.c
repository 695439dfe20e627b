/*===- FakeModel.c - A small model, written by hand -----------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the compiler of version 2 would have produced for the network of
 * FakeNetwork.h. The FAKE_* macros make a model of version 1, and models that a
 * loader must refuse or that misbehave.
 *
 *===----------------------------------------------------------------------===*/

#include "FakeNetwork.h"
#ifdef FAKE_NOTE
#include "segc/model_tables.h"
#endif

#include <stddef.h>
#include <string.h>

/* A model of the versions before programs, as they were compiled then. */
#ifndef FAKE_ABI_VERSION
#define FAKE_ABI_VERSION 2
#endif
enum { MODEL_BYTES = 104 };
#ifndef FAKE_QUERY
#define FAKE_QUERY segc_model_query
#endif

typedef struct work {
  const float *image, *weight, *bias;
  const int32_t *label;
  float *probabilities;
  partial *partials;
} work;

static void predict_chunk(void *argument, int64_t task, uint32_t worker) {
  const work *w = argument;
  (void)worker;
  predict_task(w->image, w->weight, w->bias, w->probabilities, task);
}

static void gradient_chunk(void *argument, int64_t task, uint32_t worker) {
  const work *w = argument;
  (void)worker;
  objective_task(w->image, w->label, w->weight, w->bias, w->partials, task);
}

static void for_all(const segc_services *services, int64_t tasks,
                    segc_task_fn function, void *argument) {
  if (services->parallel_for)
    services->parallel_for(services->context, tasks, function, argument);
  else
    for (int64_t task = 0; task < tasks; ++task)
      function(argument, task, 0);
}

/* Runs one kernel between the observer's calls. */
static segc_code run_kernel(const segc_services *services, const char *entry,
                            const char *name, int64_t tasks,
                            segc_task_fn function, work *w, const void *output,
                            uint64_t elements) {
  uint32_t size = FAKE_ABI_VERSION == 1
                      ? offsetof(segc_kernel_event, output_types)
                      : sizeof(segc_kernel_event);
  segc_kernel_event event = {size, 0, entry, name,    "seg.fake at 1:1", 1e3,
                             1e3,  1, 0,     &output, &elements,         NULL};
  if (services->kernel_begin)
    services->kernel_begin(services->context, &event);
  for_all(services, tasks, function, w);
  if (services->kernel_end &&
      services->kernel_end(services->context, &event) != 0)
    return SEGC_INTERNAL;
  return SEGC_OK;
}

static work work_of(const segc_call *call) {
  work w = {0};
  w.weight = (const float *)call->parameters + WEIGHT;
  w.bias = (const float *)call->parameters + BIAS;
  w.image = call->inputs[0];
  if (call->input_count > 1)
    w.label = call->inputs[1];
  w.partials = call->arena;
  return w;
}

static segc_code check(const segc_call *call, uint64_t arena,
                       segc_message *message) {
  if (call->struct_size < sizeof(segc_call) || call->batch < 1 ||
      call->batch > LARGEST_BATCH || call->arena_bytes < arena) {
    if (message)
      strcpy(message->text, "batch or arena is wrong");
    return SEGC_INVALID_ARGUMENT;
  }
  return SEGC_OK;
}

static segc_code prepare(const segc_services *services, const segc_call *call,
                         segc_message *message) {
  (void)services;
  (void)message;
  memcpy(call->prepared, call->parameters, 64);
  return SEGC_OK;
}

static segc_code predict(const segc_services *services, const segc_call *call,
                         segc_message *message) {
  segc_code code = check(call, 0, message);
  if (code != SEGC_OK)
    return code;
  work w = work_of(call);
  w.weight = call->prepared; /* stale unless prepare ran */
  w.probabilities = call->outputs[0];
#ifdef FAKE_OVERRUN
  w.probabilities[LARGEST_BATCH * VOXELS * CLASSES] = 1;
#endif
  return run_kernel(services, "predict", "fake_predict", call->batch * CHUNKS,
                    predict_chunk, &w, w.probabilities,
                    call->batch * VOXELS * OUTPUTS);
}

/* Loss, Dice, and (if `gradients`) the gradient of the mean cross-entropy. */
static segc_code objective(const segc_services *services, const segc_call *call,
                           const char *entry, float *gradients,
                           segc_message *message) {
  segc_code code = check(call, 512, message);
  if (code != SEGC_OK)
    return code;
  work w = work_of(call);
  int64_t tasks = call->batch * CHUNKS;
  code = run_kernel(services, entry, "fake_gradient", tasks, gradient_chunk, &w,
                    w.partials, tasks * sizeof(partial) / sizeof(float));
  if (code != SEGC_OK)
    return code;
  finish_objective(w.partials, call->batch, call->scalars->loss_scale,
                   call->outputs[0], call->outputs[1], gradients,
                   gradients ? call->states : NULL);
  return SEGC_OK;
}

static segc_code evaluate_step(const segc_services *services,
                               const segc_call *call, segc_message *message) {
  return objective(services, call, "evaluate_step", NULL, message);
}

static segc_code grad_step(const segc_services *services, const segc_call *call,
                           segc_message *message) {
  return objective(services, call, "grad_step", call->gradients, message);
}

static float apply(const segc_call *call) {
  return apply_update(call->scalars, call->gradients, call->parameters,
                      call->optimizer);
}

static segc_code apply_step(const segc_services *services,
                            const segc_call *call, segc_message *message) {
  (void)services;
  (void)message;
  *(float *)call->outputs[0] = apply(call);
  return SEGC_OK;
}

static segc_code train_step(const segc_services *services,
                            const segc_call *call, segc_message *message) {
  segc_code code =
      objective(services, call, "train_step", call->gradients, message);
  if (code == SEGC_OK)
    *(float *)call->outputs[2] = apply(call);
  return code;
}

static const char source[] = "// the fake model has no text\n";
static const segc_model model = {FAKE_ABI_VERSION,
                                 MODEL_BYTES,
                                 manifest,
                                 sizeof(manifest) - 1,
                                 source,
                                 sizeof(source) - 1,
                                 FAKE_WEIGHTS_POINTER,
                                 NULL,
                                 prepare,
                                 predict,
                                 evaluate_step,
                                 train_step,
                                 grad_step,
                                 apply_step,
                                 NULL,
                                 0,
                                 0};

#ifdef FAKE_NOTE
/* What the compiler writes beside: tables, and a note that says where. */
static void kernel(void *const *buffers, void *scratch, int64_t n,
                   int64_t task) {
  (void)buffers;
  (void)scratch;
  (void)n;
  (void)task;
}
typedef struct v2_launch {
  segc_kernel_fn function;
  const char *name;
  const char *op;
  const segc_operand *operands;
  uint32_t operand_count, input_count, output_count, reserved;
  int64_t tasks_fixed, tasks_per_sample;
  double flops_per_sample, bytes_per_sample;
} v2_launch;
typedef struct v2_entry {
  const char *name;
  const v2_launch *launches;
  uint32_t launch_count, input_count, output_count, regions;
  uint64_t arena_bytes, scratch_bytes;
} v2_entry;
typedef struct v2_version {
  const char *cpu;
  uint32_t features, reserved;
  v2_entry entries[5];
} v2_version;
static const segc_operand probabilities_operand = {
    SEGC_REGION_OUTPUT, 0, 0, 0, VOXELS *CLASSES, SEGC_F32, 0};
static const segc_operand partials_operand = {SEGC_REGION_ARENA, 0, 64, 112, 0,
                                              SEGC_F32,          0};
static const v2_launch predict_launch = {kernel,     "fake_predict",
                                         "seg.fake", &probabilities_operand,
                                         1,          0,
                                         1,          0,
                                         0,          CHUNKS,
                                         1e3,        1e3};
static const v2_launch gradient_launch = {kernel,     "fake_gradient",
                                          "seg.fake", &partials_operand,
                                          1,          0,
                                          1,          0,
                                          0,          CHUNKS,
                                          1e3,        1e3};
const v2_version fake_versions[1] __attribute__((visibility("hidden"))) = {
    {"fake-cpu",
     0,
     0,
     {{"predict", &predict_launch, 1, 1, 1, 0, 0, 64},
      {"evaluate_step", &gradient_launch, 1, 2, 2, 0, 512, 64},
      {"grad_step", &gradient_launch, 1, 2, 2, 0, 512, 64},
      {"apply_step", 0, 0, 0, 1, 0, 0, 64},
      {"prepare", 0, 0, 0, 0, 0, 0, 0}}}};
const segc_model *const fake_model __attribute__((visibility("hidden"), used)) =
    &model;
__asm__(".pushsection .note.segc, \"a\", @note\n"
        ".balign 4\n"
        ".long 5, 16, 1\n"
        ".asciz \"segc\"\n"
        ".balign 4\n"
        ".long model - ., fake_versions - ., 1, 0\n"
        ".popsection\n");
#endif

const segc_model *FAKE_QUERY(uint32_t max_version) {
#ifdef FAKE_FROM_THE_FUTURE
  return max_version >= 1000 ? &model : NULL;
#else
  (void)max_version;
  return &model;
#endif
}
