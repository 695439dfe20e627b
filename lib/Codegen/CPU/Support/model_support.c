/*===- model_support.c - Runs a model's kernel tables -----------------------===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Linked into every model. Uses nothing but what the compiler provides: no
 * allocation, no libc call, no mutable state.
 *
 *===----------------------------------------------------------------------===*/

#include "segc/model_tables.h"

#include <cpuid.h>
#include <stddef.h>

/*===----------------------------------------------------------------------===*
 * Messages
 *===----------------------------------------------------------------------===*/

static void append(segc_message *message, const char *text) {
  if (!message)
    return;
  size_t n = 0;
  while (n + 1 < sizeof message->text && message->text[n])
    ++n;
  while (n + 1 < sizeof message->text && *text)
    message->text[n++] = *text++;
  message->text[n] = 0;
}

static void append_number(segc_message *message, int64_t value) {
  char digits[24];
  size_t n = sizeof digits;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  digits[--n] = 0;
  do
    digits[--n] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0)
    digits[--n] = '-';
  append(message, digits + n);
}

static segc_code expected(segc_message *message, const char *entry,
                          const char *what, int64_t wanted, int64_t got) {
  append(message, entry);
  append(message, ": expected ");
  append(message, what);
  append(message, " ");
  append_number(message, wanted);
  append(message, ", got ");
  append_number(message, got);
  return SEGC_INVALID_ARGUMENT;
}

/*===----------------------------------------------------------------------===*
 * Choice of the version
 *===----------------------------------------------------------------------===*/

static uint32_t cpu_features(void) {
  unsigned a, b, c, d;
  uint32_t features = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  const unsigned osxsave = 1u << 27, fma = 1u << 12, f16c = 1u << 29;
  if ((c & (osxsave | fma | f16c)) != (osxsave | fma | f16c))
    return 0;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
    return 0;
  if ((low & 0x06) == 0x06 && (b & (1u << 5)))
    features |= SEGC_FEATURE_AVX2;
  /* F, DQ, CD, BW, VL; opmask and upper halves saved by the system. */
  const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  if ((low & 0xe6) == 0xe6 && (b & avx512) == avx512) {
    features |= SEGC_FEATURE_AVX512;
    if (c & (1u << 11))
      features |= SEGC_FEATURE_AVX512_VNNI;
    if (d & (1u << 23))
      features |= SEGC_FEATURE_AVX512_FP16;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5)))
      features |= SEGC_FEATURE_AVX512_BF16;
  }
  return features;
}

static const segc_version_table *pick_version(void) {
  uint32_t have = cpu_features();
  for (uint32_t i = 0; i < segc_version_count; ++i)
    if ((segc_versions[i].features & ~have) == 0)
      return &segc_versions[i];
  return NULL;
}

/*===----------------------------------------------------------------------===*
 * Running a table
 *===----------------------------------------------------------------------===*/

typedef struct frame {
  segc_kernel_fn function;
  char *scratch;
  uint64_t scratch_bytes;
  int64_t batch;
  void *buffers[SEGC_MAX_OPERANDS];
} frame;

static void run_task(void *argument, int64_t task, uint32_t worker) {
  const frame *f = (const frame *)argument;
  f->function(f->buffers, f->scratch + worker * f->scratch_bytes, f->batch, task);
}

static void *region_base(const segc_call *call, const segc_operand *operand) {
  switch (operand->region) {
  case SEGC_REGION_ARENA: return call->arena;
  case SEGC_REGION_INPUT: return call->inputs[operand->index];
  case SEGC_REGION_OUTPUT: return call->outputs[operand->index];
  case SEGC_REGION_PARAMETERS: return call->parameters;
  case SEGC_REGION_STATES: return call->states;
  case SEGC_REGION_GRADIENTS: return call->gradients;
  case SEGC_REGION_OPTIMIZER: return call->optimizer;
  case SEGC_REGION_PREPARED: return call->prepared;
  default: return (void *)call->scalars;
  }
}

static int misaligned(const void *pointer) {
  return ((uintptr_t)pointer & (SEGC_ALIGNMENT - 1)) != 0;
}

static segc_code check_pointer(const segc_entry_table *entry, const char *name,
                               const void *pointer, int needed,
                               segc_message *message) {
  if (needed && (!pointer || misaligned(pointer))) {
    append(message, entry->name);
    append(message, ": expected ");
    append(message, name);
    append(message, pointer ? " at a multiple of 64 bytes, got a misaligned pointer"
                            : ", got a null pointer");
    return SEGC_INVALID_ARGUMENT;
  }
  return SEGC_OK;
}

