//===- CacheFiles.cpp - Files of a cache of prepared cases ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheFiles.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Core/Manifest.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

using namespace segc;

static constexpr uint64_t chunkBytes = uint64_t{4} << 20;

std::string segc::cacheIndexOf(const std::string &folder) {
  return (std::filesystem::path(folder) / "cache.json").string();
}

std::string segc::cacheCaseOf(const std::string &folder,
                              const std::string &name) {
  return (std::filesystem::path(folder) / (name + ".safetensors")).string();
}

//===----------------------------------------------------------------------===//
// The record
//===----------------------------------------------------------------------===//

/// The fields of a record but the header of the file, which only a prediction
/// goes back to.
template <typename Visitor, typename Record>
static void visitRecord(Visitor &visit, Record &record) {
  visit("size", record.geometry.size);
  visit("frame_axes", record.frame.source);
  visit("frame_reversed", record.frame.reversed);
  visit("transpose", record.transpose);
  visit("file_shape", record.fileShape);
  visit("file_spacing", record.fileSpacing);
  visit("crop_begin", record.cropBegin);
  visit("crop_shape", record.cropShape);
  visit("spacing", record.spacing);
  visit("resampled_shape", record.resampledShape);
  visit("pad_before", record.padBefore);
}

static std::string recordText(const PreparationRecord &record) {
  OrderedJson json = OrderedJson::object();
  auto put = [&](const char *key, const auto &value) { json[key] = value; };
  visitRecord(put, record);
  if (record.nearestAxis)
    json["nearest_axis"] = *record.nearestAxis;
  return jsonText(json);
}

static Status parseRecord(const std::string &text, const std::string &where,
                          PreparationRecord &record) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  auto take = [&](const char *key, auto &values) {
    using Value = std::decay_t<decltype(values[0])>;
    auto list = json.find(key);
    bool good = json.is_object() && list != json.end() && list->is_array() &&
                list->size() == 3;
    for (size_t i = 0; good && i < 3; ++i) {
      const Json &value = (*list)[i];
      good = std::is_same_v<Value, bool>       ? value.is_boolean()
             : std::is_floating_point_v<Value> ? value.is_number()
                                               : value.is_number_integer();
      if (good)
        values[i] = value.get<Value>();
    }
    if (!good && status.ok())
      status =
          dataLoss(where + ": field \"" + key + "\": expected three values");
  };
  visitRecord(take, record);
  SEGC_RETURN_IF_ERROR(status);
  auto nearest = json.find("nearest_axis");
  if (nearest != json.end() && nearest->is_number_unsigned() &&
      nearest->get<uint64_t>() < 3)
    record.nearestAxis = nearest->get<size_t>();
  return status;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::string checksums(const void *data, uint64_t bytes) {
  std::string text;
  for (uint64_t begin = 0; begin < bytes; begin += chunkBytes) {
    char number[24];
    std::snprintf(number, sizeof(number), "%016llx",
                  static_cast<unsigned long long>(
                      checksum({static_cast<const char *>(data) + begin,
                                std::min(chunkBytes, bytes - begin)})));
    text += (text.empty() ? "" : " ") + std::string(number);
  }
  return text;
}

static std::string classTensor(size_t index) {
  return "class_voxels_" + std::to_string(index + 1);
}

