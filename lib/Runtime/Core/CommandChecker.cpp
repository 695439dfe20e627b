//===- CommandChecker.cpp - Check of a model's commands -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TableChecker.h"
#include "segc/Runtime/Core/Elements.h"

#include <cstddef>

using namespace segc;

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
  if (version.device != SEGC_DEVICE_HOST &&
      (command.launch_flags & SEGC_LAUNCH_SHARDED) &&
      !(command.launch_flags & SEGC_LAUNCH_FIRST_TASK))
    return dataLoss(where + ": is shared by ranks, but its kernel does not ask "
                            "for the first task of a launch");
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
      command.collective > SEGC_COLLECTIVE_ALL_GATHER)
    return dataLoss(where + ": is a collective of the unknown kind " +
                    std::to_string(command.collective));
  if (kind == SEGC_COMMAND_COLLECTIVE && command.travels_as > SEGC_BF16)
    return dataLoss(where + ": its values travel as the unknown type " +
                    std::to_string(command.travels_as));
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

Status TableChecker::checkShards(uint64_t shards, const segc_operand &operand,
                                 const std::string &where) const {
  auto table = image.read<segc_shards>(shards);
  if (!table)
    return outside(where, "its shards");
  uint64_t end = 0;
  if (operand.elements_per_sample || table->slice < 1 ||
      __builtin_add_overflow(table->offset, operand.elements_fixed, &end) ||
      end > table->elements)
    return dataLoss(where + ": has values up to element " +
                    std::to_string(end) + " of " +
                    std::to_string(table->elements) + " in slices of " +
                    std::to_string(table->slice));
  // States of the optimizer are shared in the same way.
  const auto parameters =
      static_cast<uint64_t>(manifest.parameterBytes) / sizeof(float);
  if (operand.region == SEGC_REGION_GRADIENTS && table->elements > parameters)
    return dataLoss(where + ": shares " + std::to_string(table->elements) +
                    " gradients of " + std::to_string(parameters));
  return Status::success();
}

/// Returns the first byte behind a tensor of as many samples as the operand is
/// large for; none if the map is not one.
static std::optional<uint64_t> endOf(const segc_tensor_map &map,
                                     uint64_t samples) {
  if (map.rank < 1 || map.rank > SEGC_MAX_TENSOR_RANK ||
      map.sample_dimension > map.rank || map.swizzle > 128)
    return std::nullopt;
  uint64_t end = map.offset;
  for (uint32_t i = 0; i < map.rank; ++i) {
    uint64_t size = map.sizes[i], bytes = 0;
    if (size < 1 || map.box[i] < 1 || map.box[i] > 256 || map.steps[i] < 1 ||
        map.steps[i] > 8 ||
        (i == map.sample_dimension &&
         __builtin_mul_overflow(size, samples, &size)) ||
        __builtin_mul_overflow(size - 1, map.strides[i], &bytes) ||
        __builtin_add_overflow(end, bytes, &end))
      return std::nullopt;
  }
  if (__builtin_add_overflow(end, elementBytes(map.type), &end))
    return std::nullopt;
  return end;
}

Status TableChecker::checkMaps(const segc_command &command, uint64_t maps,
                               const std::vector<segc_operand> &operands,
                               const std::string &where) const {
  if (command.map_count > SEGC_MAX_TENSOR_MAPS)
    return dataLoss(where + ": has " + std::to_string(command.map_count) +
                    " tensor maps, expected at most " +
                    std::to_string(SEGC_MAX_TENSOR_MAPS));
  const auto batch = static_cast<uint64_t>(manifest.batch);
  for (uint64_t i = 0; i < command.map_count; ++i) {
    const std::string which = where + ", tensor map " + std::to_string(i);
    auto map = image.read<segc_tensor_map>(maps + i * sizeof(segc_tensor_map));
    if (!map)
      return outside(which, "its table");
    if (map->operand >= operands.size())
      return dataLoss(which + ": is of operand " +
                      std::to_string(map->operand) + " of " +
                      std::to_string(operands.size()));
    const segc_operand &operand = operands[map->operand];
    // checkOperand found the operand to be inside its buffer.
    const uint64_t bytes =
        elementBytes(operand.type) *
        (operand.elements_fixed + operand.elements_per_sample * batch);
    std::optional<uint64_t> end = endOf(*map, batch);
    if (!end || *end > bytes)
      return dataLoss(which + ": " +
                      (end ? "ends at byte " + std::to_string(*end) +
                                 " of an operand of " + std::to_string(bytes)
                           : "is no tensor"));
  }
  return Status::success();
}

StatusOr<segc_command>
TableChecker::checkCommand(const segc_program &program, uint64_t command,
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
  SEGC_RETURN_IF_ERROR(checkAgreement(*table, list, where));
  if (table->kind == SEGC_COMMAND_COLLECTIVE &&
      table->collective >= SEGC_COLLECTIVE_REDUCE_SCATTER) {
    auto shards = image.pointer(command + offsetof(segc_command, shards));
    if (!shards)
      return outside(where, "its shards");
    SEGC_RETURN_IF_ERROR(checkShards(*shards, list[0], where));
  }
  if (table->kind == SEGC_COMMAND_LAUNCH && table->map_count) {
    auto maps = image.pointer(command + offsetof(segc_command, maps));
    if (!maps)
      return outside(where, "its list of tensor maps");
    SEGC_RETURN_IF_ERROR(checkMaps(*table, *maps, list, where));
  }
  return *table;
}
