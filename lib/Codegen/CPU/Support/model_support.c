/*===- model_support.c - Runs a model's programs ----------------------------===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Linked into every model. Uses nothing but what the compiler provides: no
 * allocation, no libc call, no mutable state.
 *
 *===----------------------------------------------------------------------===*/

#include "segc/model_tables.h"

#include <stddef.h>

#if defined(__x86_64__)
#include "half_conversions.h"
#include <cpuid.h>
#endif

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

#if defined(__x86_64__)
static uint32_t cpu_features(void) {
  unsigned a, b, c, d;
  uint32_t features = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  const unsigned ssse3 = 1u << 9, sse42 = 1u << 20, popcnt = 1u << 23;
  if ((c & (ssse3 | sse42 | popcnt)) == (ssse3 | sse42 | popcnt))
    features |= SEGC_FEATURE_SSE42;
  const unsigned osxsave = 1u << 27, fma = 1u << 12, f16c = 1u << 29;
  if ((c & (osxsave | fma | f16c)) != (osxsave | fma | f16c))
    return features;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
    return features;
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
#else
/* Versions for it ask for what each of its processors has. */
static uint32_t cpu_features(void) { return 0; }
#endif

static const segc_version *pick_version(void) {
  uint32_t have = cpu_features();
  for (uint32_t i = 0; i < segc_version_count; ++i)
    if (segc_versions[i].device == SEGC_DEVICE_HOST &&
        (segc_versions[i].features & ~have) == 0)
      return &segc_versions[i];
  return NULL;
}

/*===----------------------------------------------------------------------===*
 * Running a program
 *===----------------------------------------------------------------------===*/

typedef struct frame {
  segc_kernel_fn function;
  char *scratch;
  uint64_t scratch_bytes;
  int64_t batch;
  int64_t first_task;
  void *buffers[SEGC_MAX_OPERANDS];
} frame;

static void run_task(void *argument, int64_t task, uint32_t worker) {
  const frame *f = (const frame *)argument;
  f->function(f->buffers, f->scratch + worker * f->scratch_bytes, f->batch,
              f->first_task + task);
}

static void *region_base(const segc_call *call, const segc_operand *operand) {
  switch (operand->region) {
  case SEGC_REGION_ARENA:
    return call->arena;
  case SEGC_REGION_INPUT:
    return call->inputs[operand->index];
  case SEGC_REGION_OUTPUT:
    return call->outputs[operand->index];
  case SEGC_REGION_PARAMETERS:
    return call->parameters;
  case SEGC_REGION_STATES:
    return call->states;
  case SEGC_REGION_GRADIENTS:
    return call->gradients;
  case SEGC_REGION_OPTIMIZER:
    return call->optimizer;
  case SEGC_REGION_PREPARED:
    return call->prepared;
  default:
    return (void *)call->scalars;
  }
}

static int misaligned(const void *pointer) {
  return ((uintptr_t)pointer & (SEGC_ALIGNMENT - 1)) != 0;
}

static segc_code check_pointer(const segc_program *entry, const char *name,
                               const void *pointer, int needed,
                               segc_message *message) {
  if (needed && (!pointer || misaligned(pointer))) {
    append(message, entry->name);
    append(message, ": expected ");
    append(message, name);
    append(message, pointer
                        ? " at a multiple of 64 bytes, got a misaligned pointer"
                        : ", got a null pointer");
    return SEGC_INVALID_ARGUMENT;
  }
  return SEGC_OK;
}

/* Hosts of other versions pass structs of other sizes. Fields that theirs does
 * not have are NULL; fields that ours does not have are ignored. */
static void take_services(const segc_services *services, segc_services *known) {
  const char *from = (const char *)services;
  char *to = (char *)known;
  for (size_t i = 0; i < sizeof *known; ++i) {
    to[i] = i < services->struct_size ? from[i] : 0;
    __asm__ volatile(
        "" ::
            : "memory"); /* keeps the compiler from calling memcpy */
  }
}

static segc_code check_call(const segc_program *entry,
                            const segc_services *services,
                            const segc_call *call, segc_message *message) {
  const size_t least = offsetof(segc_services, kernel_begin);
  if (!services || services->struct_size < least)
    return expected(message, entry->name, "services of at least",
                    (int64_t)least, services ? services->struct_size : 0);
  if (!call || call->struct_size < sizeof *call)
    return expected(message, entry->name, "a call of at least", sizeof *call,
                    call ? call->struct_size : 0);
  if (services->workers < 1)
    return expected(message, entry->name, "workers of at least", 1, 0);
  uint64_t arena_bytes =
      entry->arena_bytes + services->workers * entry->scratch_bytes;
  if (call->batch < 1 || call->batch > segc_largest_batch)
    return expected(message, entry->name, "a batch of at least 1 and at most",
                    segc_largest_batch, call->batch);
  if (call->input_count != entry->input_count)
    return expected(message, entry->name, "inputs:", entry->input_count,
                    call->input_count);
  if (call->output_count != entry->output_count)
    return expected(message, entry->name, "outputs:", entry->output_count,
                    call->output_count);
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
                      (entry->regions >> flat[i].region) & 1,
                      message) != SEGC_OK)
      return SEGC_INVALID_ARGUMENT;
  if (check_pointer(entry, "arena", call->arena, arena_bytes > 0, message) !=
      SEGC_OK)
    return SEGC_INVALID_ARGUMENT;
  if (((entry->regions >> SEGC_REGION_SCALARS) & 1) && !call->scalars) {
    append(message, entry->name);
    append(message, ": expected scalars, got a null pointer");
    return SEGC_INVALID_ARGUMENT;
  }
  for (uint32_t i = 0; i < entry->input_count; ++i)
    if (check_pointer(entry, "an input", call->inputs ? call->inputs[i] : NULL,
                      1, message) != SEGC_OK)
      return SEGC_INVALID_ARGUMENT;
  for (uint32_t i = 0; i < entry->output_count; ++i)
    if (check_pointer(entry, "an output",
                      call->outputs ? call->outputs[i] : NULL, 1,
                      message) != SEGC_OK)
      return SEGC_INVALID_ARGUMENT;
  return SEGC_OK;
}

