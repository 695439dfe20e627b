/*===- FakeModel.c - A small model, written by hand -----------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What a compiler would produce for logits = image * weight + bias on 8x8x8
 * volumes of three classes, cross-entropy, SGD with momentum. The FAKE_*
 * macros make models that a loader must refuse or that misbehave.
 *
 *===----------------------------------------------------------------------===*/

#include "segc/model.h"
#ifdef FAKE_NOTE
#include "segc/model_tables.h"
#endif

#include <math.h>
#include <stddef.h>
#include <string.h>

#ifndef FAKE_ABI_VERSION
#define FAKE_ABI_VERSION SEGC_ABI_VERSION
#endif
#ifndef FAKE_FEATURES
#define FAKE_FEATURES ""
#endif
#ifndef FAKE_QUERY
#define FAKE_QUERY segc_model_query
#endif
#ifndef FAKE_MANIFEST_FORMAT
#define FAKE_MANIFEST_FORMAT "1"
#endif

enum { VOXELS = 512, CLASSES = 3, CHUNKS = 4, LARGEST_BATCH = 2 };
enum { WEIGHT = 0, BIAS = 16 }; /* offsets in floats */

static const char manifest[] =
    "{\"format\": " FAKE_MANIFEST_FORMAT
    ", \"network\": \"fake\", \"batch\": 2,"
    "\"classes\": 3, \"precision\": \"f32\", \"parameter_count\": 6,"
    "\"parameter_bytes\": 128, \"state_bytes\": 64, \"optimizer_bytes\": 128,"
    "\"prepared_bytes\": 64, \"parameters\": ["
    "{\"name\": \"head.weight\", \"shape\": [1,3], \"offset\": 0,"
    " \"elements\": 3, \"decay\": true,"
    " \"init\": {\"kind\": \"glorot_uniform\", \"value\": 0.0}},"
    "{\"name\": \"head.bias\", \"shape\": [3], \"offset\": 64,"
    " \"elements\": 3, \"decay\": false,"
    " \"init\": {\"kind\": \"constant\", \"value\": 0.25}}],"
    "\"states\": [{\"name\": \"running_mean\", \"shape\": [1], \"offset\": 0,"
    " \"elements\": 1, \"init\": {\"kind\": \"constant\", \"value\": 0.0}}],"
    "\"optimizer\": {\"kind\": \"sgd\", \"learning_rate\": 0.001, \"slots\":"
    " [{\"name\": \"velocity\", \"offset\": 0, \"init\": 0.0}]},"
    "\"entries\": {"
    "\"predict\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2,8,8,8,1]}],"
    "\"outputs\": [{\"name\": \"probabilities\", \"type\": \"f32\","
    " \"shape\": [2,8,8,8,3]}], \"kernels\": 1, \"flops_per_sample\": 3072},"
    "\"evaluate_step\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2,8,8,8,1]},"
    "{\"name\": \"label\", \"type\": \"i32\", \"shape\": [2,8,8,8]}],"
    "\"outputs\": [{\"name\": \"loss\", \"type\": \"f32\", \"shape\": []},"
    "{\"name\": \"dice\", \"type\": \"f32\", \"shape\": [3]}]},"
    "\"grad_step\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2,8,8,8,1]},"
    "{\"name\": \"label\", \"type\": \"i32\", \"shape\": [2,8,8,8]}],"
    "\"outputs\": [{\"name\": \"loss\", \"type\": \"f32\", \"shape\": []},"
    "{\"name\": \"dice\", \"type\": \"f32\", \"shape\": [3]}]},"
    "\"apply_step\": {\"inputs\": [], \"outputs\": ["
    "{\"name\": \"finite\", \"type\": \"f32\", \"shape\": []}]},"
    "\"train_step\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2,8,8,8,1]},"
    "{\"name\": \"label\", \"type\": \"i32\", \"shape\": [2,8,8,8]}],"
    "\"outputs\": [{\"name\": \"loss\", \"type\": \"f32\", \"shape\": []},"
    "{\"name\": \"dice\", \"type\": \"f32\", \"shape\": [3]},"
    "{\"name\": \"finite\", \"type\": \"f32\", \"shape\": []}]}},"
    "\"versions\": [{\"cpu\": \"fake-cpu\", \"features\": [" FAKE_FEATURES "],"
    "\"arena_bytes\": {\"prepare\": 0, \"predict\": 0, \"evaluate_step\": 512,"
    "\"grad_step\": 512, \"apply_step\": 0, \"train_step\": 512},"
    "\"scratch_bytes\": 64}],"
    "\"pipeline\": {\"kind\": \"decathlon\", \"input_shape\": [8,8,8],"
    "\"normalization\": \"zscore\", \"resize_interpolator\": \"linear\","
    "\"augment\": [\"flip_y\", \"flip_x\"],"
    "\"class_names\": [\"background\", \"anterior\", \"posterior\"]}}";

/* One chunk's share of the sums, in the arena. */
typedef struct partial {
  float loss, weight[CLASSES], bias[CLASSES], both[CLASSES], sum[CLASSES];
  float image;
} partial;

