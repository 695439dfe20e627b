/*===- model_tables.h - Tables of a compiled model ------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler writes programs (model.h) into a model (EmitTables.cpp mirrors
 * every field); model_support.c, linked into every model, runs them;
 * lib/Runtime/Core/StaticModel.cpp holds them against the manifest before the
 * model is loaded. Whoever changes a struct raises SEGC_NOTE_TYPE.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_MODEL_TABLES_H
#define SEGC_MODEL_TABLES_H

#include "segc/model.h"

#define SEGC_MAX_LOSS_SCALE 0x1.fffffep127f /* FLT_MAX */

/* Features a version may ask for, as bits. */
enum segc_feature {
  SEGC_FEATURE_AVX2 = 1u << 0,   /* with FMA and F16C */
  SEGC_FEATURE_AVX512 = 1u << 1, /* F, BW, CD, DQ, VL */
  SEGC_FEATURE_AVX512_BF16 = 1u << 2,
  SEGC_FEATURE_AVX512_FP16 = 1u << 3,
  SEGC_FEATURE_AVX512_VNNI = 1u << 4,
  SEGC_FEATURE_SSE42 = 1u << 5 /* with POPCNT and SSSE3 */
};

/* A note in the ELF section .note.segc, of this owner and type, says where the
 * manifest and the tables lie, for who reads the file without loading it.
 * Offsets count from the member that holds them. */
#define SEGC_NOTE_OWNER "segc"
#define SEGC_NOTE_TYPE 2u

typedef struct segc_model_note {
  int32_t model;    /* to segc_model_header */
  int32_t versions; /* to segc_versions */
  uint32_t version_count;
  uint32_t reserved;
} segc_model_note;

/* Models of versions 1 and 2 have notes of this type. Their programs and
 * commands lack the members since version 3, and a version holds its five
 * programs itself, behind `target` and `features`. */
#define SEGC_NOTE_TYPE_V2 1u
#define SEGC_V2_COMMAND_BYTES 80u
#define SEGC_V2_PROGRAM_BYTES 48u
#define SEGC_V2_PROGRAM_COUNT 5u
#define SEGC_V2_PROGRAMS_OFFSET 16u
#define SEGC_V2_MODEL_BYTES 104u

/* Defined by the compiler. Versions are best first. */
extern const segc_version segc_versions[];
extern const uint32_t segc_version_count;
extern const int64_t segc_largest_batch;
extern const segc_model segc_model_header;

/* How manifests, and options of segc, call a segc_device. */
static inline const char *segc_device_name(uint32_t device) {
  static const char *const names[] = {"cpu", "cuda", "cuda-emulated"};
  return device < sizeof(names) / sizeof(names[0]) ? names[device] : "unknown";
}

/* The first of so many tasks, or slices, that a rank or a later one has. */
/* NOLINTNEXTLINE: a name of C */
static inline int64_t segc_first_of(int64_t tasks, int64_t rank,
                                    int64_t ranks) {
  return tasks / ranks * rank + tasks % ranks * rank / ranks;
}

/* SEGC_COMMAND_ADVANCE_SCALARS; the rule is stated at segc_scalars. */
static inline void segc_advance_scalars(segc_scalars *scalars, int finite) {
  scalars->step += finite;
  scalars->skipped_steps = finite ? 0 : scalars->skipped_steps + 1;
  if (scalars->growth_interval <= 0)
    return;
  scalars->finite_steps = finite ? scalars->finite_steps + 1 : 0;
  if (!finite) {
    const float half = scalars->loss_scale / 2;
    scalars->loss_scale = half > 1 ? half : 1;
  } else if (scalars->finite_steps >= scalars->growth_interval) {
    scalars->loss_scale = scalars->loss_scale > SEGC_MAX_LOSS_SCALE / 2
                              ? SEGC_MAX_LOSS_SCALE
                              : 2 * scalars->loss_scale;
    scalars->finite_steps = 0;
  }
}

#endif /* SEGC_MODEL_TABLES_H */
