/*===- FakeNetwork.h - The network of the fake models ---------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * logits = image * weight + bias on 8x8x8 volumes, or images of FAKE_SHAPE, of
 * three classes, or slices of two, cross-entropy, SGD with momentum.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_UNITTESTS_RUNTIME_FAKENETWORK_H
#define SEGC_UNITTESTS_RUNTIME_FAKENETWORK_H

#include "segc/model.h"

#include <math.h>
#include <stddef.h>

#ifndef FAKE_FEATURES
#define FAKE_FEATURES ""
#endif
#ifdef FAKE_CUDA
#define FAKE_GPU_VERSION                                                       \
  ", {\"device\": \"cuda\", \"gpu\": \"sm_80\", \"features\": [],"             \
  "\"arena_bytes\": {\"prepare\": 0, \"predict\": 0, \"evaluate_step\": 512,"  \
  "\"grad_step\": 512, \"apply_step\": 0, \"train_step\": 512},"               \
  "\"scratch_bytes\": 64}"
#else
#define FAKE_GPU_VERSION
#endif
#ifndef FAKE_MANIFEST_FORMAT
#define FAKE_MANIFEST_FORMAT "1"
#endif

/* Slices are membranes or what is between them. */
#ifdef FAKE_SLICES
#define FAKE_SHAPE "16,32"
#define FAKE_CLASSES "2"
#define FAKE_PARAMETERS "4"
#define FAKE_CLASS_NAMES "\"membrane\", \"background\""
enum { CLASSES = 2 };
#else
#define FAKE_CLASSES "3"
#define FAKE_PARAMETERS "6"
#define FAKE_CLASS_NAMES "\"background\", \"anterior\", \"posterior\""
enum { CLASSES = 3 };
#endif

/* What predict gives: probabilities, or the image as the features of a head. */
#ifdef FAKE_HEAD
#define FAKE_OUTPUT                                                            \
  "{\"name\": \"features\", \"type\": \"f32\", \"shape\": [2," FAKE_SHAPE ",1" \
  "]}"
#define FAKE_HEAD_NAMES                                                        \
  "\"head\": {\"weight\": \"head.weight\", \"bias\": \"head.bias\"},"
enum { OUTPUTS = 1 };
#else
#define FAKE_OUTPUT                                                            \
  "{\"name\": \"probabilities\", \"type\": \"f32\","                           \
  " \"shape\": [2," FAKE_SHAPE "," FAKE_CLASSES "]}"
#define FAKE_HEAD_NAMES ""
enum { OUTPUTS = CLASSES };
#endif
/* Of an image; of 512 voxels. */
#ifndef FAKE_SHAPE
#define FAKE_SHAPE "8,8,8"
#endif
/* What an export would have added to the pipeline. */
#ifdef FAKE_USE
#define FAKE_USE_KEYS                                                          \
  ", \"postprocess\": \"largest:2\", \"overlap\": 0.25, \"tta\": true,"        \
  "\"window_weights\": \"constant\", \"average\": \"probabilities\""
#else
#define FAKE_USE_KEYS ""
#endif
#ifdef FAKE_PATCHES
#define FAKE_PIPELINE                                                          \
  "\"kind\": \"nnunet\", \"dim\": 3, \"patch\": [8,8,8],"                      \
  "\"spacing\": [1.0,1.0,1.0], \"modality\": \"MRI\"" FAKE_USE_KEYS
#elif defined(FAKE_SLICES)
#define FAKE_PIPELINE                                                          \
  "\"kind\": \"isbi\", \"resize\": [16,32], \"output\": [16,32],"              \
  "\"pad_to\": [16,32]"
#else
#define FAKE_PIPELINE                                                          \
  "\"kind\": \"decathlon\", \"input_shape\": [8,8,8],"                         \
  "\"normalization\": \"zscore\", \"resize_interpolator\": \"linear\","        \
  "\"augment\": [\"flip_y\", \"flip_x\"]"
#endif

/* An entry that makes patches of crops: their first corner, scaled and shifted.
 */
#ifdef FAKE_AUGMENT
#define FAKE_AUGMENT_ENTRY                                                     \
  "\"augment\": {\"inputs\": ["                                                \
  "{\"name\": \"crop\", \"type\": \"f32\", \"shape\": [2,12,12,12,1]},"        \
  "{\"name\": \"crop_labels\", \"type\": \"i32\", \"shape\": [2,12,12,12]},"   \
  "{\"name\": \"maps\", \"type\": \"f32\", \"shape\": [2,24]},"                \
  "{\"name\": \"intensities\", \"type\": \"f32\", \"shape\": [2,1,24]},"       \
  "{\"name\": \"noise_keys\", \"type\": \"i32\", \"shape\": [2,4]}],"          \
  "\"outputs\": [{\"name\": \"image\", \"type\": \"f32\","                     \
  "\"shape\": [" FAKE_AUGMENT "," FAKE_SHAPE ",1]},"                           \
  "{\"name\": \"label\", \"type\": \"i32\", \"shape\": [2," FAKE_SHAPE "]}]},"
