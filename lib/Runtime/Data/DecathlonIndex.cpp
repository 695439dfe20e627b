//===- DecathlonIndex.cpp - Reading dataset.json --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Decathlon.h"

#include <algorithm>
#include <filesystem>
#include <set>

using namespace segc;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Channels and labels
//===----------------------------------------------------------------------===//

/// The names of an object {"0": name, "1": name, ...}, ordered by number.
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

/// A number as JSON or as a text of digits, -1 for anything else.
static int64_t numberIn(const Json &value) {
  if (value.is_number_unsigned() && value.get<uint64_t>() <= INT32_MAX)
    return value.get<int64_t>();
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  const bool digits = !text.empty() && text.size() <= 9 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  return digits ? std::stoll(text) : -1;
}

namespace {

/// Reads the labels into an index.
class LabelReader {
public:
  LabelReader(JsonReader &reader, DecathlonIndex &index)
      : reader(reader), index(index) {}

  /// Of `text`, whose order of names is that of the regions.
  void read(std::string_view text);

private:
  void readEntry(const std::string &key, const OrderedJson &value);
  void addLabel(int64_t number, const std::string &name);
  void addRegion(const std::string &name, std::vector<int64_t> labels);
  void checkIgnored();
  void fail(const std::string &message) {
    reader.fail("field \"labels\": " + message);
  }

  JsonReader &reader;
  DecathlonIndex &index;
  bool hasRegions = false;
};

} // namespace

void LabelReader::read(std::string_view text) {
  const Json &labels = reader.value("labels");
  if (!labels.is_object() || labels.empty())
    return fail(std::string("expected an object {\"0\": name, ...}, found ") +
                labels.type_name());
  hasRegions = reader.has("regions_class_order");
  for (const Json &value : labels)
    hasRegions |= value.is_array();
  // parseJson() has passed the text, but for a mark at its start.
  const OrderedJson ordered =
      OrderedJson::parse(text.substr(text.find('{')), nullptr, false);
  for (const auto &[key, value] : ordered["labels"].items())
    readEntry(key, value);
  if (hasRegions) {
    index.regionsClassOrder = reader.integers("regions_class_order", 1);
    if (index.regionsClassOrder.size() != index.regions.size())
      reader.fail("field \"regions_class_order\": expected a label for each "
                  "of " +
                  std::to_string(index.regions.size()) + " regions, got " +
                  std::to_string(index.regionsClassOrder.size()));
  }
  checkIgnored();
  // Class indices are stored in bytes.
  if (index.labels.size() > 256)
    fail(std::to_string(index.labels.size()) +
         " classes, expected at most 256");
}

/// {"0": name, ...} as the Decathlon has it, or {name: 0, ...} as nnU-Net v2.
void LabelReader::readEntry(const std::string &key, const OrderedJson &value) {
  if (hasRegions && value.is_array()) {
    std::vector<int64_t> labels;
    for (const OrderedJson &label : value)
      labels.push_back(numberIn(Json(label)));
    if (labels.empty() || *std::min_element(labels.begin(), labels.end()) < 1)
      return fail("\"" + key + "\" is " + jsonText(value) +
                  ", expected a region of labels above 0");
    return addRegion(key, std::move(labels));
  }
  const bool nameFirst = !value.is_string() || numberIn(key) < 0;
  const int64_t number = numberIn(nameFirst ? Json(value) : Json(key));
  if (number < 0)
    return fail("\"" + key + "\" is " + jsonText(value) +
                ", expected {\"0\": name, ...} or {name: 0, ...}");
  if (nameFirst && key == "ignore")
    index.ignoreLabel = number;
  else if (hasRegions && number > 0)
    addRegion(key, {number});
  else
    addLabel(number, nameFirst ? key : value.get<std::string>());
}

void LabelReader::addLabel(int64_t number, const std::string &name) {
  auto [known, isNew] = index.labels.emplace(number, name);
  if (!isNew)
    fail(std::to_string(number) + " is \"" + known->second + "\" and \"" +
         name + "\", expected a number for each");
}

void LabelReader::addRegion(const std::string &name,
                            std::vector<int64_t> labels) {
  // The labels have no names of their own.
  for (int64_t label : labels)
    index.labels.emplace(label, "label " + std::to_string(label));
  index.regions.emplace_back(name, std::move(labels));
}

