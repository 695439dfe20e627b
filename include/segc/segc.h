/*===- segc.h - Prediction in another program -----------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The interface of libsegc, in C99: opens a network that `segrun export` froze,
 * and makes labels of scans, on their own grid, as `segrun predict` does.
 * docs/Library.md is its manual.
 *
 * Rules of all functions:
 * - Nothing is printed, nothing ends the process, no exception leaves the
 *   library, no signal handler is installed.
 * - A function that can fail returns a segc_status and takes a segc_error,
 * which may be NULL, as its last argument; a text says what failed, where, what
 * was expected and what to do. After an error everything can be called again.
 * - Several threads may predict with one segc_predictor at a time. They share
 *   the weights; each prediction has working memory and threads of its own.
 * - From a callback, or a signal handler that interrupts one of these functions
 *   on its thread, only segc_cancel has an effect; the others answer
 *   SEGC_STATUS_BUSY.
 * - A process that forks uses the library in one of the two processes.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_SEGC_H
#define SEGC_SEGC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(readability-identifier-naming): names of C */

#if defined(__GNUC__)
#define SEGC_EXPORT __attribute__((visibility("default")))
#else
#define SEGC_EXPORT
#endif

/* Raised when this header changes. A library serves hosts of its own version
 * and of earlier ones. */
#define SEGC_LIBRARY_VERSION 1u

typedef enum segc_status {
  SEGC_STATUS_OK = 0,
  SEGC_STATUS_INVALID_ARGUMENT = 1, /* a pointer, size, option or image is
                                       wrong */
  SEGC_STATUS_NOT_FOUND = 2,        /* a file or device is missing */
  SEGC_STATUS_DATA_LOSS = 3,        /* a file is damaged */
  SEGC_STATUS_IO_ERROR = 4,   /* the system refused: memory, disk, permission */
  SEGC_STATUS_NON_FINITE = 5, /* NaN or infinity in an image, weights or what
                                 the network computes */
  SEGC_STATUS_UNSUPPORTED = 6, /* not by this model, build or processor */
  SEGC_STATUS_CANCELLED = 7,   /* segc_cancel, or the answer of progress */
  SEGC_STATUS_BUSY = 8,        /* see the rules above, and segc_close */
  SEGC_STATUS_INTERNAL = 9     /* a fault of segc: please report it */
} segc_status;

/* The text of an error, terminated, in UTF-8; cut where it is longer. Empty
 * after success. */
typedef struct segc_error {
  char text[1024];
} segc_error;

/* A network with its weights. */
typedef struct segc_predictor segc_predictor;
/* A request to stop predictions. */
typedef struct segc_cancellation segc_cancellation;

/* SEGC_LIBRARY_VERSION of the library, and the release as text: "0.1.0". */
SEGC_EXPORT uint32_t segc_library_version(void);
SEGC_EXPORT const char *segc_release(void);
/* "invalid argument", ...; "unknown" for other numbers, as those of a newer
 * library. */
SEGC_EXPORT const char *segc_status_name(int status);

/* ---- Models ------------------------------------------------------------- */

/* Set by segc_open_options_init; members may then be changed. Texts are copied
 * by segc_open. */
typedef struct segc_open_options {
  uint32_t struct_size;
  uint32_t threads;       /* of each prediction; 0: all processors */
  const char *device;     /* "cpu" (NULL), "cuda", "cuda:1", "emulated": on
                             others than "cpu" predictions take turns */
  const char *checkpoint; /* weights (.safetensors), a checkpoint or a results
                             folder; NULL: those in the model */
  const char *plan;       /* plan.json for a network of patches whose model has
                             none, or its own after an edit; NULL: the model's */
  const char *configuration; /* of the plan; NULL: that of the model's patch */
} segc_open_options;

SEGC_EXPORT void segc_open_options_init(segc_open_options *options);

/* Opens a compiled model, which runs its code: open no file that you do not
 * trust. `options` may be NULL. `*predictor` is NULL after an error. */
SEGC_EXPORT segc_status segc_open(const char *model,
                                  const segc_open_options *options,
                                  segc_predictor **predictor,
                                  segc_error *error);
/* Gives all back. SEGC_STATUS_BUSY, without effect, while a thread predicts
 * with it. NULL is allowed. */
SEGC_EXPORT segc_status segc_close(segc_predictor *predictor,
                                   segc_error *error);

/* A JSON object (docs/Library.md), valid until segc_close; NULL for NULL. */
SEGC_EXPORT const char *segc_describe(const segc_predictor *predictor);
/* Channels that an image must have, and classes (or regions) of which there are
 * probabilities; 0 for NULL. */
SEGC_EXPORT uint32_t segc_channels(const segc_predictor *predictor);
SEGC_EXPORT uint32_t segc_classes(const segc_predictor *predictor);
/* Names of the values of labels, from 0 on; NULL beyond them. */
SEGC_EXPORT const char *segc_label_name(const segc_predictor *predictor,
                                        uint32_t label);

/* ---- Predictions -------------------------------------------------------- */

SEGC_EXPORT segc_status
segc_cancellation_create(segc_cancellation **cancellation, segc_error *error);
/* Ends predictions that were given it, now and later, within a kernel or a file
 * at most. From any thread, callback or signal handler. NULL is allowed. */
