/*===- model_tables.h - Tables of a compiled model ------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler writes constants of these types into a model
 * (lib/Program/EmitTables.cpp mirrors every field); model_support.c, linked
 * into every model, runs them; lib/Runtime/Core/StaticModel.cpp holds them
 * against the manifest before the model is loaded. Whoever changes a struct
 * raises SEGC_NOTE_TYPE.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_MODEL_TABLES_H
#define SEGC_MODEL_TABLES_H

#include "segc/model.h"

/* Where a kernel's buffer lives. */
enum segc_region {
  SEGC_REGION_ARENA,      /* offset */
  SEGC_REGION_INPUT,      /* index */
  SEGC_REGION_OUTPUT,     /* index */
  SEGC_REGION_PARAMETERS, /* offset, and so on */
  SEGC_REGION_STATES,
  SEGC_REGION_GRADIENTS,
  SEGC_REGION_OPTIMIZER,
  SEGC_REGION_SCALARS,
  SEGC_REGION_PREPARED,
  SEGC_REGION_COUNT
};

typedef struct segc_operand {
  uint32_t region;
  uint32_t index;
  uint64_t offset;         /* bytes */
  uint64_t elements_fixed; /* for the observer */
  uint64_t elements_per_sample;
  uint32_t type; /* segc_element, for the observer */
  uint32_t reserved;
} segc_operand;

typedef void (*segc_kernel_fn)(void *const *buffers, void *scratch, int64_t n,
                               int64_t task);

typedef struct segc_launch {
  segc_kernel_fn function;
  const char *name;
  const char *op;
  const segc_operand *operands; /* inputs, outputs, temporary */
  uint32_t operand_count;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t reserved;
  int64_t tasks_fixed;
  int64_t tasks_per_sample;
  double flops_per_sample;
  double bytes_per_sample;
} segc_launch;

typedef struct segc_entry_table {
  const char *name;
  const segc_launch *launches;
  uint32_t launch_count;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t regions; /* bit r: region r is needed */
  uint64_t arena_bytes;
  uint64_t scratch_bytes; /* a worker */
} segc_entry_table;

enum segc_entry_index {
  SEGC_ENTRY_PREDICT,
  SEGC_ENTRY_EVALUATE,
  SEGC_ENTRY_GRAD,
  SEGC_ENTRY_APPLY,
  SEGC_ENTRY_PREPARE,
  SEGC_ENTRY_COUNT
};

/* Features a version may ask for, as bits. */
enum segc_feature {
  SEGC_FEATURE_AVX2 = 1u << 0,   /* with FMA and F16C */
  SEGC_FEATURE_AVX512 = 1u << 1, /* F, BW, CD, DQ, VL */
  SEGC_FEATURE_AVX512_BF16 = 1u << 2,
  SEGC_FEATURE_AVX512_FP16 = 1u << 3,
  SEGC_FEATURE_AVX512_VNNI = 1u << 4
};

typedef struct segc_version_table {
  const char *cpu;
  uint32_t features;
  uint32_t reserved;
  segc_entry_table entries[SEGC_ENTRY_COUNT]; /* name NULL: absent */
} segc_version_table;

#define SEGC_MAX_OPERANDS 32

/* An ELF note of owner "segc" and this type says where the tables lie, for
 * who reads the file without loading it. Offsets count from the member that
 * holds them. */
#define SEGC_NOTE_OWNER "segc"
#define SEGC_NOTE_TYPE 1u

typedef struct segc_model_note {
  int32_t model;    /* to segc_model_header */
  int32_t versions; /* to segc_versions */
  uint32_t version_count;
  uint32_t reserved;
} segc_model_note;

/* Defined by the compiler. Versions are best first. */
extern const segc_version_table segc_versions[];
extern const uint32_t segc_version_count;
extern const int64_t segc_largest_batch;
extern const segc_model segc_model_header;

#endif /* SEGC_MODEL_TABLES_H */
