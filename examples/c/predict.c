/*===- predict.c - A compiled model in a C program ------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Predicts one image with a model that carries its weights (made by
 * `segrun export`). Needs nothing but <segc/model.h> and libc:
 *
 *   predict MODEL.so [IMAGE.f32]
 *
 * IMAGE.f32 holds the preprocessed sample as raw f32 in the order of the
 * model's input; without it the image is zero. Prints how many pixels each
 * class gets.
 *
 *===----------------------------------------------------------------------===*/

#include "manifest.h"
#include "segc/model.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *why) {
  fprintf(stderr, "predict: %s: %s\n", what, why);
  exit(1);
}

/* Zeroed memory at an address that every kernel accepts. */
static void *allocate(uint64_t bytes) {
  uint64_t rounded =
      (bytes + SEGC_ALIGNMENT - 1) / SEGC_ALIGNMENT * SEGC_ALIGNMENT;
  void *memory =
      aligned_alloc(SEGC_ALIGNMENT, rounded ? rounded : SEGC_ALIGNMENT);
  if (!memory)
    fail("memory", "not enough for this model");
  return memset(memory, 0, rounded);
}

static const segc_model *load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(path, dlerror());
  segc_model_query_fn query;
  *(void **)&query = dlsym(library, "segc_model_query");
  if (!query)
    fail(path, "not a compiled model");
  const segc_model *model = query(SEGC_ABI_VERSION);
  if (!model || model->abi_version != SEGC_ABI_VERSION)
    fail(path, "compiled for another version of segc/model.h");
  if (!model->predict || !model->weights)
    fail(path, "carries no weights; make it with `segrun export`");
  return model;
}

/* The model takes the first version that runs on this processor; memory for
 * the largest of them suits each. */
static uint64_t arena_bytes(const char *manifest, const char *entry) {
  const char *version, *versions = json_member(manifest, "versions");
  uint64_t largest = 0;
  for (int i = 0; (version = json_element(versions, i)) != NULL; ++i) {
    const char *arenas = json_member(version, "arena_bytes");
    /* One worker: this program calls without a thread pool. */
    uint64_t bytes = json_integer(json_member(arenas, entry)) +
                     json_integer(json_member(version, "scratch_bytes"));
    if (bytes > largest)
      largest = bytes;
  }
  return largest;
}

static void check(segc_code code, const segc_message *message) {
  if (code != SEGC_OK)
    fail("the model", message->text);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: predict MODEL.so [IMAGE.f32]\n");
    return 2;
  }
  const segc_model *model = load(argv[1]);
  const char *manifest = model->manifest;
  const char *entry = json_member(json_member(manifest, "entries"), "predict");
  uint64_t batch = json_integer(json_member(manifest, "batch"));
  uint64_t classes = json_integer(json_member(manifest, "classes"));
  uint64_t input = json_elements_of_shape(
      json_member(json_element(json_member(entry, "inputs"), 0), "shape"));
  uint64_t output = json_elements_of_shape(
      json_member(json_element(json_member(entry, "outputs"), 0), "shape"));
  if (!batch || !classes || !input || !output)
    fail(argv[1], "its manifest lacks a size");

  float *image = allocate(input * sizeof(float));
  float *probabilities = allocate(output * sizeof(float));
  uint64_t sample = input / batch, pixels = output / batch / classes;
  if (argc == 3) {
    FILE *file = fopen(argv[2], "rb");
    if (!file || fread(image, sizeof(float), sample, file) != sample)
      fail(argv[2], "cannot read one sample of f32");
    fclose(file);
  }

  /* Weights are aligned like every buffer and are only read by predict. */
  void *inputs[] = {image}, *outputs[] = {probabilities};
  uint64_t prepare_bytes = arena_bytes(manifest, "prepare");
  uint64_t predict_bytes = arena_bytes(manifest, "predict");
  segc_scalars scalars = {0};
  segc_message message = {{0}};
  segc_services services = {0};
  services.struct_size = sizeof(services);
  services.workers = 1; /* no parallel_for: everything runs on this thread */
  segc_call call = {0};
  call.struct_size = sizeof(call);
  call.batch = 1;
  call.parameters = (void *)model->weights;
  call.states = (void *)model->weight_states;
  call.prepared =
      allocate(json_integer(json_member(manifest, "prepared_bytes")));
  call.arena_bytes =
      prepare_bytes > predict_bytes ? prepare_bytes : predict_bytes;
  call.arena = allocate(call.arena_bytes);
  call.scalars = &scalars;
  if (model->prepare)
    check(model->prepare(&services, &call, &message), &message);
  call.input_count = 1;
  call.output_count = 1;
  call.inputs = inputs;
  call.outputs = outputs;
  check(model->predict(&services, &call, &message), &message);

  uint64_t *counts = calloc(classes, sizeof(uint64_t));
  for (uint64_t i = 0; counts && i < pixels; ++i) {
    uint64_t best = 0;
    for (uint64_t c = 1; c < classes; ++c)
      if (probabilities[i * classes + c] > probabilities[i * classes + best])
        best = c;
    ++counts[best];
  }
  for (uint64_t c = 0; counts && c < classes; ++c)
    printf("class %llu: %llu of %llu\n", (unsigned long long)c,
           (unsigned long long)counts[c], (unsigned long long)pixels);
  return 0;
}