/* The state of one call. */
typedef struct run {
  const segc_program *program;
  const segc_services *services;
  const segc_call *call;
  segc_message *message;
  uint32_t launches; /* number of launches so far */
  uint64_t tickets[SEGC_MAX_EVENTS];
  uint64_t started; /* bit e: the collective of event e was not waited for */
} run;

static void *address_of(const run *r, const segc_operand *operand) {
  return (char *)region_base(r->call, operand) + operand->offset;
}

static uint64_t elements_of(const run *r, const segc_operand *operand) {
  return operand->elements_fixed +
         operand->elements_per_sample * (uint64_t)r->call->batch;
}

static segc_code fail(const run *r, segc_code code, const char *why,
                      const segc_command *command) {
  append(r->message, r->program->name);
  append(r->message, why);
  append(r->message,
         command->name ? command->name : "a command without a name");
  if (command->op && *command->op) {
    append(r->message, " (");
    append(r->message, command->op);
    append(r->message, ")");
  }
  return code;
}

static int is_only_rank(const run *r) {
  return !r->services->collective_start || !r->services->collective_wait;
}

static int is_sharded(const run *r, const segc_command *command) {
  return (command->launch_flags & SEGC_LAUNCH_SHARDED) && !is_only_rank(r);
}

static segc_code run_launch(run *r, const segc_command *command) {
  const segc_services *services = r->services;
  const segc_call *call = r->call;
  frame f;
  f.function = command->function;
  f.scratch = (char *)call->arena + r->program->arena_bytes;
  f.scratch_bytes = r->program->scratch_bytes;
  f.batch = call->batch;
  uint64_t elements[SEGC_MAX_OPERANDS];
  uint8_t types[SEGC_MAX_OPERANDS];
  for (uint32_t i = 0; i < command->operand_count; ++i) {
    f.buffers[i] = address_of(r, &command->operands[i]);
    elements[i] = elements_of(r, &command->operands[i]);
    types[i] = (uint8_t)command->operands[i].type;
  }
  segc_kernel_event event = {sizeof event,
                             r->launches++,
                             r->program->name,
                             command->name,
                             command->op,
                             command->flops_per_sample * (double)call->batch,
                             command->bytes_per_sample * (double)call->batch,
                             command->output_count,
                             0,
                             (const void *const *)f.buffers +
                                 command->input_count,
                             elements + command->input_count,
                             types + command->input_count};
  if (services->kernel_begin)
    services->kernel_begin(services->context, &event);
  int64_t tasks =
      command->tasks_fixed + command->tasks_per_sample * call->batch;
  f.first_task = 0;
  if (is_sharded(r, command)) {
    f.first_task = segc_first_of(tasks, services->rank, services->ranks);
    tasks = segc_first_of(tasks, services->rank + 1, services->ranks) -
            f.first_task;
  }
  if (services->parallel_for)
    services->parallel_for(services->context, tasks, run_task, &f);
  else
    for (int64_t task = 0; task < tasks; ++task)
      run_task(&f, task, 0);
  if (services->kernel_end && services->kernel_end(services->context, &event))
    return fail(r, SEGC_INTERNAL, ": stopped by the observer after ", command);
  return SEGC_OK;
}