static segc_code check_call(const segc_entry_table *entry, uint32_t outputs,
                            const segc_services *services, const segc_call *call,
                            uint64_t arena_bytes, segc_message *message) {
  if (!services || services->struct_size != sizeof *services)
    return expected(message, entry->name, "services of size", sizeof *services,
                    services ? services->struct_size : 0);
  if (!call || call->struct_size != sizeof *call)
    return expected(message, entry->name, "a call of size", sizeof *call,
                    call ? call->struct_size : 0);
  if (services->workers < 1)
    return expected(message, entry->name, "workers of at least", 1, 0);
  if (call->batch < 1 || call->batch > segc_largest_batch)
    return expected(message, entry->name, "a batch of at least 1 and at most",
                    segc_largest_batch, call->batch);
  if (call->input_count != entry->input_count)
    return expected(message, entry->name, "inputs:", entry->input_count, call->input_count);
  if (call->output_count != outputs)
    return expected(message, entry->name, "outputs:", outputs, call->output_count);
  if (call->arena_bytes < arena_bytes)
    return expected(message, entry->name, "arena bytes of at least",
                    (int64_t)arena_bytes, (int64_t)call->arena_bytes);
  const struct {
    const char *name;
    const void *pointer;
    uint32_t region;
  } flat[] = {{"parameters", call->parameters, SEGC_REGION_PARAMETERS},
              {"states", call->states, SEGC_REGION_STATES},
              {"gradients", call->gradients, SEGC_REGION_GRADIENTS},
              {"optimizer", call->optimizer, SEGC_REGION_OPTIMIZER},
              {"prepared", call->prepared, SEGC_REGION_PREPARED}};
  for (size_t i = 0; i < sizeof flat / sizeof *flat; ++i)
    if (check_pointer(entry, flat[i].name, flat[i].pointer,
                      (entry->regions >> flat[i].region) & 1, message) != SEGC_OK)
      return SEGC_INVALID_ARGUMENT;
  if (check_pointer(entry, "arena", call->arena, arena_bytes > 0, message) != SEGC_OK)
    return SEGC_INVALID_ARGUMENT;
  if (((entry->regions >> SEGC_REGION_SCALARS) & 1) && !call->scalars) {
    append(message, entry->name);
    append(message, ": expected scalars, got a null pointer");
    return SEGC_INVALID_ARGUMENT;
  }
  for (uint32_t i = 0; i < entry->input_count; ++i)
    if (check_pointer(entry, "an input", call->inputs ? call->inputs[i] : NULL, 1, message) != SEGC_OK)
      return SEGC_INVALID_ARGUMENT;
  for (uint32_t i = 0; i < outputs; ++i)
    if (check_pointer(entry, "an output", call->outputs ? call->outputs[i] : NULL, 1, message) != SEGC_OK)
      return SEGC_INVALID_ARGUMENT;
  return SEGC_OK;
}

static segc_code run_launch(const segc_entry_table *entry, uint32_t index,
                            const segc_services *services, const segc_call *call,
                            segc_message *message) {
  const segc_launch *launch = &entry->launches[index];
  frame f;
  f.function = launch->function;
  f.scratch = (char *)call->arena + entry->arena_bytes;
  f.scratch_bytes = entry->scratch_bytes;
  f.batch = call->batch;
  uint64_t elements[SEGC_MAX_OPERANDS];
  uint8_t types[SEGC_MAX_OPERANDS];
  for (uint32_t i = 0; i < launch->operand_count; ++i) {
    const segc_operand *operand = &launch->operands[i];
    f.buffers[i] = (char *)region_base(call, operand) + operand->offset;
    elements[i] = operand->elements_fixed + operand->elements_per_sample * (uint64_t)call->batch;
    types[i] = (uint8_t)operand->type;
  }
  segc_kernel_event event = {
      sizeof event, index, entry->name, launch->name, launch->op,
      launch->flops_per_sample * (double)call->batch,
      launch->bytes_per_sample * (double)call->batch,
      launch->output_count, 0,
      (const void *const *)f.buffers + launch->input_count,
      elements + launch->input_count, types + launch->input_count};
  if (services->kernel_begin)
    services->kernel_begin(services->context, &event);
  int64_t tasks = launch->tasks_fixed + launch->tasks_per_sample * call->batch;
  if (services->parallel_for)
    services->parallel_for(services->context, tasks, run_task, &f);
  else
    for (int64_t task = 0; task < tasks; ++task)
      run_task(&f, task, 0);
  if (services->kernel_end && services->kernel_end(services->context, &event)) {
    append(message, entry->name);
    append(message, ": stopped by the observer after ");
    append(message, launch->name);
    append(message, " (");
    append(message, launch->op);
    append(message, ")");
    return SEGC_INTERNAL;
  }
  return SEGC_OK;
}

