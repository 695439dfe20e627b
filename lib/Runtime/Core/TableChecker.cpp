//===- TableChecker.cpp - Check of a model's tables -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TableChecker.h"

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

/// Checks that the commands behind a call that compute the same are launches of
/// the program.
static Status checkAlternatives(const std::vector<segc_command> &commands,
                                size_t call, const std::string &where) {
  const uint64_t count = commands[call].alternatives;
  if (count > commands.size() - call - 1)
    return dataLoss(
        where + ": has " + std::to_string(count) + " alternatives of " +
        std::to_string(commands.size() - call - 1) + " commands behind it");
  for (uint64_t i = 1; i <= count; ++i)
    if (commands[call + i].kind != SEGC_COMMAND_LAUNCH ||
        commands[call + i].stream != commands[call].stream)
      return dataLoss(where + ": alternative " + std::to_string(i) +
                      " is no launch of its stream");
  return Status::success();
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
  auto label = [&](uint64_t i) {
    return where + ", kernel " + std::to_string(i);
  };
  std::vector<segc_command> checked;
  for (uint64_t i = 0; i < program->command_count; ++i) {
    SEGC_ASSIGN_OR_RETURN(segc_command command,
                          checkCommand(*program,
                                       *commands + i * layout.commandBytes,
                                       known, label(i)));
    checked.push_back(command);
  }
  for (size_t i = 0; i < checked.size(); ++i)
    if (checked[i].kind == SEGC_COMMAND_CALL)
      SEGC_RETURN_IF_ERROR(checkAlternatives(checked, i, label(i)));
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