typedef struct work {
  const float *image, *weight, *bias;
  const int32_t *label;
  float *probabilities;
  partial *partials;
} work;

static void probabilities_at(const work *w, float x, float *p) {
  float largest = -INFINITY, sum = 0;
  for (int c = 0; c < CLASSES; ++c) {
    p[c] = x * w->weight[c] + w->bias[c];
    largest = p[c] > largest ? p[c] : largest;
  }
  for (int c = 0; c < CLASSES; ++c)
    sum += p[c] = expf(p[c] - largest);
  for (int c = 0; c < CLASSES; ++c)
    p[c] /= sum;
}

static void predict_chunk(void *argument, int64_t task, uint32_t worker) {
  const work *w = argument;
  int64_t size = VOXELS / CHUNKS;
  (void)worker;
  for (int64_t i = task * size; i < (task + 1) * size; ++i)
    probabilities_at(w, w->image[i], w->probabilities + i * CLASSES);
}

static void gradient_chunk(void *argument, int64_t task, uint32_t worker) {
  const work *w = argument;
  int64_t size = VOXELS / CHUNKS;
  partial s = {0};
  (void)worker;
  for (int64_t i = task * size; i < (task + 1) * size; ++i) {
    float p[CLASSES];
    probabilities_at(w, w->image[i], p);
    s.loss -= logf(p[w->label[i]]);
    s.image += w->image[i];
    for (int c = 0; c < CLASSES; ++c) {
      float hot = w->label[i] == c, gradient = p[c] - hot;
      s.weight[c] += gradient * w->image[i];
      s.bias[c] += gradient;
      s.both[c] += p[c] * hot;
      s.sum[c] += p[c] + hot;
    }
  }
  w->partials[task] = s;
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
  segc_kernel_event event = {size,          0,   entry, name, "seg.fake at 1:1",
                             1e3,           1e3, 1,     0,    &output,
                             &elements,     NULL};
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
                    call->batch * VOXELS * CLASSES);
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
  partial total = {0};
  for (int64_t t = 0; t < tasks; ++t)
    for (size_t i = 0; i < sizeof(partial) / sizeof(float); ++i)
      ((float *)&total)[i] += ((const float *)&w.partials[t])[i];
  float voxels = (float)(call->batch * VOXELS);
  ((float *)call->outputs[0])[0] = total.loss / voxels;
  for (int c = 0; c < CLASSES; ++c) {
    ((float *)call->outputs[1])[c] =
        (2 * total.both[c] + 1e-6f) / (total.sum[c] + 1e-6f);
    if (gradients) {
      float scale = call->scalars->loss_scale / voxels;
      gradients[WEIGHT + c] = total.weight[c] * scale;
      gradients[BIAS + c] = total.bias[c] * scale;
    }
  }
  if (gradients) {
    float *mean = call->states;
    *mean = 0.9f * *mean + 0.1f * total.image / voxels;
  }
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
  const segc_scalars *s = call->scalars;
  float *parameters = call->parameters, *velocity = call->optimizer;
  const float *gradients = call->gradients;
  for (int i = 0; i < 32; ++i)
    if (!isfinite(gradients[i]))
      return 0;
  for (int i = 0; i < 32; ++i) {
    float decay = i < BIAS ? s->weight_decay * parameters[i] : 0;
    velocity[i] =
        s->momentum * velocity[i] + gradients[i] / s->loss_scale + decay;
    parameters[i] -= s->learning_rate * velocity[i];
  }
  return 1;
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

#ifdef FAKE_WEIGHTS
static const float weights[32] __attribute__((aligned(64))) = {1, 2, 3};
#define FAKE_WEIGHTS_POINTER weights
#else
#define FAKE_WEIGHTS_POINTER NULL
#endif

static const char source[] = "// the fake model has no text\n";
static const segc_model model = {FAKE_ABI_VERSION,
                                 sizeof(segc_model),
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
                                 apply_step};

#ifdef FAKE_NOTE
/* What the compiler writes beside: tables, and a note that says where. */
static void kernel(void *const *buffers, void *scratch, int64_t n,
                   int64_t task) {
  (void)buffers;
  (void)scratch;
  (void)n;
  (void)task;
}
static const segc_operand probabilities_operand = {
    SEGC_REGION_OUTPUT, 0, 0, 0, VOXELS * CLASSES, SEGC_F32, 0};
static const segc_operand partials_operand = {
    SEGC_REGION_ARENA, 0, 64, 112, 0, SEGC_F32, 0};
static const segc_launch predict_launch = {
    kernel, "fake_predict", "seg.fake", &probabilities_operand, 1, 0, 1, 0,
    0,      CHUNKS,         1e3,        1e3};
static const segc_launch gradient_launch = {
    kernel, "fake_gradient", "seg.fake", &partials_operand, 1, 0, 1, 0,
    0,      CHUNKS,          1e3,        1e3};
const segc_version_table fake_versions[1] __attribute__((visibility("hidden"))) =
    {{"fake-cpu",
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
