//===- NrrdHeader.cpp - Reading NRRD headers ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NrrdHeader.h"
#include "Affines.h"
#include "TextHeader.h"

#include <algorithm>
#include <map>

using namespace segc;
using namespace segc::nrrd;
using namespace segc::text;

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

namespace {

/// The fields of a header, each at most once.
class Fields {
public:
  explicit Fields(const std::string &where) : where(where) {}

  Status parse(std::string_view bytes, Storage &storage);
  bool has(const std::string &name) const { return values.count(name); }
  /// Empty if there is none.
  std::string get(const std::string &name) const {
    auto found = values.find(name);
    return found == values.end() ? "" : found->second;
  }
  Status wrong(const std::string &name, const std::string &expected) const {
    return invalidArgument(where + ": field \"" + name + "\" is \"" +
                           get(name).substr(0, 80) + "\", expected " +
                           expected);
  }

private:
  const std::string &where;
  std::map<std::string, std::string> values;
};

} // namespace

Status Fields::parse(std::string_view bytes, Storage &storage) {
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
    if (!values.emplace(name, value).second)
      return dataLoss(where + ": field \"" + name + "\" occurs twice");
  }
  // A header beside its voxels may end with its file.
  if (!line && (!has("datafile") || bytes.size() > maxHeaderBytes))
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
                          VolumeHeader &volume, Storage &storage) {
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
// Axes
//===----------------------------------------------------------------------===//

namespace {

struct Axis {
  int64_t size = 1;
  std::vector<double> direction; ///< Empty for "none".
  double spacing = 0;            ///< 0 where there is none.
  bool isChannel = false;
};

/// How the first three components of a space become right, anterior, superior.
struct Space {
  size_t dimension = 0; ///< 0: none is named.
  std::array<double, 3> signs = {1, 1, 1};
};

} // namespace

/// "right-anterior-superior" and the like, or their initials.
static StatusOr<Space> readSpace(const Fields &fields,
                                 std::vector<std::string> &warnings) {
  Space space;
  if (fields.has("space dimension")) {
    const auto dimension = toInteger(fields.get("space dimension"));
    if (!dimension || *dimension < 2 || *dimension > 3)
      return fields.wrong("space dimension", "2 or 3");
    space.dimension = static_cast<size_t>(*dimension);
  }
  std::string name = fields.get("space");
  for (char &c : name)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.empty())
    return space;
  space.dimension = 3;
  if (name == "right-anterior-superior" || name == "ras")
    return space;
  space.signs = {-1, 1, 1};
  if (name == "left-anterior-superior" || name == "las")
    return space;
  space.signs = {-1, -1, 1};
  if (name == "left-posterior-superior" || name == "lps")
    return space;
  if (name != "scanner-xyz" && name != "3d-right-handed")
    return fields.wrong("space", "RAS, LAS or LPS (without a time), "
                                 "scanner-xyz or 3D-right-handed");
  warnings.push_back("the space " + name +
                     " does not say where the patient lies; its axes count as "
                     "left, posterior, superior, as ITK has it");
  return space;
}

/// "(1,0,0)".
static std::optional<std::vector<double>> toVector(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '(' || text.back() != ')')
    return std::nullopt;
  std::string inner(text.substr(1, text.size() - 2));
  std::replace(inner.begin(), inner.end(), ',', ' ');
  return toNumbers(inner);
}

/// Vectors and "none", which may have blanks inside the parentheses.
static std::vector<std::string> vectorsOf(const std::string &value) {
  std::vector<std::string> result;
  bool inside = false, open = false;
  for (char c : value) {
    if (!inside && (c == ' ' || c == '\t')) {
      open = false;
      continue;
    }
    if (!open)
      result.emplace_back();
    open = true;
    result.back() += c;
    inside = c == '(' || (inside && c != ')');
  }
  return result;
}

static Status readDirections(const Fields &fields, size_t dimension,
                             std::vector<Axis> &axes) {
  if (!fields.has("space directions"))
    return Status::success();
  const std::vector<std::string> vectors =
      vectorsOf(fields.get("space directions"));
  const std::string expected = "a vector of " + std::to_string(dimension) +
                               " numbers, or none, for each of " +
                               std::to_string(axes.size()) + " axes";
  if (vectors.size() != axes.size() || dimension == 0)
    return fields.wrong("space directions", expected);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (vectors[i] == "none") {
      axes[i].isChannel = true;
      continue;
    }
    const auto direction = toVector(vectors[i]);
    if (!direction || direction->size() != dimension)
      return fields.wrong("space directions", expected);
    axes[i].direction = *direction;
  }
  return Status::success();
}

/// Kinds of axes along which a voxel has several numbers. Those of tensors and
/// complex numbers have names of their own and are refused.
static Status readKinds(const Fields &fields, std::vector<Axis> &axes) {
  const std::string value = fields.get("kinds");
  const std::vector<std::string_view> kinds = words(value);
  if (!kinds.empty() && kinds.size() != axes.size())
    return fields.wrong("kinds", "one for each of " +
                                     std::to_string(axes.size()) + " axes");
  static constexpr std::string_view channels[] = {
      "list", "vector",    "point",      "covariant-vector", "normal",
      "stub", "scalar",    "2-vector",   "3-vector",         "4-vector",
      "time", "RGB-color", "RGBA-color", "3-color",          "4-color"};
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (std::find(std::begin(channels), std::end(channels), kinds[i]) !=
        std::end(channels))
      axes[i].isChannel = axes[i].direction.empty();
    else if (kinds[i] != "domain" && kinds[i] != "space" &&
             kinds[i] != "none" && kinds[i] != "???")
      return fields.wrong("kinds", "domain or space of axes in space, and "
                                   "list, vector or a colour of channels");
  }
  return Status::success();
}

