//===- StaticModel.cpp - Models read without loading ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/StaticModel.h"
#include "TableChecker.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"

#include <cerrno>
#include <cstddef>

using namespace segc;

/// Checks that the pointers of segc_model are within the file.
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

static Status checkTables(const ElfImage &image, const TableLayout &layout,
                          uint64_t versions, uint64_t count,
                          const Manifest &manifest) {
  if (count != manifest.versions.size())
    return differs("versions", "a list of", count, manifest.versions.size());
  for (size_t i = 0; i < manifest.versions.size(); ++i)
    SEGC_RETURN_IF_ERROR(
        TableChecker(image, layout, manifest, manifest.versions[i])
            .check(versions + i * layout.versionBytes));
  return Status::success();
}

static constexpr std::string_view trailerMark = "segc sum";

std::string segc::checksumTrailer(std::string_view model) {
  const uint64_t sum = checksum(model);
  std::string trailer(trailerMark);
  trailer.append(reinterpret_cast<const char *>(&sum), sizeof(sum));
  return trailer;
}

/// Files without a checksum pass, since a file may be stripped or of an older
/// compiler.
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

/// Reads a model and checks everything but the checksum.
static StatusOr<std::optional<StaticModel>>
parseDescription(std::string_view bytes, const std::string &where,
                 ModelMachine machine) {
  SEGC_ASSIGN_OR_RETURN(ElfImage image, ElfImage::parse(bytes, where, machine));
  const TableLayout *layout = &v3Layout;
  auto found = image.note(SEGC_NOTE_OWNER, SEGC_NOTE_TYPE);
  if (!found) {
    found = image.note(SEGC_NOTE_OWNER, SEGC_NOTE_TYPE_V2);
    layout = &v2Layout;
  }
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
  auto header = image.at(address, SEGC_V2_MODEL_BYTES);
  auto text = image.pointer(address + offsetof(segc_model, manifest));
  std::optional<segc_model> model;
  if (header) {
    model.emplace();
    std::memcpy(&*model, header->data(), header->size());
  }
  // ModelLibrary refuses other versions of the interface, with the reason.
  if (model && (model->abi_version > SEGC_ABI_VERSION ||
                model->struct_size < SEGC_V2_MODEL_BYTES))
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
    status = checkTables(image, *layout, versions, note.version_count,
                         result.manifest);
  if (!status.ok())
    return dataLoss(where + ": " + status.message() +
                    "; the file is damaged or was changed, compile the model "
                    "again");
  return std::optional<StaticModel>(std::move(result));
}

StatusOr<std::optional<StaticModel>> segc::parseModel(std::string_view bytes,
                                                      const std::string &where,
                                                      ModelMachine machine) {
  // These errors are more specific than a wrong checksum.
  SEGC_ASSIGN_OR_RETURN(std::optional<StaticModel> model,
                        parseDescription(bytes, where, machine));
  SEGC_RETURN_IF_ERROR(verifyChecksum(bytes, where));
  return model;
}

StatusOr<std::optional<StaticModel>> segc::readModel(const std::string &path,
                                                     ModelMachine machine) {
  StatusOr<std::string> bytes = readFile(path);
  if (!bytes.ok() && bytes.status().code() == StatusCode::NotFound)
    return notFound(bytes.status().message() +
                    "; give the .so that `segc compile` wrote");
  SEGC_RETURN_IF_ERROR(bytes.status());
  return parseModel(*bytes, path, machine);
}