static const uint8_t element_bytes[] = {4, 2, 2, 4, 8, 1};

static void run_copy(const run *r, const segc_command *command) {
  const segc_operand *source = &command->operands[0];
  const char *from = address_of(r, source);
  char *to = address_of(r, &command->operands[1]);
  uint64_t bytes = elements_of(r, source) * element_bytes[source->type];
  for (uint64_t i = 0; i < bytes; ++i) {
    to[i] = from[i];
    __asm__ volatile(
        "" ::
            : "memory"); /* keeps the compiler from calling memcpy */
  }
}

/* The commands of the program that are collectives, up to `end`. */
static uint32_t collectives_before(const run *r, const segc_command *end) {
  uint32_t count = 0;
  for (const segc_command *c = r->program->commands; c != end; ++c)
    count += c->kind == SEGC_COMMAND_COLLECTIVE;
  return count;
}

static segc_code start_collective(run *r, const segc_command *command) {
  if (is_only_rank(r))
    return SEGC_OK;
  const segc_services *services = r->services;
  const segc_operand *operand = &command->operands[0];
  segc_collective collective = {
      sizeof collective,
      command->collective,
      operand->type,
      operand->region,
      r->program->streams[command->stream],
      address_of(r, operand),
      elements_of(r, operand),
      command->travels_as,
      collectives_before(r, command),
      collectives_before(r, r->program->commands + r->program->command_count),
      0,
      command->shards};
  if (services->collective_start(services->context, &collective,
                                 &r->tickets[command->event]))
    return fail(r, SEGC_INTERNAL, ": the host could not start the collective ",
                command);
  r->started |= (uint64_t)1 << command->event;
  return SEGC_OK;
}

static segc_code wait_for(run *r, uint32_t event) {
  if (!((r->started >> event) & 1))
    return SEGC_OK;
  r->started &= ~((uint64_t)1 << event);
  if (!r->services->collective_wait(r->services->context, r->tickets[event]))
    return SEGC_OK;
  append(r->message, r->program->name);
  append(r->message, ": a collective failed");
  return SEGC_INTERNAL;
}

/* Finds commands that this processor or the caller does not support before any
 * command runs. */
static segc_code check_commands(const run *r) {
  for (uint32_t i = 0; i < r->program->command_count; ++i) {
    const segc_command *command = &r->program->commands[i];
    if (command->kind == SEGC_COMMAND_LAUNCH && !command->function)
      return fail(r, SEGC_UNAVAILABLE,
                  ": the model has no code for this processor of the kernel ",
                  command);
    if (command->kind == SEGC_COMMAND_LAUNCH && is_sharded(r, command) &&
        r->services->rank >= r->services->ranks)
      return fail(
          r, SEGC_UNAVAILABLE,
          ": the host does not say which of how many ranks it is, which "
          "share ",
          command);
    if (command->kind == SEGC_COMMAND_CALL && !command->alternatives)
      return fail(r, SEGC_UNAVAILABLE, ": this processor has no library ",
                  command);
  }
  return SEGC_OK;
}