StatusOr<uint64_t> segc::writePreparedCase(const std::string &path,
                                           const PreparedCase &prepared) {
  const Shape3 &shape = prepared.shape;
  const std::vector<int64_t> grid(shape.begin(), shape.end());
  std::vector<int64_t> imageShape = grid;
  imageShape.push_back(prepared.channels);
  std::vector<TensorSource> tensors = {
      {"image", "F32", imageShape, prepared.image},
      {"labels", "I16", grid, prepared.labels}};
  auto addPlaces = [&](const std::string &name,
                       const std::vector<int64_t> &places) {
    tensors.push_back(
        {name, "I64", {static_cast<int64_t>(places.size())}, places.data()});
  };
  for (size_t i = 0; i < prepared.classVoxels.size(); ++i)
    addPlaces(classTensor(i), prepared.classVoxels[i]);
  addPlaces("labelled_voxels", prepared.labelledVoxels);
  std::map<std::string, std::string> metadata = {
      {"record", recordText(prepared.record)}};
  uint64_t total = 0;
  for (const TensorSource &tensor : tensors) {
    const uint64_t bytes = static_cast<uint64_t>(elementCount(tensor.shape)) *
                           dtypeBytes(tensor.dtype);
    metadata["checksums." + tensor.name] = checksums(tensor.data, bytes);
    total += bytes;
  }
  SEGC_RETURN_IF_ERROR(writeSafetensors(path, tensors, metadata));
  return total;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Status checkDamage(const SafetensorsFile &file) {
  for (const TensorEntry &tensor : file.tensors()) {
    auto known = file.metadata().find("checksums." + tensor.name);
    if (known == file.metadata().end() ||
        known->second !=
            checksums(file.data(tensor), tensor.end - tensor.begin))
      return dataLoss(file.path() + ": tensor \"" + tensor.name +
                      "\" is damaged; write the cache again");
  }
  return Status::success();
}

static StatusOr<std::vector<int64_t>>
placesOf(const SafetensorsFile &file, const std::string &name, int64_t voxels) {
  const TensorEntry *tensor = file.find(name);
  if (!tensor || tensor->dtype != "I64" || tensor->shape.size() != 1)
    return dataLoss(file.path() + ": no list of voxels \"" + name + "\"");
  std::vector<int64_t> places(static_cast<size_t>(tensor->shape[0]));
  // An empty list has no address.
  if (!places.empty())
    std::memcpy(places.data(), file.data(*tensor), tensor->end - tensor->begin);
  for (int64_t place : places)
    if (place < 0 || place >= voxels)
      return dataLoss(file.path() + ": \"" + name + "\" has the voxel " +
                      std::to_string(place) + " of " + std::to_string(voxels));
  return places;
}

StatusOr<PreparedCase> segc::mapPreparedCase(const std::string &path,
                                             const DatasetDescription &data) {
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile mapped, SafetensorsFile::map(path));
  auto file = std::make_shared<const SafetensorsFile>(std::move(mapped));
  SEGC_RETURN_IF_ERROR(checkDamage(*file));
  const TensorEntry *image = file->find("image");
  if (!image || image->shape.size() != 4)
    return dataLoss(path + ": no image [depth, height, width, channels]");
  PreparedCase prepared;
  std::copy_n(image->shape.begin(), 3, prepared.shape.begin());
  prepared.channels = image->shape[3];
  if (prepared.voxels() < 1 ||
      prepared.channels != static_cast<int64_t>(data.channelNames.size()))
    return dataLoss(path + ": an image " + shapeText(image->shape) +
                    ", expected voxels with " +
                    std::to_string(data.channelNames.size()) + " channels");
  SEGC_ASSIGN_OR_RETURN(const std::byte *voxels,
                        file->require("image", "F32", image->shape));
  SEGC_ASSIGN_OR_RETURN(
      const std::byte *labels,
      file->require("labels", "I16",
                    {image->shape.begin(), image->shape.end() - 1}));
  if (reinterpret_cast<uintptr_t>(voxels) % alignof(float) != 0 ||
      reinterpret_cast<uintptr_t>(labels) % alignof(int16_t) != 0)
    return dataLoss(path + ": its tensors are not aligned");
  prepared.image = reinterpret_cast<const float *>(voxels);
  prepared.labels = reinterpret_cast<const int16_t *>(labels);
  const int64_t count = prepared.voxels(), values = data.labelValues();
  const int16_t *wrong = std::find_if(
      prepared.labels, prepared.labels + count,
      [&](int16_t label) { return label < -1 || label >= values; });
  if (wrong != prepared.labels + count)
    return dataLoss(path + ": the label " + std::to_string(*wrong) +
                    ", expected -1.." + std::to_string(values - 1));
  for (size_t i = 0; i + 1 < data.classNames.size(); ++i) {
    SEGC_ASSIGN_OR_RETURN(std::vector<int64_t> places,
                          placesOf(*file, classTensor(i), count));
    prepared.classVoxels.push_back(std::move(places));
  }
  SEGC_ASSIGN_OR_RETURN(prepared.labelledVoxels,
                        placesOf(*file, "labelled_voxels", count));
  auto record = file->metadata().find("record");
  SEGC_RETURN_IF_ERROR(
      parseRecord(record == file->metadata().end() ? "" : record->second,
                  path + ": record", prepared.record));
  prepared.storage = std::move(file);
  return prepared;
}
