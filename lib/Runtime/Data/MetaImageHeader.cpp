//===- MetaImageHeader.cpp - Reading MetaImage headers --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MetaImageHeader.h"
#include "TextHeader.h"

#include <algorithm>
#include <cmath>

using namespace segc;
using namespace segc::text;

/// The name of the field that is there of those that mean the same, else the
/// first.
static std::string nameOf(const Fields &fields,
                          std::initializer_list<const char *> names) {
  for (const char *name : names)
    if (fields.has(name))
      return name;
  return *names.begin();
}

/// Whether a field is "True".
static bool isTrue(const Fields &fields, const std::string &name) {
  const std::string value = fields.get(name);
  return value == "True" || value == "true" || value == "1";
}

/// `count` numbers, or none without the field.
static StatusOr<std::vector<double>>
numbers(const Fields &fields, std::initializer_list<const char *> names,
        size_t count) {
  const std::string name = nameOf(fields, names);
  const auto found = toNumbers(fields.get(name));
  if (!found || (found->size() != count && fields.has(name)))
    return fields.wrong(name, std::to_string(count) + " numbers");
  return *found;
}

static Status parseFields(std::string_view bytes, const std::string &where,
                          Fields &fields, StoredVoxels &stored) {
  std::string_view rest = bytes.substr(0, maxHeaderBytes);
  const size_t all = rest.size();
  while (!fields.has("ElementDataFile")) {
    const std::optional<std::string_view> line = takeLine(rest);
    if (!line)
      return dataLoss(where +
                      ": no line \"ElementDataFile = ...\" ends the "
                      "header in its first " +
                      std::to_string(all) + " bytes");
    if (trimmed(*line).empty())
      continue;
    const size_t equals = line->find('=');
    if (equals == std::string_view::npos)
      return dataLoss(where + ": the line \"" +
                      std::string(line->substr(0, 80)) +
                      "\" of the header has no name and value");
    SEGC_RETURN_IF_ERROR(fields.add(trimmed(line->substr(0, equals)),
                                    trimmed(line->substr(equals + 1))));
  }
  stored.headerBytes = all - rest.size();
  return Status::success();
}

static std::optional<VoxelType> typeOf(const std::string &name) {
  // By MetaIO long has 32 bits.
  static const std::map<std::string_view, VoxelType> types = {
      {"MET_CHAR", VoxelType::I8},       {"MET_UCHAR", VoxelType::U8},
      {"MET_SHORT", VoxelType::I16},     {"MET_USHORT", VoxelType::U16},
      {"MET_INT", VoxelType::I32},       {"MET_UINT", VoxelType::U32},
      {"MET_LONG", VoxelType::I32},      {"MET_ULONG", VoxelType::U32},
      {"MET_LONG_LONG", VoxelType::I64}, {"MET_ULONG_LONG", VoxelType::U64},
      {"MET_FLOAT", VoxelType::F32},     {"MET_DOUBLE", VoxelType::F64}};
  auto found = types.find(name);
  if (found == types.end())
    return std::nullopt;
  return found->second;
}

static Status readStorage(const Fields &fields, const std::string &where,
                          VolumeHeader &volume, StoredVoxels &stored) {
  VoxelLayout &layout = stored.layout;
  if (fields.has("ObjectType") && fields.get("ObjectType") != "Image")
    return fields.wrong("ObjectType", "Image");
  const std::optional<VoxelType> type = typeOf(fields.get("ElementType"));
  if (!type)
    return fields.wrong("ElementType", "MET_UCHAR, MET_SHORT and so on: an "
                                       "integer, MET_FLOAT or MET_DOUBLE");
  layout.type = volume.type = *type;
  if (fields.has("BinaryData") && !isTrue(fields, "BinaryData"))
    return unsupported(
        fields.wrong("BinaryData", "True; save the volume in binary")
            .message());
  constexpr bool bigEndian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
  layout.swapped =
      isTrue(fields, nameOf(fields, {"BinaryDataByteOrderMSB",
                                     "ElementByteOrderMSB"})) != bigEndian;
  stored.packed = isTrue(fields, "CompressedData");
  for (const char *name : {"ElementToIntensityFunctionSlope",
                           "ElementToIntensityFunctionOffset"}) {
    const double neutral = std::string_view(name).back() == 'e' ? 1 : 0;
    const std::string value = fields.get(name);
    if (!value.empty() && toNumber(value) != neutral)
      return fields.wrong(name, exact(neutral) +
                                    ", because programs disagree whether it "
                                    "counts; save the scaled volume");
  }
  const std::string file = fields.get("ElementDataFile");
  const std::string header = fields.get("HeaderSize");
  const bool isLocal = file == "LOCAL" || file == "Local" || file == "local";
  const std::optional<int64_t> skip = toInteger(header);
  stored.atEnd = skip == -1 && !stored.packed;
  if (!header.empty() && !stored.atEnd &&
      (!skip || *skip < 0 || *skip > int64_t{1} << 48 ||
       (isLocal && *skip > 0) || (stored.packed && *skip > 0)))
    return fields.wrong("HeaderSize", "a number of bytes in front of voxels "
                                      "that are not packed, in their own file");
  layout.offset = static_cast<uint64_t>(std::max<int64_t>(skip.value_or(0), 0));
  if (isLocal)
    return Status::success();
  if (file.rfind("LIST", 0) == 0 || file.find('%') != std::string::npos)
    return unsupported(fields
                           .wrong("ElementDataFile",
                                  "LOCAL or one file of voxels; save the "
                                  "volume again in one file")
                           .message());
  SEGC_ASSIGN_OR_RETURN(stored.file, besideHeader(where, file));
  return Status::success();
}

