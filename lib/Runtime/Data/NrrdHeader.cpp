//===- NrrdHeader.cpp - Reading NRRD headers ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NrrdHeader.h"

#include <algorithm>
#include <map>

using namespace segc;
using namespace segc::nrrd;
using namespace segc::text;

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

static Status parseFields(std::string_view bytes, const std::string &where,
                          Fields &fields, StoredVoxels &storage) {
  std::string_view rest = bytes.substr(0, maxHeaderBytes);
  const size_t all = rest.size();
  std::optional<std::string_view> line = takeLine(rest);
  if (!line || line->size() != 8 || line->substr(0, 7) != "NRRD000" ||
      (*line)[7] < '1' || (*line)[7] > '5')
    return invalidArgument(where + ": not an NRRD file: the first line is not "
                                   "NRRD0001 to NRRD0005");
  while ((line = takeLine(rest)) && !line->empty()) {
    const size_t colon = line->find(':');
    if ((*line)[0] == '#')
      continue;
    if (colon == std::string_view::npos || colon + 1 == line->size())
      return dataLoss(where + ": the line \"" +
                      std::string(line->substr(0, 80)) +
                      "\" of the header has no field and value");
    // Keys and values of programs, which say nothing about the voxels.
    if ((*line)[colon + 1] == '=')
      continue;
    std::string name(line->substr(0, colon));
    if (name == "data file")
      name = "datafile";
    const std::string value(trimmed(line->substr(colon + 1)));
    SEGC_RETURN_IF_ERROR(fields.add(name, value));
  }
  // A header beside its voxels may end with its file.
  if (!line && (!fields.has("datafile") || bytes.size() > maxHeaderBytes))
    return dataLoss(where + ": no empty line ends the header in its first " +
                    std::to_string(all) + " bytes");
  storage.headerBytes = all - rest.size();
  return Status::success();
}

static std::optional<VoxelType> typeOf(const std::string &name) {
  static const std::map<std::string_view, VoxelType> types = {
      {"signed char", VoxelType::I8},
      {"int8", VoxelType::I8},
      {"int8_t", VoxelType::I8},
      {"uchar", VoxelType::U8},
      {"unsigned char", VoxelType::U8},
      {"uint8", VoxelType::U8},
      {"uint8_t", VoxelType::U8},
      {"short", VoxelType::I16},
      {"short int", VoxelType::I16},
      {"signed short", VoxelType::I16},
      {"signed short int", VoxelType::I16},
      {"int16", VoxelType::I16},
      {"int16_t", VoxelType::I16},
      {"ushort", VoxelType::U16},
      {"unsigned short", VoxelType::U16},
      {"unsigned short int", VoxelType::U16},
      {"uint16", VoxelType::U16},
      {"uint16_t", VoxelType::U16},
      {"int", VoxelType::I32},
      {"signed int", VoxelType::I32},
      {"int32", VoxelType::I32},
      {"int32_t", VoxelType::I32},
      {"uint", VoxelType::U32},
      {"unsigned int", VoxelType::U32},
      {"uint32", VoxelType::U32},
      {"uint32_t", VoxelType::U32},
      {"longlong", VoxelType::I64},
      {"long long", VoxelType::I64},
      {"long long int", VoxelType::I64},
      {"signed long long", VoxelType::I64},
      {"signed long long int", VoxelType::I64},
      {"int64", VoxelType::I64},
      {"int64_t", VoxelType::I64},
      {"ulonglong", VoxelType::U64},
      {"unsigned long long", VoxelType::U64},
      {"unsigned long long int", VoxelType::U64},
      {"uint64", VoxelType::U64},
      {"uint64_t", VoxelType::U64},
      {"float", VoxelType::F32},
      {"double", VoxelType::F64}};
  auto found = types.find(name);
  if (found == types.end())
    return std::nullopt;
  return found->second;
}

static Status readStorage(const Fields &fields, const std::string &where,
                          VolumeHeader &volume, StoredVoxels &storage) {
  VoxelLayout &layout = storage.layout;
  const std::optional<VoxelType> type = typeOf(fields.get("type"));
  if (!type)
    return fields.wrong("type", "an integer of 8 to 64 bits, float or double");
  layout.type = volume.type = *type;
  const std::string encoding = fields.get("encoding");
  storage.packed = encoding == "gzip" || encoding == "gz";
  if (!storage.packed && encoding != "raw")
    return unsupported(fields
                           .wrong("encoding", "raw or gzip; save the volume "
                                              "again with one of those")
                           .message());
  const std::string endian = fields.get("endian");
  if (endian != "little" && endian != "big" &&
      (!endian.empty() || voxelBytes(*type) > 1))
    return fields.wrong("endian", "little or big");
  constexpr bool bigEndian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
  layout.swapped = !endian.empty() && (endian == "big") != bigEndian;
  for (const char *name : {"line skip", "lineskip", "byte skip", "byteskip"}) {
    if (!fields.has(name))
      continue;
    const bool lines = name[0] == 'l';
    const std::optional<int64_t> skip = toInteger(fields.get(name));
    const bool end = !lines && !storage.packed && skip == -1;
    if (!skip || (*skip < 0 && !end) || *skip > int64_t{1} << 48)
      return fields.wrong(name, "a number of bytes or lines");
    if (lines)
      storage.lineSkip = *skip;
    else if (!end)
      layout.offset = static_cast<uint64_t>(*skip);
    storage.atEnd |= end;
  }
  const std::string file = fields.get("datafile");
  if (file.empty())
    return Status::success();
  if (file.rfind("LIST", 0) == 0 || file.find('%') != std::string::npos)
    return unsupported(fields
                           .wrong("data file",
                                  "one file of voxels; save the volume again "
                                  "with its slices in one file")
                           .message());
  SEGC_ASSIGN_OR_RETURN(storage.file, besideHeader(where, file));
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Headers
//===----------------------------------------------------------------------===//

/// Distances are in millimetres; other units are refused by name.
static Status checkUnits(const Fields &fields) {
  for (const char *name : {"space units", "units"}) {
    std::string value = fields.get(name);
    std::replace(value.begin(), value.end(), '"', ' ');
    for (std::string_view unit : words(value))
      if (unit != "mm" && unit != "millimeter" && unit != "millimeters" &&
          unit != "none" && unit != "???")
        return unsupported(
            fields
                .wrong(name, "\"mm\"; save the volume with its spacing in "
                             "millimetres")
                .message());
  }
  return Status::success();
}

Status segc::nrrd::readHeader(std::string_view bytes, const std::string &where,
                              VolumeHeader &volume, StoredVoxels &storage) {
  Fields fields(where);
  SEGC_RETURN_IF_ERROR(parseFields(bytes, where, fields, storage));
  SEGC_RETURN_IF_ERROR(readStorage(fields, where, volume, storage));
  SEGC_RETURN_IF_ERROR(checkUnits(fields));
  return readAxes(fields, where, volume, storage.layout);
}
