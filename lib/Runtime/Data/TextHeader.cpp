//===- TextHeader.cpp - Headers of lines of text --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TextHeader.h"

#include <charconv>
#include <cstdio>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

std::optional<std::string_view> segc::text::takeLine(std::string_view &rest) {
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos)
    return std::nullopt;
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  return line;
}

static constexpr std::string_view blanks = " \t\r";

std::string_view segc::text::trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> segc::text::words(std::string_view text) {
  std::vector<std::string_view> result;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const size_t end = std::min(text.find_first_of(blanks), text.size());
    result.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return result;
}

template <typename T>
static std::optional<T> parsed(std::string_view text) {
  if (!text.empty() && text[0] == '+')
    text.remove_prefix(1);
  T value{};
  const char *begin = text.data(), *end = begin + text.size();
  const auto [last, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || last != end)
    return std::nullopt;
  return value;
}

template <typename T>
static std::optional<std::vector<T>> parsedAll(std::string_view text) {
  std::vector<T> values;
  for (std::string_view word : segc::text::words(text)) {
    const std::optional<T> value = parsed<T>(word);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::optional<double> segc::text::toNumber(std::string_view text) {
  return parsed<double>(text);
}
std::optional<int64_t> segc::text::toInteger(std::string_view text) {
  return parsed<int64_t>(text);
}
std::optional<std::vector<double>>
segc::text::toNumbers(std::string_view text) {
  return parsedAll<double>(text);
}
std::optional<std::vector<int64_t>>
segc::text::toIntegers(std::string_view text) {
  return parsedAll<int64_t>(text);
}

std::string segc::text::exact(double value) {
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return error == std::errc() ? std::string(text, end) : "nan";
}

/// A name without what would end its line or be an escape.
static std::string lineText(std::string name) {
  for (char &c : name)
    if (static_cast<unsigned char>(c) < ' ' || c == '\\')
      c = '_';
  return name;
}

std::string segc::text::segmentLines(const std::vector<std::string> &classNames,
                                     const char *equals) {
  std::string lines;
  for (size_t value = 1; value < classNames.size(); ++value) {
    auto add = [&](const char *key, const std::string &text) {
      lines += "Segment" + std::to_string(value - 1) + "_" + key + equals +
               text + "\n";
    };
    add("ID", "Segment_" + std::to_string(value));
    add("Name", lineText(classNames[value]));
    add("LabelValue", std::to_string(value));
    add("Layer", "0");
  }
  return lines;
}

StatusOr<std::string> segc::text::besideHeader(const std::string &path,
                                               std::string_view name) {
  const fs::path relative{std::string(name)};
  bool leaves = relative.empty() || relative.is_absolute() ||
                name.find('\0') != std::string_view::npos;
  for (const fs::path &part : relative)
    leaves |= part == "..";
  if (leaves)
    return invalidArgument(path + ": voxels in the file \"" +
                           std::string(name) +
                           "\", expected one in the folder of the header; "
                           "move it there and write its name alone");
  return (fs::path(path).parent_path() / relative).string();
}

Status segc::text::Fields::add(std::string_view name, std::string_view value) {
  return values.emplace(name, value).second
             ? Status::success()
             : dataLoss(where + ": field \"" + std::string(name) +
                        "\" occurs twice");
}

std::string segc::text::Fields::get(const std::string &name) const {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

Status segc::text::Fields::wrong(const std::string &name,
                                 const std::string &expected) const {
  return invalidArgument(where + ": field \"" + name + "\" is \"" +
                         get(name).substr(0, 80) + "\", expected " + expected);
}

std::optional<uint64_t> segc::text::product(const std::vector<int64_t> &sizes) {
  constexpr uint64_t most = uint64_t{1} << 48;
  uint64_t result = 1;
  for (int64_t size : sizes) {
    if (size < 1 || static_cast<uint64_t>(size) > most / result)
      return std::nullopt;
    result *= static_cast<uint64_t>(size);
  }
  return result;
}