#define FAKE_AUGMENTATION "\"augmentation\": \"v2\","
#define FAKE_AUGMENT_ARENA "\"augment\": 0,"
#else
#define FAKE_AUGMENT_ENTRY ""
#define FAKE_AUGMENTATION ""
#define FAKE_AUGMENT_ARENA ""
#endif

/* What makes probabilities of logits: classes, or regions that may overlap. */
#ifdef FAKE_SIGMOID
#define FAKE_ACTIVATION "sigmoid"
enum { SIGMOID = 1 };
#else
#define FAKE_ACTIVATION "softmax"
enum { SIGMOID = 0 };
#endif

enum { VOXELS = 512, CHUNKS = 4, LARGEST_BATCH = 2 };
enum { WEIGHT = 0, BIAS = 16 }; /* offsets in floats */

static const char manifest[] =
    "{\"format\": " FAKE_MANIFEST_FORMAT
    ", \"network\": \"fake\", \"batch\": 2,"
    "\"classes\": " FAKE_CLASSES ", \"activation\": \"" FAKE_ACTIVATION "\","
    "\"precision\": \"f32\", \"parameter_count\": " FAKE_PARAMETERS ","
    "\"parameter_bytes\": 128, \"state_bytes\": 64, \"optimizer_bytes\": 128,"
    "\"prepared_bytes\": 64, \"parameters\": ["
    "{\"name\": \"head.weight\", \"shape\": [1," FAKE_CLASSES "],"
    " \"offset\": 0, \"elements\": " FAKE_CLASSES ", \"decay\": true,"
    " \"init\": {\"kind\": \"glorot_uniform\", \"value\": 0.0}},"
    "{\"name\": \"head.bias\", \"shape\": [" FAKE_CLASSES "],"
    " \"offset\": 64, \"elements\": " FAKE_CLASSES ", \"decay\": false,"
    " \"init\": {\"kind\": \"constant\", \"value\": 0.25}}],"
    "\"states\": [{\"name\": \"running_mean\", \"shape\": [1], \"offset\": 0,"
    " \"elements\": 1, \"init\": {\"kind\": \"constant\", \"value\": 0.0}}],"
    "\"optimizer\": {\"kind\": \"sgd\", \"learning_rate\": 0.001, \"slots\":"
    " [{\"name\": \"velocity\", \"offset\": 0, \"init\": "
    "0.0}]}," FAKE_HEAD_NAMES FAKE_AUGMENTATION
    "\"entries\": {" FAKE_AUGMENT_ENTRY "\"predict\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2," FAKE_SHAPE
    ",1]}],"
    "\"outputs\": [" FAKE_OUTPUT
    "], \"kernels\": 1, \"flops_per_sample\": 3072},"
    "\"evaluate_step\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2," FAKE_SHAPE ",1]},"
    "{\"name\": \"label\", \"type\": \"i32\", \"shape\": [2," FAKE_SHAPE "]}],"
    "\"outputs\": [{\"name\": \"loss\", \"type\": \"f32\", \"shape\": []},"
    "{\"name\": \"dice\", \"type\": \"f32\", \"shape\": [" FAKE_CLASSES "]}]},"
    "\"grad_step\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2," FAKE_SHAPE ",1]},"
    "{\"name\": \"label\", \"type\": \"i32\", \"shape\": [2," FAKE_SHAPE "]}],"
    "\"outputs\": [{\"name\": \"loss\", \"type\": \"f32\", \"shape\": []},"
    "{\"name\": \"dice\", \"type\": \"f32\", \"shape\": [" FAKE_CLASSES "]}]},"
    "\"apply_step\": {\"inputs\": [], \"outputs\": ["
    "{\"name\": \"finite\", \"type\": \"f32\", \"shape\": []}]},"
    "\"train_step\": {\"inputs\": ["
    "{\"name\": \"image\", \"type\": \"f32\", \"shape\": [2," FAKE_SHAPE ",1]},"
    "{\"name\": \"label\", \"type\": \"i32\", \"shape\": [2," FAKE_SHAPE "]}],"
    "\"outputs\": [{\"name\": \"loss\", \"type\": \"f32\", \"shape\": []},"
    "{\"name\": \"dice\", \"type\": \"f32\", \"shape\": [" FAKE_CLASSES "]},"
    "{\"name\": \"finite\", \"type\": \"f32\", \"shape\": []}]}},"
    "\"versions\": [{\"cpu\": \"fake-cpu\", \"features\": [" FAKE_FEATURES "],"
    "\"arena_bytes\": {" FAKE_AUGMENT_ARENA
    "\"prepare\": 0, \"predict\": 0, \"evaluate_step\": 512,"
    "\"grad_step\": 512, \"apply_step\": 0, \"train_step\": 512},"
    "\"scratch_bytes\": 64}" FAKE_GPU_VERSION "],"
    "\"pipeline\": {" FAKE_PIPELINE ","
    "\"class_names\": [" FAKE_CLASS_NAMES "]}}";

