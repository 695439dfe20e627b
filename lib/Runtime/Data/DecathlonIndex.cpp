//===- DecathlonIndex.cpp - Reading dataset.json --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Decathlon.h"

#include <filesystem>
#include <set>

using namespace segc;

/// The values of an object whose keys are "0", "1", ... without a gap.
static std::vector<std::string> numberedNames(JsonReader &reader,
                                              const char *key) {
  std::vector<std::string> names;
  const Json &object = reader.value(key);
  if (!object.is_object() || object.empty()) {
    reader.fail(std::string("field \"") + key +
                "\": expected an object {\"0\": name, ...}, found " +
                object.type_name());
    return names;
  }
  for (size_t i = 0; i < object.size(); ++i) {
    auto entry = object.find(std::to_string(i));
    if (entry == object.end() || !entry->is_string()) {
      reader.fail(std::string("field \"") + key +
                  "\": expected the keys \"0\" "
                  "to \"" +
                  std::to_string(object.size() - 1) +
                  "\", each with a name; \"" + std::to_string(i) +
                  "\" is missing or no string");
      return {};
    }
    names.push_back(entry->get<std::string>());
  }
  return names;
}

/// A path of dataset.json; an error if it could leave the folder.
static std::string insidePath(JsonReader &reader, const std::string &text) {
  const std::filesystem::path path =
      std::filesystem::path(text).lexically_normal();
  bool inside = !text.empty() && text.find('\0') == std::string::npos &&
                path.is_relative() && path.has_filename() && path != "." &&
                *path.begin() != "..";
  if (!inside)
    reader.fail("path \"" + text +
                "\" leads out of the data folder; expected one inside, like "
                "\"imagesTr/case.nii.gz\"");
  return path.string();
}

static std::string caseNameOf(const std::string &path) {
  std::string name = std::filesystem::path(path).filename().string();
  for (std::string_view ending : {".nii.gz", ".nii"})
    if (name.size() > ending.size() && hasEnding(name, ending))
      return name.substr(0, name.size() - ending.size());
  return name;
}

DecathlonIndex::Case segc::decathlonCase(const std::string &image,
                                         const std::string &label) {
  return {caseNameOf(image), image, label};
}

/// The class names of nnU-Net v2: {name: number, ...}. What only nnU-Net knows
/// is named.
static std::vector<std::string> nnunetNames(JsonReader &reader) {
  std::vector<std::string> names;
  const Json &labels = reader.value("labels");
  if (reader.has("regions_class_order"))
    reader.fail("field \"regions_class_order\": regions (overlapping labels) "
                "of nnU-Net are not supported, expected one class a voxel");
  if (!labels.is_object()) {
    reader.fail("field \"labels\": expected an object {name: number, ...}");
    return names;
  }
  names.resize(labels.size());
  std::vector<bool> taken(labels.size());
  for (auto it = labels.begin(); it != labels.end(); ++it) {
    if (it->is_array())
      reader.fail("field \"labels\": \"" + it.key() +
                  "\" is a region (a list of labels), which is not supported; "
                  "expected one class a voxel");
    else if (it.key() == "ignore")
      reader.fail("field \"labels\": an ignore label is not supported; give "
                  "its voxels a class");
    else if (!it->is_number_unsigned() ||
             it->get<uint64_t>() >= labels.size() ||
             taken[it->get<size_t>()])
      reader.fail("field \"labels\": \"" + it.key() + "\" is " + it->dump() +
                  ", expected each of the numbers 0.." +
                  std::to_string(labels.size() - 1) + " once");
    else {
      taken[it->get<size_t>()] = true;
      names[it->get<size_t>()] = it.key();
    }
  }
  return names;
}

static void parseNnunet(JsonReader &reader, DecathlonIndex &index) {
  index.modalities = numberedNames(reader, "channel_names");
  index.classNames = nnunetNames(reader);
  index.fileEnding = reader.string("file_ending");
  if (index.fileEnding != ".nii" && index.fileEnding != ".nii.gz")
    reader.fail("an nnU-Net v2 data set of \"" + index.fileEnding +
                "\" files, expected .nii or .nii.gz; convert them");
  if (reader.has("dataset"))
    reader.fail("field \"dataset\": the case list of nnU-Net v2 is not "
                "supported, expected imagesTr/CASE_0000" +
                index.fileEnding + " and labelsTr/CASE" + index.fileEnding);
}

Expected<DecathlonIndex> segc::parseDecathlonIndex(std::string_view text,
                                                   const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  JsonReader reader(json, where, status);
  DecathlonIndex index;
  index.name = reader.stringOr("name", "");
  if (reader.has("numTraining"))
    index.declaredTraining = reader.integer("numTraining");
  const bool isNnunet =
      reader.has("channel_names") || reader.has("file_ending");
  if (isNnunet) {
    parseNnunet(reader, index);
    SEGC_RETURN_IF_ERROR(status.withContext("nnU-Net v2"));
    return index;
  }
  if (json.is_object() && json.contains("regions_class_order"))
    reader.fail("field \"regions_class_order\": regions (overlapping labels) "
                "of nnU-Net are not supported, expected one class a voxel");
  index.modalities = numberedNames(reader, "modality");
  index.classNames = numberedNames(reader, "labels");
  // Class indices are stored in bytes.
  if (index.classNames.size() > 256)
    reader.fail("field \"labels\": " + std::to_string(index.classNames.size()) +
                " classes, expected at most 256");
  reader.forEach("training", [&](JsonReader entry) {
    std::string image = insidePath(entry, entry.string("image"));
    std::string label = insidePath(entry, entry.string("label"));
    index.training.push_back(decathlonCase(image, label));
  });
  if (reader.has("test"))
    for (const std::string &path : reader.strings("test"))
      index.test.push_back(decathlonCase(insidePath(reader, path), ""));

  for (const auto *cases : {&index.training, &index.test}) {
    std::set<std::string> names;
    for (const DecathlonIndex::Case &entry : *cases)
      if (!names.insert(entry.name).second)
        reader.fail("two cases are named \"" + entry.name +
                    "\"; their predictions would overwrite each other");
  }
  SEGC_RETURN_IF_ERROR(status);
  return index;
}
