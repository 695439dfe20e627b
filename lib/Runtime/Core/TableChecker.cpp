//===- TableChecker.cpp - Check of a model's tables -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TableChecker.h"
#include "segc/Runtime/Core/Elements.h"

#include <cstddef>
#include <set>

using namespace segc;

static constexpr uint64_t maxCommands = uint64_t{1} << 20;
static constexpr uint64_t maxPrograms = 64;

Status segc::differs(const std::string &where, const std::string &what,
                     uint64_t tables, uint64_t manifest) {
  return dataLoss(where + ": the code has " + what + " " +
                  std::to_string(tables) + ", the manifest says " +
                  std::to_string(manifest));
}

Status segc::outside(const std::string &where, const char *what) {
  return dataLoss(where + ": " + what + " lies outside the file");
}

std::optional<uint64_t>
TableChecker::bufferBytes(const segc_operand &operand,
                          const segc_program &program,
                          const EntrySignature &signature) const {
  auto tensor =
      [&](const std::vector<TensorSignature> &list) -> std::optional<uint64_t> {
    if (operand.index >= list.size())
      return std::nullopt;
    return static_cast<uint64_t>(list[operand.index].bytes());
  };
  switch (operand.region) {
  case SEGC_REGION_ARENA:
    return program.arena_bytes;
  case SEGC_REGION_INPUT:
    return tensor(signature.inputs);
  case SEGC_REGION_OUTPUT:
    return tensor(signature.outputs);
  case SEGC_REGION_PARAMETERS:
  case SEGC_REGION_GRADIENTS:
    return manifest.parameterBytes;
  case SEGC_REGION_STATES:
    return manifest.stateBytes;
  case SEGC_REGION_OPTIMIZER:
    return manifest.optimizerBytes;
  case SEGC_REGION_SCALARS:
    return sizeof(segc_scalars);
  case SEGC_REGION_PREPARED:
    return manifest.preparedBytes;
  }
  return std::nullopt;
}

Status TableChecker::checkOperand(const segc_operand &operand,
                                  const segc_program &program,
                                  const EntrySignature &signature,
                                  const std::string &where) const {
  std::optional<uint64_t> room = bufferBytes(operand, program, signature);
  if (!room)
    return dataLoss(where + ": region " + std::to_string(operand.region) +
                    ", number " + std::to_string(operand.index) +
                    ", which the entry does not have");
  const bool isNumber = !layout.isV2 || operand.type <= SEGC_BF16;
  const uint64_t valueBytes = isNumber ? elementBytes(operand.type) : 1;
  const auto batch = static_cast<uint64_t>(manifest.batch);
  uint64_t end = 0;
  if (__builtin_mul_overflow(operand.elements_per_sample, batch, &end) ||
      __builtin_add_overflow(end, operand.elements_fixed, &end) ||
      __builtin_mul_overflow(end, valueBytes, &end) ||
      __builtin_add_overflow(end, operand.offset, &end) || end > *room)
    return dataLoss(where + ": begins at byte " +
                    std::to_string(operand.offset) + " and ends at " +
                    std::to_string(end) + " of a buffer of " +
                    std::to_string(*room) + " bytes by the manifest");
  return Status::success();
}

/// Checks the members that depend on the kind of a command.
Status TableChecker::checkKernel(const segc_command &command, uint64_t function,
                                 const std::string &where) const {
  // The largest block of any GPU, and more shared memory than one has.
  constexpr uint32_t maxThreads = 1024, maxSharedBytes = 1 << 20;
  if (version.device != SEGC_DEVICE_HOST &&
      (command.threads < 1 || command.threads > maxThreads ||
       command.shared_bytes > maxSharedBytes))
    return dataLoss(where + ": has blocks of " +
                    std::to_string(command.threads) + " threads and " +
                    std::to_string(command.shared_bytes) +
                    " bytes, expected 1 to 1024 threads and at most " +
                    std::to_string(maxSharedBytes) + " bytes");
  if (version.device == SEGC_DEVICE_CUDA)
    return modules.count(command.blob)
               ? Status::success()
               : dataLoss(where + ": is in module " +
                          std::to_string(command.blob) + ", which is missing");
  return image.isCode(function) ? Status::success()
                                : dataLoss(where + ": points at no code");
}

