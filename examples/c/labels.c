/*===- labels.c - Labels of a scan, with libsegc --------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *   labels MODEL.so SCAN.nii.gz LABELS.nii.gz
 *
 * Predicts a scan with a model that carries its weights (`segrun export`) and
 * writes labels on the grid of the scan. Ctrl-C cancels.
 *
 *===----------------------------------------------------------------------===*/

#include <segc/segc.h>

#include <signal.h>
#include <stdio.h>

static segc_cancellation *cancellation;

/* The one function of libsegc that a signal handler may call. */
static void cancel(int number) {
  (void)number;
  segc_cancel(cancellation);
}

static int show(void *context, double share) {
  (void)context;
  fprintf(stderr, "\r%3.0f %%", 100 * share);
  return 0; /* go on */
}

static void warn(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "\nwarning: %s\n", text);
}

int main(int argc, char **argv) {
  segc_predict_options options;
  segc_predictor *predictor;
  segc_error error;
  segc_status status;
  const char *scan;
  uint32_t label;
  if (argc != 4) {
    fprintf(stderr, "usage: labels MODEL.so SCAN LABELS\n");
    return 2;
  }
  scan = argv[2];
  status = segc_open(argv[1], NULL, &predictor, &error);
  if (status == SEGC_STATUS_OK)
    status = segc_cancellation_create(&cancellation, &error);
  if (status != SEGC_STATUS_OK) {
    fprintf(stderr, "labels: %s\n", error.text);
    return 1;
  }
  for (label = 0; segc_label_name(predictor, label); ++label)
    printf("label %u: %s\n", (unsigned)label,
           segc_label_name(predictor, label));
  signal(SIGINT, cancel);
  segc_predict_options_init(&options);
  options.cancellation = cancellation;
  options.progress = show;
  options.warning = warn;
  status = segc_predict_file(predictor, &scan, 1, argv[3], &options, &error);
  fprintf(stderr, "\n");
  if (status != SEGC_STATUS_OK)
    fprintf(stderr, "labels: %s: %s\n", segc_status_name(status), error.text);
  signal(SIGINT, SIG_DFL);
  segc_cancellation_free(cancellation);
  segc_close(predictor, NULL);
  return status == SEGC_STATUS_OK ? 0 : 1;
}