static Status readSizes(const Fields &fields, VolumeHeader &volume,
                        StoredVoxels &stored, size_t &rank) {
  const auto dimensions = toInteger(fields.get("NDims"));
  if (!dimensions || *dimensions < 2 || *dimensions > 4)
    return fields.wrong("NDims", "2 or 3, or 4 with channels behind z");
  rank = static_cast<size_t>(*dimensions);
  auto sizes = toIntegers(fields.get("DimSize"));
  if (!sizes || sizes->size() != rank || !product(*sizes))
    return fields.wrong("DimSize", std::to_string(rank) +
                                       " numbers of at least 1, at most 2^48 "
                                       "in total");
  const std::string text = fields.get("ElementNumberOfChannels");
  const auto channels = text.empty() ? 1 : toInteger(text);
  const int64_t behind = rank > 3 ? (*sizes)[3] : 1;
  if (!channels || *channels < 1 || (*channels > 1 && behind > 1))
    return fields.wrong("ElementNumberOfChannels",
                        "at least 1, and 1 beside a fourth dimension");
  stored.layout.channelsFirst = *channels > 1;
  volume.channels = *channels * behind;
  sizes->resize(3, 1);
  volume.geometry.size = {(*sizes)[0], (*sizes)[1], (*sizes)[2]};
  sizes->push_back(volume.channels);
  const auto elements = product(*sizes);
  if (!elements)
    return fields.wrong("ElementNumberOfChannels",
                        "at most 2^48 numbers in total");
  stored.layout.elements = *elements;
  return Status::success();
}

/// The world of MetaImage is ITK's: left, posterior, superior.
static Status place(const Fields &fields, const std::string &where, size_t rank,
                    VolumeHeader &volume) {
  SEGC_ASSIGN_OR_RETURN(
      std::vector<double> spacing,
      numbers(fields, {"ElementSpacing", "ElementSize"}, rank));
  SEGC_ASSIGN_OR_RETURN(std::vector<double> matrix,
                        numbers(fields,
                                {"TransformMatrix", "Rotation", "Orientation"},
                                rank * rank));
  SEGC_ASSIGN_OR_RETURN(
      std::vector<double> offset,
      numbers(fields, {"Offset", "Position", "Origin"}, rank));
  if (spacing.empty())
    volume.warnings.push_back("no ElementSpacing; the voxels count as 1 mm");
  const auto centre = toNumbers(fields.get("CenterOfRotation"));
  if (!centre || std::any_of(centre->begin(), centre->end(),
                             [](double x) { return x != 0; }))
    volume.warnings.push_back("CenterOfRotation is not 0 and does not count, "
                              "as ITK has it");
  std::array<double, 3> steps = {1, 1, 1};
  const size_t inSpace = std::min<size_t>(rank, 3);
  for (size_t axis = 0; axis < inSpace && !spacing.empty(); ++axis)
    steps[axis] = std::abs(spacing[axis]);
  if (matrix.empty() && offset.empty())
    return placeBySpacing(where, steps, volume.geometry, volume.warnings);
  // ITK takes the size of a step for it and its sign for nothing.
  Affine affine = {{{-1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 1, 0}}};
  for (size_t row = 0; row < 3; ++row) {
    const double sign = row < 2 ? -1 : 1;
    for (size_t axis = 0; axis < inSpace && row < inSpace; ++axis)
      if (!matrix.empty())
        affine[row][axis] = sign * matrix[axis * rank + row];
    for (size_t axis = 0; axis < 3; ++axis)
      affine[row][axis] *= steps[axis];
    if (row < offset.size())
      affine[row][3] = sign * offset[row];
  }
  return placeByDirections(where, affine, volume.geometry, volume.warnings);
}

Status segc::metaimage::readHeader(std::string_view bytes,
                                   const std::string &where,
                                   VolumeHeader &volume, StoredVoxels &stored) {
  Fields fields(where);
  SEGC_RETURN_IF_ERROR(parseFields(bytes, where, fields, stored));
  SEGC_RETURN_IF_ERROR(readStorage(fields, where, volume, stored));
  size_t rank = 0;
  SEGC_RETURN_IF_ERROR(readSizes(fields, volume, stored, rank));
  return place(fields, where, rank, volume);
}