Status TableChecker::checkKind(const segc_program &program,
                               const segc_command &command, uint64_t function,
                               const std::string &where) const {
  const uint32_t kind = command.kind;
  if (kind > SEGC_COMMAND_WAIT)
    return dataLoss(where + ": is a command of the unknown kind " +
                    std::to_string(kind));
  if (!layout.isV2 && command.stream >= program.stream_count)
    return dataLoss(where + ": runs on stream " +
                    std::to_string(command.stream) + " of " +
                    std::to_string(program.stream_count));
  if (kind >= SEGC_COMMAND_COLLECTIVE && command.event >= program.event_count)
    return dataLoss(where + ": has the event " + std::to_string(command.event) +
                    " of " + std::to_string(program.event_count));
  if (kind == SEGC_COMMAND_LAUNCH)
    SEGC_RETURN_IF_ERROR(checkKernel(command, function, where));
  const uint32_t operands =
      kind == SEGC_COMMAND_COPY || kind == SEGC_COMMAND_ADVANCE_SCALARS ? 2
      : kind == SEGC_COMMAND_COLLECTIVE                                 ? 1
                                                                        : 0;
  if (command.operand_count < operands)
    return dataLoss(where + ": has " + std::to_string(command.operand_count) +
                    " operands, expected " + std::to_string(operands));
  if (kind == SEGC_COMMAND_COLLECTIVE &&
      command.collective > SEGC_COLLECTIVE_BROADCAST)
    return dataLoss(where + ": is a collective of the unknown kind " +
                    std::to_string(command.collective));
  return Status::success();
}

/// Checks the sizes of the operands of commands that a runtime executes itself:
/// it copies as many bytes as operand 0 has, and writes all scalars.
static Status checkAgreement(const segc_command &command,
                             const std::vector<segc_operand> &operands,
                             const std::string &where) {
  if (command.kind == SEGC_COMMAND_COPY &&
      (operands[0].elements_fixed != operands[1].elements_fixed ||
       operands[0].elements_per_sample != operands[1].elements_per_sample ||
       operands[0].type != operands[1].type))
    return dataLoss(where + ": copies to an operand of another size or type");
  if (command.kind == SEGC_COMMAND_ADVANCE_SCALARS &&
      (operands[0].type != SEGC_F32 || operands[0].elements_fixed < 1 ||
       operands[1].region != SEGC_REGION_SCALARS || operands[1].offset != 0 ||
       operands[1].type != SEGC_I8 ||
       operands[1].elements_fixed != sizeof(segc_scalars)))
    return dataLoss(where + ": expected an f32 and all scalars as operands");
  return Status::success();
}

Status TableChecker::checkCommand(const segc_program &program, uint64_t command,
                                  const EntrySignature &signature,
                                  const std::string &where) const {
  auto table = read<segc_command>(command, layout.commandBytes);
  auto function = image.pointer(command + offsetof(segc_command, function));
  auto operands = image.pointer(command + offsetof(segc_command, operands));
  if (!table || !function || !operands)
    return outside(where, "its table");
  SEGC_RETURN_IF_ERROR(checkKind(program, *table, *function, where));
  if (table->operand_count > SEGC_MAX_OPERANDS)
    return dataLoss(where + ": has " + std::to_string(table->operand_count) +
                    " operands, expected at most " +
                    std::to_string(SEGC_MAX_OPERANDS));
  if (uint64_t{table->input_count} + table->output_count > table->operand_count)
    return dataLoss(where + ": has " + std::to_string(table->input_count) +
                    " inputs and " + std::to_string(table->output_count) +
                    " outputs among " + std::to_string(table->operand_count) +
                    " operands");
  std::vector<segc_operand> list;
  for (uint64_t i = 0; i < table->operand_count; ++i) {
    auto operand =
        image.read<segc_operand>(*operands + i * sizeof(segc_operand));
    if (!operand)
      return outside(where, "an operand");
    SEGC_RETURN_IF_ERROR(
        checkOperand(*operand, program, signature,
                     where + ", operand " + std::to_string(i)));
    list.push_back(*operand);
  }
  return checkAgreement(*table, list, where);
}

