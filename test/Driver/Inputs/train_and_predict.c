/*===- train_and_predict.c - Steps of a model on any processor ------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *   train_and_predict MODEL.so
 *
 * Trains three steps on one made-up batch, unless the model is for predictions,
 * then predicts it. Prints the losses and the probabilities, which are the same
 * on each processor but for rounding.
 *
 *===----------------------------------------------------------------------===*/

#include "manifest.h"
#include "segc/model.h"

#include <dlfcn.h>
#include <stdio.h>

static void fail(const char *what) {
  fprintf(stderr, "train_and_predict: %s\n", what);
  exit(1);
}

static void *allocate(int64_t bytes) {
  uint64_t rounded = ((uint64_t)bytes / SEGC_ALIGNMENT + 1) * SEGC_ALIGNMENT;
  void *memory = aligned_alloc(SEGC_ALIGNMENT, rounded);
  if (!memory)
    fail("out of memory");
  return memset(memory, 0, rounded);
}

static uint32_t draw(void) {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

/* From [-scale, scale). */
static void fill(float *values, int64_t count, float scale) {
  for (int64_t i = 0; i < count; ++i)
    values[i] = scale * ((float)draw() / (1 << 23) - 1);
}

/* Values that a list of tensors or slots begins with. */
static void initialize(const char *list, float *region, int64_t elements) {
  const char *tensor;
  for (int i = 0; (tensor = json_element(list, i)) != NULL; ++i) {
    const char *init = json_member(tensor, "init");
    const char *nested = json_member(init, "value");
    const char *count = json_member(tensor, "elements");
    float value = (float)json_integer(nested ? nested : init);
    int64_t n = count ? json_integer(count) : elements;
    float *first = region + json_integer(json_member(tensor, "offset")) / 4;
    for (int64_t at = 0; at < n; ++at)
      first[at] = value;
  }
}

static void **buffers_of(const char *list, uint32_t *count) {
  void **buffers = calloc(16, sizeof(void *));
  const char *tensor;
  for (*count = 0; (tensor = json_element(list, (int)*count)); ++*count)
    buffers[*count] =
        allocate(8 * json_elements_of_shape(json_member(tensor, "shape")));
  return buffers;
}

int main(int argc, char **argv) {
  void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!library)
    fail(argc == 2 ? dlerror() : "expected a model");
  segc_model_query_fn query;
  *(void **)&query = dlsym(library, "segc_model_query");
  const segc_model *model = query ? query(SEGC_ABI_VERSION) : NULL;
  if (!model)
    fail("no version of the model runs here");
  const char *manifest = model->manifest;
  const char *version = json_element(json_member(manifest, "versions"), 0);
  const char *arenas = json_member(version, "arena_bytes");
  const char *entries = json_member(manifest, "entries");
  const char *train = json_member(entries, "train_step");
  const char *predict = json_member(entries, "predict");
  const char *first = train ? train : predict;
  const char *optimizer = json_member(manifest, "optimizer");
  int64_t parameters = json_integer(json_member(manifest, "parameter_bytes"));
  int64_t states = json_integer(json_member(manifest, "state_bytes"));
  int64_t arena = 0;
  const char *names[] = {"train_step", "predict", "prepare"};
  for (int i = 0; i < 3; ++i) {
    int64_t bytes = json_integer(json_member(arenas, names[i])) +
                    json_integer(json_member(version, "scratch_bytes"));
    arena = bytes > arena ? bytes : arena;
  }
  segc_scalars scalars = {.learning_rate = 1e-2f, .loss_scale = 1, .step = 1};
  segc_services services = {.struct_size = sizeof services, .workers = 1};
  segc_message message = {{0}};
  segc_call call = {.struct_size = sizeof call,
                    .batch = json_integer(json_member(manifest, "batch")),
                    .parameters = allocate(parameters),
                    .states = allocate(states),
                    .gradients = allocate(parameters),
                    .optimizer = allocate(
                        json_integer(json_member(manifest, "optimizer_bytes"))),
                    .prepared = allocate(
                        json_integer(json_member(manifest, "prepared_bytes"))),
                    .arena = allocate(arena),
                    .arena_bytes = (uint64_t)arena,
                    .scalars = &scalars};
  fill(call.parameters, parameters / 4, 0.1f);
  initialize(json_member(manifest, "states"), call.states, 0);
  initialize(json_member(optimizer, "slots"), call.optimizer, parameters / 4);

  void **inputs = buffers_of(json_member(first, "inputs"), &call.input_count);
  void **outputs =
      buffers_of(json_member(first, "outputs"), &call.output_count);
  call.inputs = inputs;
  call.outputs = outputs;
  const char *shapes = json_member(first, "inputs");
  fill(inputs[0],
       json_elements_of_shape(json_member(json_element(shapes, 0), "shape")),
       1);
  int64_t classes = json_integer(json_member(manifest, "classes"));
  int64_t labels = train ? json_elements_of_shape(
                               json_member(json_element(shapes, 1), "shape"))
                         : 0;
  for (int64_t i = 0; i < labels; ++i)
    ((int32_t *)inputs[1])[i] = (int32_t)(draw() % (uint32_t)classes);
  for (int step = 0; train && step < 3; ++step) {
    if (model->train_step(&services, &call, &message) != SEGC_OK)
      fail(message.text);
    printf("%.9g\n", *(float *)outputs[0]);
  }

  call.input_count = call.output_count = 0;
  if (model->prepare && model->prepare(&services, &call, &message) != SEGC_OK)
    fail(message.text);
  call.input_count = 1;
  outputs = buffers_of(json_member(predict, "outputs"), &call.output_count);
  call.outputs = outputs;
  if (model->predict(&services, &call, &message) != SEGC_OK)
    fail(message.text);
  const char *results = json_member(predict, "outputs");
  int64_t numbers =
      json_elements_of_shape(json_member(json_element(results, 0), "shape"));
  for (int64_t i = 0; i < numbers; ++i)
    printf("%.9g\n", ((float *)outputs[0])[i]);
  return 0;
}
