//===- TextHeader.h - Headers of lines of text ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the headers of NRRD and MetaImage have in common.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_TEXTHEADER_H
#define SEGC_LIB_RUNTIME_DATA_TEXTHEADER_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segc::text {

/// No header of an image is longer.
constexpr size_t maxHeaderBytes = 1 << 20;

/// Takes the next line, without its end, off `rest`; nothing without a line
/// end.
std::optional<std::string_view> takeLine(std::string_view &rest);

std::string_view trimmed(std::string_view text);
/// What stands between blanks.
std::vector<std::string_view> words(std::string_view text);

/// Numbers that fill their text; nan counts as one.
std::optional<double> toNumber(std::string_view text);
std::optional<int64_t> toInteger(std::string_view text);

/// One word for each number, none of them something else.
std::optional<std::vector<double>> toNumbers(std::string_view text);
std::optional<std::vector<int64_t>> toIntegers(std::string_view text);

/// A number with all of its digits.
std::string exact(double value);

/// The classes behind the background as segments of 3D Slicer, a line for each
/// key, `equals` and value.
std::string segmentLines(const std::vector<std::string> &classNames,
                         const char *equals);

/// The path of a file of voxels that the header `path` names. It must not lead
/// out of the folder of the header, because headers come from others.
StatusOr<std::string> besideHeader(const std::string &path,
                                   std::string_view name);

/// The fields of a header, each at most once.
class Fields {
public:
  /// `where` names the file in errors.
  explicit Fields(std::string where) : where(std::move(where)) {}

  Status add(std::string_view name, std::string_view value);
  bool has(const std::string &name) const { return values.count(name); }
  /// Empty if there is none.
  std::string get(const std::string &name) const;
  Status wrong(const std::string &name, const std::string &expected) const;

private:
  std::string where;
  std::map<std::string, std::string> values;
};

/// The product of sizes of at least 1, nothing beyond 2^48.
std::optional<uint64_t> product(const std::vector<int64_t> &sizes);

} // namespace segc::text

#endif // SEGC_LIB_RUNTIME_DATA_TEXTHEADER_H