SEGC_EXPORT void segc_cancel(segc_cancellation *cancellation);
/* Makes it as new. */
SEGC_EXPORT void segc_cancellation_reset(segc_cancellation *cancellation);
/* No prediction may use it any more. NULL is allowed. */
SEGC_EXPORT void segc_cancellation_free(segc_cancellation *cancellation);

/* Is told how far a prediction is, from 0 to 1, rising; maybe on a thread of
 * the library, never by two at a time. Another answer than 0 cancels. */
typedef int (*segc_progress_fn)(void *context, double share);
/* Is told, behind a prediction, what a user should know of an image that was
 * predicted all the same. */
typedef void (*segc_warning_fn)(void *context, const char *text);

/* Set by segc_predict_options_init; members may then be changed. */
typedef struct segc_predict_options {
  uint32_t struct_size;
  int32_t flips;  /* windows in all combinations of flips: 0 or 1; -1: as
                     the model says, which is 0 unless it was exported so */
  double overlap; /* of windows, 0 to 0.95; -1: as the model says (0.5) */
  const char *postprocess; /* steps, such as "largest,holes:2"; "none"; NULL: as
                              the model says (docs/Prediction.md) */
  uint64_t max_memory; /* bytes that a prediction may take beside the image that
                          is given; 0: no limit */
  uint64_t max_image_bytes; /* of a file, unpacked; 1 GiB */
  int32_t channel; /* of images of several channels, for models of one; -1 */
  int32_t save_probabilities; /* segc_predict_file: 1 writes them beside the
                                 labels, as --save-probabilities of segrun */
  segc_cancellation *cancellation; /* NULL: none */
  segc_progress_fn progress;       /* NULL: nobody */
  segc_warning_fn warning;         /* NULL: nobody */
  void *context;                   /* of the two functions */
} segc_predict_options;

SEGC_EXPORT void segc_predict_options_init(segc_predict_options *options);

typedef enum segc_type {
  SEGC_TYPE_UINT8 = 0,
  SEGC_TYPE_INT16 = 1,
  SEGC_TYPE_UINT16 = 2,
  SEGC_TYPE_INT32 = 3,
  SEGC_TYPE_FLOAT32 = 4,
  SEGC_TYPE_FLOAT64 = 5
} segc_type;

/* A scan in memory: voxels [channel][z][y][x], x fastest, placed in space as
 * ITK and DICOM have it (millimetres towards left, posterior, superior). Set by
 * segc_image_init: one channel, spacing 1, axes along the world's. */
typedef struct segc_image {
  uint32_t struct_size;
  uint32_t type; /* segc_type */
  const void *data;
  uint64_t data_bytes; /* channels * x * y * z values */
  uint64_t channels;
  uint64_t size[3];    /* x, y, z */
  double spacing[3];   /* x, y, z; mm */
  double origin[3];    /* centre of the first voxel; mm */
  double direction[9]; /* rows of the matrix whose columns are the directions of
                          x, y and z, as GetDirection() of ITK */
  double slope, intercept; /* a voxel is slope * number + intercept */
} segc_image;

SEGC_EXPORT void segc_image_init(segc_image *image);

/* Predicts labels [z][y][x] of an image, on its grid: `label_count` must be
 * x * y * z. `probabilities`, unless it is NULL, gets [class][z][y][x], and
 * `probability_count` must be segc_classes() times as many, else 0. After an
 * error the arrays have anything. To a network of slices each plane z is one,
 * wherever it lies; numbers become grey as those of a TIFF (docs/Formats.md).
 */
SEGC_EXPORT segc_status segc_predict_array(
    segc_predictor *predictor, const segc_image *image, uint8_t *labels,
    uint64_t label_count, float *probabilities, uint64_t probability_count,
    const segc_predict_options *options, segc_error *error);

/* Predicts an image file, or a DICOM folder, or files of one channel each in
 * the model's order, and writes labels on its grid to the file `output`, whose
 * ending must be that of masks of such images (docs/Formats.md). Formats are
 * those of `segrun predict`, and so is every byte. `output` is written as a
 * whole or not at all; it replaces masks of segc and nothing else. */
SEGC_EXPORT segc_status segc_predict_file(
    segc_predictor *predictor, const char *const *images, uint32_t image_count,
    const char *output, const segc_predict_options *options, segc_error *error);

/* Labels that the library made. */
typedef struct segc_labels segc_labels;

/* Predicts files as segc_predict_file does, into memory: `*labels` is NULL
 * after an error. Slices of a file are planes 1 mm apart; their labels are
 * numbers of classes, as those of all arrays, where files have 0 and 255.
 * save_probabilities is of files. */
SEGC_EXPORT segc_status segc_predict_labels(segc_predictor *predictor,
                                            const char *const *images,
                                            uint32_t image_count,
                                            segc_labels **labels,
                                            const segc_predict_options *options,
                                            segc_error *error);
/* The labels [z][y][x], SEGC_TYPE_UINT8, on the grid of the scan; valid until
 * segc_labels_free. NULL for NULL. */
SEGC_EXPORT const segc_image *segc_labels_image(const segc_labels *labels);
/* NULL is allowed. */
SEGC_EXPORT void segc_labels_free(segc_labels *labels);

/* NOLINTEND(readability-identifier-naming) */

#ifdef __cplusplus
}
#endif

#endif /* SEGC_SEGC_H */