void LabelReader::checkIgnored() {
  if (index.ignoreLabel && !index.labels.empty() &&
      *index.ignoreLabel <= index.labels.rbegin()->first)
    fail("the ignore label is " + std::to_string(*index.ignoreLabel) +
         ", expected the largest label, above " +
         std::to_string(index.labels.rbegin()->first));
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

/// The part of an absolute path behind `root`, empty if it is not in there.
static fs::path behind(const fs::path &path, const fs::path &root) {
  std::error_code error;
  for (const fs::path &folder :
       {fs::absolute(root, error), fs::weakly_canonical(root, error)}) {
    const fs::path part =
        path.lexically_normal().lexically_relative(folder.lexically_normal());
    if (!part.empty() && *part.begin() != ".." && part != ".")
      return part;
  }
  return {};
}

namespace {
/// Takes cases out of the index in the folder `root`.
class CaseEntries {
public:
  explicit CaseEntries(fs::path root) : root(std::move(root)) {}

  /// A path that cannot leave the folder, relative to it: dataset.json may come
  /// from anywhere.
  std::string inside(JsonReader &reader, std::string text) const {
    // Written on Windows.
    if (text.find('/') == std::string::npos)
      std::replace(text.begin(), text.end(), '\\', '/');
    fs::path path = fs::path(text).lexically_normal();
    if (path.is_absolute())
      path = behind(path, root);
    const bool inside = text.find('\0') == std::string::npos &&
                        path.has_filename() && path != "." &&
                        *path.begin() != "..";
    if (!inside)
      reader.fail("path \"" + text +
                  "\" leads out of the data folder; expected one inside, like "
                  "\"imagesTr/case.nii.gz\"; a link there may point anywhere");
    return inside ? path.string() : "";
  }

  DecathlonIndex::Case labelled(JsonReader entry) const {
    const std::string image = inside(entry, entry.string("image"));
    return decathlonCase(image, inside(entry, entry.string("label")));
  }

  /// nnU-Net v2: {"images": [of each channel], "label": path}.
  DecathlonIndex::Case ofChannels(const std::string &name,
                                  JsonReader entry) const {
    DecathlonIndex::Case files;
    files.name = name;
    files.separateChannels = true;
    for (const std::string &path : entry.strings("images"))
      files.channelImages.push_back(inside(entry, path));
    files.label = inside(entry, entry.string("label"));
    if (files.channelImages.empty())
      entry.fail("field \"images\": expected a file of each channel");
    // Masks are named after the case.
    if (name.empty() || name[0] == '.' ||
        name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
      entry.fail("the name of a case, expected one that can name a file");
    return files;
  }

private:
  fs::path root;
};
} // namespace

DecathlonIndex::Case segc::decathlonCase(const std::string &image,
                                         const std::string &label) {
  DecathlonIndex::Case files;
  files.name = imageStem(image);
  files.image = image;
  files.label = label;
  return files;
}

/// Two cases of a name would have one mask.
static void checkNames(JsonReader &reader,
                       const std::vector<DecathlonIndex::Case> &cases) {
  std::set<std::string> names;
  for (const DecathlonIndex::Case &entry : cases)
    if (!names.insert(entry.name).second)
      reader.fail("two cases are named \"" + entry.name +
                  "\"; their predictions would overwrite each other; take one "
                  "of them out");
}

static void readCases(JsonReader &reader, const CaseEntries &cases,
                      DecathlonIndex &index) {
  if (reader.has("training"))
    reader.forEach("training", [&](JsonReader entry) {
      index.training.push_back(cases.labelled(entry));
    });
  else
    reader.forEachMember(
        "dataset", [&](const std::string &name, JsonReader entry) {
          index.training.push_back(cases.ofChannels(name, entry));
        });
  if (!reader.has("test"))
    return;
  const Json &test = reader.value("test");
  if (test.is_array() && !test.empty() && test[0].is_object())
    reader.forEach("test", [&](JsonReader entry) {
      index.test.push_back(
          decathlonCase(cases.inside(entry, entry.string("image")), ""));
    });
  else
    for (const std::string &path : reader.strings("test"))
      index.test.push_back(decathlonCase(cases.inside(reader, path), ""));
}

StatusOr<DecathlonIndex> segc::parseDecathlonIndex(std::string_view text,
                                                   const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  JsonReader reader(json, where, status);
  DecathlonIndex index;
  index.name = reader.stringOr("name", "");
  if (reader.has("numTraining") && numberIn(reader.value("numTraining")) >= 0)
    index.declaredTraining = numberIn(reader.value("numTraining"));
  for (const char *key : {"modality", "channel_names"})
    if (reader.has(key))
      index.modalities = numberedNames(reader, key);
  LabelReader(reader, index).read(text);
  const bool isNnunet =
      reader.has("channel_names") || reader.has("file_ending");
  index.listsCases =
      reader.has("training") || reader.has("dataset") || !isNnunet;
  if (index.listsCases) {
    readCases(reader, CaseEntries(fs::path(where).parent_path()), index);
  } else {
    index.fileEnding = reader.string("file_ending");
    const ImageFormat *format = formatByName("case" + index.fileEnding);
    if (!format || !format->asVolumes() || format->readsFolders())
      reader.fail("an nnU-Net v2 data set of \"" + index.fileEnding +
                  "\" files, expected one of " + volumeEndings() +
                  "; convert them");
  }
  checkNames(reader, index.training);
  checkNames(reader, index.test);
  SEGC_RETURN_IF_ERROR(status);
  return index;
}