static segc_code run_table(const segc_entry_table *entry,
                           const segc_services *services, const segc_call *call,
                           segc_message *message) {
  for (uint32_t i = 0; i < entry->launch_count; ++i) {
    segc_code code = run_launch(entry, i, services, call, message);
    if (code != SEGC_OK)
      return code;
  }
  return SEGC_OK;
}

static segc_code find_table(enum segc_entry_index index,
                            const segc_entry_table **entry,
                            segc_message *message) {
  if (message)
    message->text[0] = 0;
  const segc_version_table *version = pick_version();
  if (!version) {
    append(message, "no kernels for this processor: the model was compiled for ");
    for (uint32_t i = 0; i < segc_version_count; ++i) {
      append(message, i ? ", " : "");
      append(message, segc_versions[i].cpu);
    }
    append(message, "; compile it with a --cpu that it has");
    return SEGC_UNSUPPORTED_CPU;
  }
  *entry = &version->entries[index];
  if (!(*entry)->name) {
    append(message, "the entry was not compiled into this model");
    return SEGC_UNAVAILABLE;
  }
  return SEGC_OK;
}

static segc_code run_entry(enum segc_entry_index index,
                           const segc_services *services, const segc_call *call,
                           segc_message *message) {
  const segc_entry_table *entry;
  segc_code code = find_table(index, &entry, message);
  if (code != SEGC_OK)
    return code;
  uint64_t arena = entry->arena_bytes +
                   (services ? services->workers : 0) * entry->scratch_bytes;
  code = check_call(entry, entry->output_count, services, call, arena, message);
  return code != SEGC_OK ? code : run_table(entry, services, call, message);
}

/*===----------------------------------------------------------------------===*
 * Entries
 *===----------------------------------------------------------------------===*/

segc_code segc_entry_prepare(const segc_services *services, const segc_call *call,
                             segc_message *message) {
  return run_entry(SEGC_ENTRY_PREPARE, services, call, message);
}

segc_code segc_entry_predict(const segc_services *services, const segc_call *call,
                             segc_message *message) {
  return run_entry(SEGC_ENTRY_PREDICT, services, call, message);
}

segc_code segc_entry_evaluate_step(const segc_services *services,
                                   const segc_call *call, segc_message *message) {
  return run_entry(SEGC_ENTRY_EVALUATE, services, call, message);
}

segc_code segc_entry_grad_step(const segc_services *services,
                               const segc_call *call, segc_message *message) {
  return run_entry(SEGC_ENTRY_GRAD, services, call, message);
}

segc_code segc_entry_apply_step(const segc_services *services,
                                const segc_call *call, segc_message *message) {
  return run_entry(SEGC_ENTRY_APPLY, services, call, message);
}

segc_code segc_entry_train_step(const segc_services *services,
                                const segc_call *call, segc_message *message) {
  const segc_entry_table *grad, *apply;
  segc_code code = find_table(SEGC_ENTRY_GRAD, &grad, message);
  if (code == SEGC_OK)
    code = find_table(SEGC_ENTRY_APPLY, &apply, message);
  if (code != SEGC_OK)
    return code;
  /* One after the other in the same arena. */
  uint64_t workers = services ? services->workers : 0;
  uint64_t for_grad = grad->arena_bytes + workers * grad->scratch_bytes;
  uint64_t for_apply = apply->arena_bytes + workers * apply->scratch_bytes;
  segc_entry_table whole = *grad;
  whole.name = "train_step";
  whole.regions |= apply->regions;
  code = check_call(&whole, grad->output_count + apply->output_count, services,
                    call, for_grad > for_apply ? for_grad : for_apply, message);
  if (code == SEGC_OK)
    code = run_table(grad, services, call, message);
  if (code != SEGC_OK)
    return code;
  segc_call rest = *call;
  rest.outputs = call->outputs + grad->output_count;
  return run_table(apply, services, &rest, message);
}

__attribute__((visibility("default"))) const segc_model *
segc_model_query(uint32_t max_version) {
  return max_version < SEGC_ABI_VERSION ? NULL : &segc_model_header;
}
