/*===- LibraryHost.c - A host of libsegc with several threads -------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *   SegcLibraryHost MODEL IMAGE OUTPUT [THREADS [ROUNDS [DEVICE [STEPS]]]]
 *
 * Opens a model once and predicts the image from four threads at once (or
 * THREADS), ROUNDS times, thread N into OUTPUT/N.nii.gz, with STEPS of
 * post-processing. The answer is 0 if all predictions succeeded. Prints a JSON
 * object: KiB of memory before the model was opened, at the peak, and with all
 * that is kept for the next predictions, and what the library says of the
 * model.
 *
 *===----------------------------------------------------------------------===*/

#include "segc/segc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 64 };

typedef struct work {
  segc_predictor *predictor;
  const char *image, *folder, *steps;
  int number, rounds;
  double last; /* share that the callback was told */
  int failed;
} work;

static int progress(void *context, double share) {
  work *w = context;
  w->failed |= share < w->last || share > 1;
  w->last = share;
  return 0;
}

static void *predict(void *argument) {
  work *w = argument;
  char output[4096];
  segc_error error;
  segc_predict_options options;
  int round;
  segc_predict_options_init(&options);
  options.progress = progress;
  options.context = w;
  options.postprocess = w->steps;
  snprintf(output, sizeof(output), "%s/%d.nii.gz", w->folder, w->number);
  for (round = 0; round < w->rounds; ++round) {
    w->last = 0;
    if (segc_predict_file(w->predictor, &w->image, 1, output, &options,
                          &error) != SEGC_STATUS_OK) {
      fprintf(stderr, "%s\n", error.text);
      w->failed = 1;
    }
    w->failed |= w->last < 1;
  }
  return NULL;
}

/* A number of KiB behind a name in a file of /proc/self; -1: not found. */
static long kib_of(const char *file, const char *name) {
  FILE *stream = fopen(file, "r");
  char line[256];
  long value = -1;
  while (stream && fgets(line, sizeof(line), stream))
    if (strncmp(line, name, strlen(name)) == 0)
      value = atol(line + strlen(name));
  if (stream)
    fclose(stream);
  return value;
}

static long mapped_kib(const char *name) {
  return kib_of("/proc/self/smaps_rollup", name);
}

int main(int argc, char **argv) {
  static work works[MAX_THREADS];
  pthread_t threads[MAX_THREADS];
  segc_open_options options;
  segc_predictor *predictor;
  segc_error error;
  const long before = mapped_kib("Rss:");
  int count = argc > 4 ? atoi(argv[4]) : 4, failed = 0, i;
  if (argc < 4 || count < 1 || count > MAX_THREADS) {
    fprintf(stderr,
            "usage: SegcLibraryHost MODEL IMAGE OUTPUT [THREADS [ROUNDS "
            "[DEVICE [STEPS]]]]\n");
    return 2;
  }
  segc_open_options_init(&options);
  options.threads = 2;
  options.device = argc > 6 ? argv[6] : NULL;
  if (segc_open(argv[1], &options, &predictor, &error) != SEGC_STATUS_OK) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  for (i = 0; i < count; ++i) {
    works[i].predictor = predictor;
    works[i].image = argv[2];
    works[i].folder = argv[3];
    works[i].steps = argc > 7 ? argv[7] : NULL;
    works[i].number = i;
    works[i].rounds = argc > 5 ? atoi(argv[5]) : 1;
    if (pthread_create(&threads[i], NULL, predict, &works[i]) != 0)
      return 1;
  }
  for (i = 0; i < count; ++i) {
    pthread_join(threads[i], NULL);
    failed |= works[i].failed;
  }
  printf("{\"before\": %ld, \"peak\": %ld, \"rss\": %ld, \"pss\": %ld, "
         "\"model\": %s}\n",
         before, kib_of("/proc/self/status", "VmHWM:"), mapped_kib("Rss:"),
         mapped_kib("Pss:"), segc_describe(predictor));
  if (segc_close(predictor, &error) != SEGC_STATUS_OK) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  return failed;
}