static segc_code run_command(run *r, const segc_command *command) {
  switch (command->kind) {
  case SEGC_COMMAND_LAUNCH:
    return run_launch(r, command);
  case SEGC_COMMAND_COPY:
    run_copy(r, command);
    return SEGC_OK;
  case SEGC_COMMAND_ADVANCE_SCALARS:
    segc_advance_scalars(r->call->scalars, *(const float *)address_of(
                                               r, &command->operands[0]) != 0);
    return SEGC_OK;
  case SEGC_COMMAND_COLLECTIVE:
    return start_collective(r, command);
  case SEGC_COMMAND_RECORD:
    return SEGC_OK; /* commands run in order, so earlier ones are done */
  case SEGC_COMMAND_CALL:
    return SEGC_OK; /* its alternatives are the next commands */
  case SEGC_COMMAND_WAIT:
    return wait_for(r, command->event);
  default:
    return fail(r, SEGC_INTERNAL, ": a command of an unknown kind: ", command);
  }
}

static segc_code run_program(const segc_program *program,
                             const segc_services *services,
                             const segc_call *call, segc_message *message) {
  run r;
  r.program = program;
  r.services = services;
  r.call = call;
  r.message = message;
  r.launches = 0;
  r.started = 0;
  segc_code code = check_commands(&r);
  if (code != SEGC_OK)
    return code;
  for (uint32_t i = 0; i < program->command_count && code == SEGC_OK; ++i)
    code = run_command(&r, &program->commands[i]);
  for (uint32_t event = 0; event < program->event_count; ++event) {
    segc_code waited = wait_for(&r, event);
    code = code == SEGC_OK ? waited : code;
  }
  return code;
}

static int same_text(const char *a, const char *b) {
  while (*a && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

/* NULL if the version has nothing to lay out, which others of the model have.
 */
static segc_code find_program(const char *name, const segc_program **program,
                              segc_message *message) {
  *program = NULL;
  if (message)
    message->text[0] = 0;
  const segc_version *version = pick_version();
  if (!version) {
    append(message,
           "no kernels for this processor: the model was compiled for ");
    for (uint32_t i = 0; i < segc_version_count; ++i) {
      append(message, i ? ", " : "");
      append(message, segc_versions[i].target);
    }
    append(message,
           "; compile it for the target cpu, with a --cpu that it has");
    return SEGC_UNSUPPORTED_CPU;
  }
  for (uint32_t i = 0; i < version->program_count; ++i)
    if (same_text(version->programs[i].name, name)) {
      *program = &version->programs[i];
      return SEGC_OK;
    }
  if (same_text(name, "prepare"))
    return SEGC_OK;
  append(message, "the entry was not compiled into this model");
  return SEGC_UNAVAILABLE;
}

static segc_code run_entry(const char *name, const segc_services *services,
                           const segc_call *call, segc_message *message) {
  const segc_program *program;
  segc_services known;
  segc_code code = find_program(name, &program, message);
  if (code == SEGC_OK && program)
    code = check_call(program, services, call, message);
  if (code != SEGC_OK || !program)
    return code;
  take_services(services, &known);
  return run_program(program, &known, call, message);
}

/*===----------------------------------------------------------------------===*
 * Entries
 *===----------------------------------------------------------------------===*/

#define SEGC_DEFINE_ENTRY(name)                                                \
  segc_code segc_entry_##name(const segc_services *services,                   \
                              const segc_call *call, segc_message *message) {  \
    return run_entry(#name, services, call, message);                          \
  }
SEGC_DEFINE_ENTRY(prepare)
SEGC_DEFINE_ENTRY(predict)
SEGC_DEFINE_ENTRY(evaluate_step)
SEGC_DEFINE_ENTRY(grad_step)
SEGC_DEFINE_ENTRY(apply_step)
SEGC_DEFINE_ENTRY(train_step)

__attribute__((visibility("default"))) const segc_model *
segc_model_query(uint32_t max_version) {
  return max_version < SEGC_ABI_VERSION ? NULL : &segc_model_header;
}