static Status readAxes(const Fields &fields, size_t spaceDimension,
                       std::vector<Axis> &axes) {
  const auto dimension = toInteger(fields.get("dimension"));
  if (!dimension || *dimension < 2 || *dimension > 4)
    return fields.wrong("dimension", "2 or 3, and one more for channels");
  const auto sizes = toIntegers(fields.get("sizes"));
  if (!sizes || static_cast<int64_t>(sizes->size()) != *dimension ||
      !product(*sizes))
    return fields.wrong("sizes", std::to_string(*dimension) +
                                     " numbers of at least 1, at most 2^48 "
                                     "in total");
  for (int64_t size : *sizes) {
    axes.emplace_back();
    axes.back().size = size;
  }
  SEGC_RETURN_IF_ERROR(readDirections(fields, spaceDimension, axes));
  SEGC_RETURN_IF_ERROR(readKinds(fields, axes));
  if (fields.has("spacings")) {
    const auto spacings = toNumbers(fields.get("spacings"));
    if (!spacings || spacings->size() != axes.size())
      return fields.wrong("spacings", "a number, or nan, for each of " +
                                          std::to_string(axes.size()) +
                                          " axes");
    for (size_t i = 0; i < axes.size(); ++i)
      axes[i].spacing = (*spacings)[i];
  }
  // Without a word about it, channels come behind x, y and z.
  const auto inSpace = [](const Axis &axis) { return !axis.isChannel; };
  if (std::count_if(axes.begin(), axes.end(), inSpace) == 4)
    axes[3].isChannel = true;
  const auto count = std::count_if(axes.begin(), axes.end(), inSpace);
  const bool between = axes.size() > 2 && !axes.front().isChannel &&
                       !axes.back().isChannel && count + 1 == *dimension;
  if (count < 2 || count + 1 < *dimension || between)
    return unsupported(fields
                           .wrong("sizes",
                                  "two or three axes in space, and at most "
                                  "one of channels in front of or behind "
                                  "them")
                           .message());
  return Status::success();
}

/// The direction of z where a plane lies in space.
static Vector3 normalOf(const Affine &affine) {
  const Vector3 a = column(affine, 0), b = column(affine, 1);
  Vector3 normal = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                    a[0] * b[1] - a[1] * b[0]};
  const double size = length(normal);
  for (double &x : normal)
    x = size > 0 ? x / size : 0;
  return normal;
}

static Status place(const Fields &fields, const std::string &where,
                    const Space &space, const std::vector<Axis> &axes,
                    VolumeHeader &volume) {
  VolumeGeometry &geometry = volume.geometry;
  Affine affine = {};
  Vector3 spacing = {1, 1, 1};
  bool placed = space.dimension == 3;
  for (size_t i = 0; i < axes.size(); ++i) {
    const std::vector<double> &direction = axes[i].direction;
    double sum = 0;
    for (double x : direction)
      sum += x * x;
    if (!direction.empty())
      spacing[i] = std::sqrt(sum);
    else if (axes[i].spacing != 0)
      spacing[i] = std::abs(axes[i].spacing);
    else
      volume.warnings.push_back("no spacing along axis " + std::to_string(i) +
                                "; it counts as 1 mm");
    placed &= direction.size() == 3;
    for (size_t row = 0; placed && row < 3; ++row)
      affine[row][i] = space.signs[row] * direction[row];
  }
  if (!placed)
    return placeBySpacing(where, spacing, geometry, volume.warnings);
  if (axes.size() == 2) {
    const Vector3 normal = normalOf(affine);
    for (size_t row = 0; row < 3; ++row)
      affine[row][2] = normal[row];
  }
  if (fields.has("space origin")) {
    const auto origin = toVector(fields.get("space origin"));
    if (!origin || origin->size() != 3)
      return fields.wrong("space origin", "a vector of 3 numbers");
    for (size_t row = 0; row < 3; ++row)
      affine[row][3] = space.signs[row] * (*origin)[row];
  }
  return placeByDirections(where, affine, geometry, volume.warnings);
}

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
                              VolumeHeader &volume, Storage &storage) {
  Fields fields(where);
  SEGC_RETURN_IF_ERROR(fields.parse(bytes, storage));
  SEGC_RETURN_IF_ERROR(readStorage(fields, where, volume, storage));
  SEGC_RETURN_IF_ERROR(checkUnits(fields));
  SEGC_ASSIGN_OR_RETURN(Space space, readSpace(fields, volume.warnings));
  std::vector<Axis> axes;
  SEGC_RETURN_IF_ERROR(readAxes(fields, space.dimension, axes));
  storage.layout.channelsFirst = axes.front().isChannel;
  storage.layout.elements = 1;
  std::vector<Axis> inSpace;
  for (const Axis &axis : axes) {
    storage.layout.elements *= static_cast<uint64_t>(axis.size);
    if (axis.isChannel)
      volume.channels = axis.size;
    else
      inSpace.push_back(axis);
  }
  volume.geometry.size = {inSpace[0].size, inSpace[1].size,
                          inSpace.size() > 2 ? inSpace[2].size : 1};
  return place(fields, where, space, inSpace, volume);
}
