//===- StaticModel.cpp - A model that is not loaded -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/StaticModel.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Runtime/Core/ElfImage.h"
#include "segc/model_tables.h"

#include <cerrno>
#include <cstddef>

using namespace segc;

static constexpr uint64_t maxLaunches = uint64_t{1} << 20;

namespace {

/// Holds the tables of one version against the manifest.
class TableChecker {
public:
  TableChecker(const ElfImage &image, const Manifest &manifest,
               const CpuVersion &version)
      : image(image), manifest(manifest), version(version) {}

  Status check(uint64_t table) const;

private:
  Status checkEntry(const std::string &name, uint64_t table) const;
  Status checkLaunch(const segc_entry_table &entry, uint64_t launch,
                     const EntrySignature &signature,
                     const std::string &where) const;
  Status checkOperand(const segc_operand &operand,
                      const segc_entry_table &entry,
                      const EntrySignature &signature,
                      const std::string &where) const;
  /// Bytes of the buffer that an operand lies in; none for an operand that
  /// names none.
  std::optional<uint64_t> bufferBytes(const segc_operand &operand,
                                      const segc_entry_table &entry,
                                      const EntrySignature &signature) const;

  const ElfImage &image;
  const Manifest &manifest;
  const CpuVersion &version;
};

} // namespace

static Status differs(const std::string &where, const std::string &what,
                      uint64_t tables, uint64_t manifest) {
  return dataLoss(where + ": the code has " + what + " " +
                  std::to_string(tables) + ", the manifest says " +
                  std::to_string(manifest));
}

static Status outside(const std::string &where, const char *what) {
  return dataLoss(where + ": " + what + " lies outside the file");
}