/* The partial sums of one chunk, in the arena. */
typedef struct partial {
  float loss, weight[CLASSES], bias[CLASSES], both[CLASSES], sum[CLASSES];
  float image;
} partial;

static inline void probabilities_at(const float *weight, const float *bias,
                                    float x, float *p) {
  float largest = -INFINITY, sum = 0;
  for (int c = 0; c < CLASSES; ++c) {
    p[c] = x * weight[c] + bias[c];
    largest = p[c] > largest ? p[c] : largest;
  }
  for (int c = 0; SIGMOID && c < CLASSES; ++c)
    p[c] = 1 / (1 + expf(-p[c]));
  if (SIGMOID)
    return;
  for (int c = 0; c < CLASSES; ++c)
    sum += p[c] = expf(p[c] - largest);
  for (int c = 0; c < CLASSES; ++c)
    p[c] /= sum;
}

static inline void predict_task(const float *image, const float *weight,
                                const float *bias, float *probabilities,
                                int64_t task) {
  int64_t size = VOXELS / CHUNKS;
  for (int64_t i = task * size; i < (task + 1) * size; ++i)
    if (OUTPUTS == CLASSES)
      probabilities_at(weight, bias, image[i], probabilities + i * CLASSES);
    else
      probabilities[i] = image[i];
}

enum { CROP_EDGE = 12, PATCH_EDGE = 8 };
enum { INTENSITIES = 24, SCALE = 5, SHIFT = 6 };

static inline void augment_sample(const float *crop, const int32_t *labels,
                                  const float *intensities, float *image,
                                  int32_t *label) {
  for (int z = 0; z < PATCH_EDGE; ++z)
    for (int y = 0; y < PATCH_EDGE; ++y)
      for (int x = 0; x < PATCH_EDGE; ++x, ++image, ++label) {
        int at = (z * CROP_EDGE + y) * CROP_EDGE + x;
        *image = crop[at] * intensities[SCALE] + intensities[SHIFT];
        *label = labels[at] < 0 ? 0 : labels[at];
      }
}

static inline void objective_task(const float *image, const int32_t *label,
                                  const float *weight, const float *bias,
                                  partial *partials, int64_t task) {
  int64_t size = VOXELS / CHUNKS;
  partial s = {0};
  for (int64_t i = task * size; i < (task + 1) * size; ++i) {
    float p[CLASSES];
    probabilities_at(weight, bias, image[i], p);
    s.loss -= logf(p[label[i]]);
    s.image += image[i];
    for (int c = 0; c < CLASSES; ++c) {
      float hot = label[i] == c, gradient = p[c] - hot;
      s.weight[c] += gradient * image[i];
      s.bias[c] += gradient;
      s.both[c] += p[c] * hot;
      s.sum[c] += p[c] + hot;
    }
  }
  partials[task] = s;
}

/* Computes loss, Dice and, if their pointers are not null, the gradient of the
 * mean cross-entropy and the running mean. */
static inline void finish_objective(const partial *partials, int64_t batch,
                                    float loss_scale, float *loss, float *dice,
                                    float *gradients, float *mean) {
  partial total = {0};
  for (int64_t t = 0; t < batch * CHUNKS; ++t)
    for (unsigned i = 0; i < sizeof(partial) / sizeof(float); ++i)
      ((float *)&total)[i] += ((const float *)&partials[t])[i];
  float voxels = (float)(batch * VOXELS);
  *loss = total.loss / voxels;
  for (int c = 0; c < CLASSES; ++c) {
    dice[c] = (2 * total.both[c] + 1e-6f) / (total.sum[c] + 1e-6f);
    if (gradients) {
      float scale = loss_scale / voxels;
      gradients[WEIGHT + c] = total.weight[c] * scale;
      gradients[BIAS + c] = total.bias[c] * scale;
    }
  }
  if (mean)
    *mean = 0.9f * *mean + 0.1f * total.image / voxels;
}

/* Returns 1 if the gradients are finite, else 0 without any change. */
static inline float apply_update(const segc_scalars *s, const float *gradients,
                                 float *parameters, float *velocity) {
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

#ifdef FAKE_WEIGHTS
static const float weights[32] __attribute__((aligned(64))) = {1, 2, 3};
#define FAKE_WEIGHTS_POINTER weights
#else
#define FAKE_WEIGHTS_POINTER NULL
#endif

#endif /* SEGC_UNITTESTS_RUNTIME_FAKENETWORK_H */
