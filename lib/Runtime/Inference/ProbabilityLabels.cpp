//===- ProbabilityLabels.cpp - Labels of a NumPy array --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/ProbabilityLabels.h"
#include "segc/Base/Files.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <regex>

using namespace segc;

/// The largest header that is read. NumPy's have 128 bytes.
static constexpr size_t maxHeader = 1024;
/// The most classes: labels have 16 bits.
static constexpr uint64_t maxClasses = 65536;

namespace {

/// What the header of a file says.
struct ArrayHeader {
  uint64_t bytes = 0; ///< Where the values begin.
  bool isDouble = false;
  std::array<uint64_t, 4> shape = {};
};

} // namespace

static Status wrongArray(const std::string &path, const std::string &found) {
  return invalidArgument(
      path + ": " + found +
      ", expected an array of 32- or 64-bit floats [classes][z][y][x] in C "
      "order, as numpy.save writes it and `segrun predict "
      "--save-probabilities`");
}

static StatusOr<ArrayHeader> parseHeader(const std::string &start,
                                         const std::string &path) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (start.size() < 12 || start.compare(0, magic.size(), magic) != 0)
    return wrongArray(path, "no NumPy array");
  const auto byte = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(start[i]));
  };
  const size_t version = byte(6);
  if (version < 1 || version > 3)
    return wrongArray(path,
                      "version " + std::to_string(version) + " of the format");
  const size_t begin = version == 1 ? 10 : 12;
  const size_t length = version == 1 ? byte(8) + (byte(9) << 8)
                                     : byte(8) + (byte(9) << 8) +
                                           (byte(10) << 16) + (byte(11) << 24);
  if (length > start.size() - begin)
    return wrongArray(path, "a header of " + std::to_string(length) +
                                " bytes that is cut off or too long");
  static const std::regex pattern(
      R"(\{'descr': '(<f4|<f8)', 'fortran_order': False, 'shape': )"
      R"(\((\d{1,9}), (\d{1,9}), (\d{1,9}), (\d{1,9}),? ?\),? ?\} *\n?)");
  const std::string text = start.substr(begin, length);
  std::smatch parts;
  if (!std::regex_match(text, parts, pattern))
    return wrongArray(
        path, "the header " + text.substr(0, text.find_last_not_of(" \n") + 1));
  ArrayHeader header;
  header.bytes = begin + length;
  header.isDouble = parts[1] == "<f8";
  for (size_t i = 0; i < header.shape.size(); ++i)
    header.shape[i] = std::stoull(parts[i + 2]);
  return header;
}

/// Holds the shape against the labels, and the file's size against both.
static Status checkSizes(const ArrayHeader &header,
                         const std::array<int64_t, 3> &size,
                         const std::string &path) {
  const auto text = [](auto x, auto y, auto z) {
    return std::to_string(z) + "x" + std::to_string(y) + "x" +
           std::to_string(x);
  };
  for (size_t axis = 0; axis < 3; ++axis)
    if (header.shape[3 - axis] != static_cast<uint64_t>(size[axis]))
      return invalidArgument(
          path + ": " +
          text(header.shape[3], header.shape[2], header.shape[1]) +
          " voxels (z, y, x), the label has " +
          text(size[0], size[1], size[2]) +
          "; give the probabilities on the grid of the label's file");
  if (header.shape[0] < 2 || header.shape[0] > maxClasses)
    return invalidArgument(path + ": " + std::to_string(header.shape[0]) +
                           " classes, expected 2 to " +
                           std::to_string(maxClasses) +
                           ", the background among them");
  SEGC_ASSIGN_OR_RETURN(const uint64_t found, fileSize(path));
  const uint64_t voxels = static_cast<uint64_t>(size[0] * size[1] * size[2]);
  const uint64_t expected =
      header.bytes + voxels * header.shape[0] * (header.isDouble ? 8 : 4);
  if (found != expected)
    return dataLoss(path + ": " + std::to_string(found) + " bytes, expected " +
                    std::to_string(expected) + " by its header; copy it again");
  return Status::success();
}

/// Replaces labels and their values where the values of class `label` are
/// larger. `stream` is where these begin.
template <typename T>
static Status takeLarger(std::ifstream &stream, int32_t label,
                         std::vector<T> &largest, std::vector<int32_t> &labels,
                         const std::string &path) {
  std::vector<T> values(std::min<size_t>(largest.size(), size_t{1} << 16));
  for (size_t begin = 0; begin < largest.size(); begin += values.size()) {
    const size_t count = std::min(values.size(), largest.size() - begin);
    stream.read(reinterpret_cast<char *>(values.data()),
                static_cast<std::streamsize>(count * sizeof(T)));
    if (!stream)
      return ioError(path + ": cannot read the probabilities");
    for (size_t i = 0; i < count; ++i) {
      if (!std::isfinite(values[i]))
        return invalidArgument(
            path + ": " + std::to_string(values[i]) + " of class " +
            std::to_string(label) + " at voxel " + std::to_string(begin + i) +
            " of the file, expected a finite number; predict the case again");
      if (label == 0 || values[i] > largest[begin + i]) {
        largest[begin + i] = values[i];
        labels[begin + i] = label;
      }
    }
  }
  return Status::success();
}

template <typename T>
static StatusOr<std::vector<int32_t>>
readLabels(std::ifstream &stream, const ArrayHeader &header, size_t voxels,
           const std::string &path) {
  std::vector<T> largest(voxels);
  std::vector<int32_t> labels(voxels);
  for (uint64_t label = 0; label < header.shape[0]; ++label)
    SEGC_RETURN_IF_ERROR(
        takeLarger(stream, static_cast<int32_t>(label), largest, labels, path));
  return labels;
}

bool segc::isProbabilityFile(const std::string &path) {
  return hasEnding(path, ".npy");
}

StatusOr<std::vector<int32_t>>
segc::labelsOfProbabilities(const std::string &path,
                            const std::array<int64_t, 3> &size) {
  SEGC_RETURN_IF_ERROR(
      fileSize(path).status()); // A pipe would keep us waiting.
  std::ifstream stream(path, std::ios::binary);
  std::string start(maxHeader, '\0');
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(stream.gcount()));
  SEGC_ASSIGN_OR_RETURN(const ArrayHeader header, parseHeader(start, path));
  SEGC_RETURN_IF_ERROR(checkSizes(header, size, path));
  stream.clear();
  stream.seekg(static_cast<std::streamoff>(header.bytes));
  const auto voxels = static_cast<size_t>(size[0] * size[1] * size[2]);
  return header.isDouble ? readLabels<double>(stream, header, voxels, path)
                         : readLabels<float>(stream, header, voxels, path);
}