Status TableChecker::checkProgram(const std::string &name,
                                  uint64_t table) const {
  const std::string where = version.name + ", " + name;
  const EntrySignature *signature = manifest.entry(name);
  auto program = read<segc_program>(table, layout.programBytes);
  if (!program)
    return outside(where, "its table");
  static const EntrySignature none;
  const EntrySignature &known = signature ? *signature : none;
  if (program->input_count != known.inputs.size())
    return differs(where, "inputs:", program->input_count, known.inputs.size());
  if (program->output_count != known.outputs.size())
    return differs(where, "outputs:", program->output_count,
                   known.outputs.size());
  auto arena = version.arenaBytes.find(name);
  const uint64_t planned =
      arena == version.arenaBytes.end() ? 0 : uint64_t(arena->second);
  if (program->arena_bytes != planned)
    return differs(where, "arena_bytes", program->arena_bytes, planned);
  if (program->scratch_bytes > uint64_t(version.scratchBytes))
    return differs(where, "scratch_bytes", program->scratch_bytes,
                   uint64_t(version.scratchBytes));
  if (program->event_count > SEGC_MAX_EVENTS)
    return dataLoss(where + ": has " + std::to_string(program->event_count) +
                    " events, expected at most " +
                    std::to_string(SEGC_MAX_EVENTS));
  if (!layout.isV2) {
    auto streams = image.pointer(table + offsetof(segc_program, streams));
    for (uint64_t i = 0; i < program->stream_count; ++i) {
      auto text =
          streams ? image.pointer(*streams + i * sizeof(char *)) : std::nullopt;
      if (!text || !image.text(*text))
        return outside(where, "the name of a stream");
    }
  }
  auto commands = image.pointer(table + offsetof(segc_program, commands));
  if (!commands || program->command_count > maxCommands)
    return outside(where, "its list of kernels");
  for (uint64_t i = 0; i < program->command_count; ++i)
    SEGC_RETURN_IF_ERROR(
        checkCommand(*program, *commands + i * layout.commandBytes, known,
                     where + ", kernel " + std::to_string(i)));
  return Status::success();
}

/// Returns the name of a program, empty if it is absent.
StatusOr<std::string> TableChecker::programName(uint64_t table,
                                                uint64_t index) const {
  auto label = image.pointer(table + offsetof(segc_program, name));
  if (!label)
    return outside(version.name, "a program");
  if (*label == 0)
    return std::string();
  if (layout.isV2) {
    static constexpr const char *names[SEGC_V2_PROGRAM_COUNT] = {
        "predict", "evaluate_step", "grad_step", "apply_step", "prepare"};
    return std::string(names[index]);
  }
  auto text = image.text(*label);
  if (!text)
    return outside(version.name, "the name of a program");
  return std::string(*text);
}

/// Checks that the blobs are in the file, and text among them terminated.
Status TableChecker::checkBlobs(uint64_t table, const segc_version &header) {
  constexpr uint32_t maxBlobs = 1024;
  if (header.device != version.device)
    return differs(version.name, "device", header.device, version.device);
  auto blobs = image.pointer(table + offsetof(segc_version, blobs));
  if (!blobs || header.blob_count > maxBlobs)
    return outside(version.name, "its list of blobs");
  for (uint64_t i = 0; i < header.blob_count; ++i) {
    const uint64_t at = *blobs + i * sizeof(segc_blob);
    auto blob = image.read<segc_blob>(at);
    auto text = [&](size_t member) {
      auto address = image.pointer(at + member);
      return address ? image.text(*address) : std::nullopt;
    };
    auto data = image.pointer(at + offsetof(segc_blob, data));
    auto code = blob && data && blob->bytes < UINT64_MAX
                    ? image.at(*data, blob->bytes + 1)
                    : std::nullopt;
    if (!text(offsetof(segc_blob, format)) ||
        !text(offsetof(segc_blob, processor)) || !code || code->back() != 0)
      return outside(version.name, "a blob");
    modules.insert(blob->module);
  }
  return Status::success();
}

Status TableChecker::check(uint64_t table) {
  auto cpu = image.pointer(table + offsetof(segc_version, target));
  std::optional<std::string_view> name = cpu ? image.text(*cpu) : std::nullopt;
  if (!name || *name != version.name)
    return dataLoss("the code has the version " +
                    std::string(name.value_or("?")) + ", the manifest says " +
                    version.name);
  uint64_t programs = table + SEGC_V2_PROGRAMS_OFFSET;
  uint64_t count = SEGC_V2_PROGRAM_COUNT;
  if (!layout.isV2) {
    auto found = image.read<segc_version>(table);
    auto list = image.pointer(table + offsetof(segc_version, programs));
    if (!found || !list || found->program_count > maxPrograms)
      return outside(version.name, "its list of programs");
    programs = *list;
    count = found->program_count;
    SEGC_RETURN_IF_ERROR(checkBlobs(table, *found));
  }
  std::set<std::string> known;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t program = programs + i * layout.programBytes;
    SEGC_ASSIGN_OR_RETURN(std::string entry, programName(program, i));
    if (entry.empty())
      continue;
    known.insert(entry);
    SEGC_RETURN_IF_ERROR(checkProgram(entry, program));
  }
  for (const auto &[entry, signature] : manifest.entries)
    if (!known.count(entry) && entry != "prepare" &&
        !(layout.isV2 && entry == "train_step"))
      return dataLoss(version.name + ", " + entry +
                      ": the manifest lists the entry, the code lacks it");
  return Status::success();
}