std::optional<uint64_t>
TableChecker::bufferBytes(const segc_operand &operand,
                          const segc_entry_table &entry,
                          const EntrySignature &signature) const {
  auto tensor =
      [&](const std::vector<TensorSignature> &list) -> std::optional<uint64_t> {
    if (operand.index >= list.size())
      return std::nullopt;
    return static_cast<uint64_t>(list[operand.index].bytes());
  };
  switch (operand.region) {
  case SEGC_REGION_ARENA:
    return entry.arena_bytes;
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
                                  const segc_entry_table &entry,
                                  const EntrySignature &signature,
                                  const std::string &where) const {
  std::optional<uint64_t> room = bufferBytes(operand, entry, signature);
  if (!room)
    return dataLoss(where + ": region " + std::to_string(operand.region) +
                    ", number " + std::to_string(operand.index) +
                    ", which the entry does not have");
  const uint64_t elementBytes =
      operand.type == SEGC_F32                                ? 4
      : operand.type == SEGC_F16 || operand.type == SEGC_BF16 ? 2
                                                              : 1;
  const auto batch = static_cast<uint64_t>(manifest.batch);
  uint64_t end = 0;
  if (__builtin_mul_overflow(operand.elements_per_sample, batch, &end) ||
      __builtin_add_overflow(end, operand.elements_fixed, &end) ||
      __builtin_mul_overflow(end, elementBytes, &end) ||
      __builtin_add_overflow(end, operand.offset, &end) || end > *room)
    return dataLoss(where + ": begins at byte " +
                    std::to_string(operand.offset) + " and ends at " +
                    std::to_string(end) + " of a buffer of " +
                    std::to_string(*room) + " bytes by the manifest");
  return Status::success();
}

Status TableChecker::checkLaunch(const segc_entry_table &entry, uint64_t launch,
                                 const EntrySignature &signature,
                                 const std::string &where) const {
  auto table = image.read<segc_launch>(launch);
  auto function = image.pointer(launch + offsetof(segc_launch, function));
  auto operands = image.pointer(launch + offsetof(segc_launch, operands));
  if (!table || !function || !operands)
    return outside(where, "its table");
  if (!image.isCode(*function))
    return dataLoss(where + ": points at no code");
  if (table->operand_count > SEGC_MAX_OPERANDS ||
      uint64_t{table->input_count} + table->output_count > table->operand_count)
    return dataLoss(where + ": has " + std::to_string(table->operand_count) +
                    " operands, expected at most " +
                    std::to_string(SEGC_MAX_OPERANDS));
  for (uint64_t i = 0; i < table->operand_count; ++i) {
    auto operand =
        image.read<segc_operand>(*operands + i * sizeof(segc_operand));
    if (!operand)
      return outside(where, "an operand");
    SEGC_RETURN_IF_ERROR(checkOperand(
        *operand, entry, signature, where + ", operand " + std::to_string(i)));
  }
  return Status::success();
}

Status TableChecker::checkEntry(const std::string &name, uint64_t table) const {
  const std::string where = version.cpu + ", " + name;
  const EntrySignature *signature = manifest.entry(name);
  auto entry = image.read<segc_entry_table>(table);
  auto label = image.pointer(table + offsetof(segc_entry_table, name));
  if (!entry || !label)
    return outside(where, "its table");
  if (*label == 0)
    return signature ? dataLoss(where + ": the manifest lists the entry, the "
                                        "code lacks it")
                     : Status::success();
  static const EntrySignature none;
  const EntrySignature &known = signature ? *signature : none;
  if (entry->input_count != known.inputs.size())
    return differs(where, "inputs:", entry->input_count, known.inputs.size());
  if (entry->output_count != known.outputs.size())
    return differs(where, "outputs:", entry->output_count,
                   known.outputs.size());
  auto arena = version.arenaBytes.find(name);
  const uint64_t planned =
      arena == version.arenaBytes.end() ? 0 : uint64_t(arena->second);
  if (entry->arena_bytes != planned)
    return differs(where, "arena_bytes", entry->arena_bytes, planned);
  if (entry->scratch_bytes > uint64_t(version.scratchBytes))
    return differs(where, "scratch_bytes", entry->scratch_bytes,
                   uint64_t(version.scratchBytes));
  auto launches = image.pointer(table + offsetof(segc_entry_table, launches));
  if (!launches || entry->launch_count > maxLaunches)
    return outside(where, "its list of kernels");
  for (uint64_t i = 0; i < entry->launch_count; ++i)
    SEGC_RETURN_IF_ERROR(checkLaunch(*entry,
                                     *launches + i * sizeof(segc_launch), known,
                                     where + ", kernel " + std::to_string(i)));
  return Status::success();
}

Status TableChecker::check(uint64_t table) const {
  auto cpu = image.pointer(table + offsetof(segc_version_table, cpu));
  std::optional<std::string_view> name = cpu ? image.text(*cpu) : std::nullopt;
  if (!name || *name != version.cpu)
    return dataLoss("the code has the version " +
                    std::string(name.value_or("?")) + ", the manifest says " +
                    version.cpu);
  static constexpr const char *names[SEGC_ENTRY_COUNT] = {
      "predict", "evaluate_step", "grad_step", "apply_step", "prepare"};
  for (uint64_t i = 0; i < SEGC_ENTRY_COUNT; ++i)
    SEGC_RETURN_IF_ERROR(
        checkEntry(names[i], table + offsetof(segc_version_table, entries) +
                                 i * sizeof(segc_entry_table)));
  return Status::success();
}

/// What segc_model points at must lie in the file.
static Status checkModel(const ElfImage &image, uint64_t model,
                         const Manifest &manifest) {
  auto inFile = [&](size_t member, int64_t bytes) {
    auto address = image.pointer(model + member);
    return address &&
           (*address == 0 || image.at(*address, static_cast<uint64_t>(bytes)));
  };
  if (!inFile(offsetof(segc_model, weights), manifest.parameterBytes) ||
      !inFile(offsetof(segc_model, weight_states), manifest.stateBytes))
    return dataLoss("the weights inside are not of the manifest's size");
  const std::pair<const char *, size_t> entries[] = {
      {"prepare", offsetof(segc_model, prepare)},
      {"predict", offsetof(segc_model, predict)},
      {"evaluate_step", offsetof(segc_model, evaluate_step)},
      {"train_step", offsetof(segc_model, train_step)},
      {"grad_step", offsetof(segc_model, grad_step)},
      {"apply_step", offsetof(segc_model, apply_step)}};
  for (auto [name, member] : entries) {
    auto address = image.pointer(model + member);
    if (!address || (*address != 0 && !image.isCode(*address)))
      return dataLoss(std::string(name) + " points at no code");
  }
  return Status::success();
}

static Status checkTables(const ElfImage &image, uint64_t versions,
                          uint64_t count, const Manifest &manifest) {
  if (count != manifest.versions.size())
    return differs("versions", "a list of", count, manifest.versions.size());
  for (size_t i = 0; i < manifest.versions.size(); ++i)
    SEGC_RETURN_IF_ERROR(TableChecker(image, manifest, manifest.versions[i])
                             .check(versions + i * sizeof(segc_version_table)));
  return Status::success();
}

static constexpr std::string_view trailerMark = "segc sum";

std::string segc::checksumTrailer(std::string_view model) {
  const uint64_t sum = checksum(model);
  std::string trailer(trailerMark);
  trailer.append(reinterpret_cast<const char *>(&sum), sizeof(sum));
  return trailer;
}

/// Files without a checksum pass: stripped, or of an older compiler.
static Status verifyChecksum(std::string_view bytes, const std::string &where) {
  constexpr size_t size = trailerMark.size() + sizeof(uint64_t);
  if (bytes.size() < size ||
      bytes.substr(bytes.size() - size, trailerMark.size()) != trailerMark)
    return Status::success();
  const std::string_view model = bytes.substr(0, bytes.size() - size);
  return bytes.substr(model.size()) == checksumTrailer(model)
             ? Status::success()
             : dataLoss(where + ": its bytes are not those that segc wrote "
                                "(their checksum differs); the file is damaged "
                                "or was changed, compile the model again");
}

/// All but the checksum.
static StatusOr<std::optional<StaticModel>>
parseDescription(std::string_view bytes, const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(ElfImage image, ElfImage::parse(bytes, where));
  auto found = image.note(SEGC_NOTE_OWNER, SEGC_NOTE_TYPE);
  if (!found || found->second.size() != sizeof(segc_model_note))
    return std::optional<StaticModel>();
  segc_model_note note;
  std::memcpy(&note, found->second.data(), sizeof(note));
  const auto distance = [](int32_t value) {
    return static_cast<uint64_t>(int64_t{value});
  };
  const uint64_t address =
      found->first + offsetof(segc_model_note, model) + distance(note.model);
  const uint64_t versions = found->first + offsetof(segc_model_note, versions) +
                            distance(note.versions);
  auto model = image.read<segc_model>(address);
  auto text = image.pointer(address + offsetof(segc_model, manifest));
  // Other versions of the interface are refused by who loads the model.
  if (model && (model->abi_version > SEGC_ABI_VERSION ||
                model->struct_size < sizeof(segc_model)))
    return std::optional<StaticModel>();
  auto manifest =
      model && text ? image.at(*text, model->manifest_bytes) : std::nullopt;
  if (!manifest)
    return outside(where, "the manifest");
  StaticModel result;
  result.manifestText = std::string(*manifest);
  SEGC_ASSIGN_OR_RETURN(result.manifest,
                        parseManifest(*manifest, where + ": manifest"));
  Status status = checkModel(image, address, result.manifest);
  if (status.ok())
    status = checkTables(image, versions, note.version_count, result.manifest);
  if (!status.ok())
    return dataLoss(where + ": " + status.message() +
                    "; the file is damaged or was changed, compile the model "
                    "again");
  return std::optional<StaticModel>(std::move(result));
}

StatusOr<std::optional<StaticModel>>
segc::parseModel(std::string_view bytes, const std::string &where) {
  // First what can be said more closely.
  SEGC_ASSIGN_OR_RETURN(std::optional<StaticModel> model,
                        parseDescription(bytes, where));
  SEGC_RETURN_IF_ERROR(verifyChecksum(bytes, where));
  return model;
}

StatusOr<std::optional<StaticModel>> segc::readModel(const std::string &path) {
  StatusOr<std::string> bytes = readFile(path);
  if (!bytes.ok() && bytes.status().code() == StatusCode::NotFound)
    return notFound(bytes.status().message() +
                    "; give the .so that `segc compile` wrote");
  SEGC_RETURN_IF_ERROR(bytes.status());
  return parseModel(*bytes, path);
}
