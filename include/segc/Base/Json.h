//===- Json.h - Strict reading of JSON --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Manifests, checkpoints and tensor headers come from files that may be
// damaged. parseJson refuses duplicate keys; JsonReader reads fields by type
// and keeps the first error with its path, so that a parser is a list of fields
// and one check of the status.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_JSON_H
#define SEGC_BASE_JSON_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace segc {

using Json = nlohmann::json;
/// JSON with keys in the order of insertion, for files that people read.
using OrderedJson = nlohmann::ordered_json;

/// Parses `text`; `where` names it in the error.
StatusOr<Json> parseJson(std::string_view text, const std::string &where);

/// Prints a value on one line or indented. Bytes that are no UTF-8 (file names
/// may hold any) are replaced by U+FFFD; dump() would throw.
std::string jsonText(const Json &value, int indent = -1);
std::string jsonText(const OrderedJson &value, int indent = -1);

/// A view of one JSON object. All views made from one share `status`, which
/// keeps the first error; after an error the getters answer empty values.
class JsonReader {
public:
  JsonReader(const Json &value, std::string where, Status &status);

  bool has(const char *key) const;
  int64_t integer(const char *key, int64_t least = 0,
                  int64_t most = std::numeric_limits<int64_t>::max());
  int64_t integerOr(const char *key, int64_t absent);
  double number(const char *key);
  double numberOr(const char *key, double absent);
  std::string string(const char *key);
  std::string stringOr(const char *key, std::string absent);
  bool boolean(const char *key);
  std::vector<int64_t> integers(const char *key, int64_t least = 0);
  std::vector<std::string> strings(const char *key);
  JsonReader object(const char *key);
  /// The raw value; null and an error if it is absent.
  const Json &value(const char *key);

  /// Calls f(JsonReader) for each element of an array of objects.
  template <typename F>
  void forEach(const char *key, F f) {
    const Json *list = find(key, Json::value_t::array, "an array");
    for (size_t i = 0; list && i < list->size(); ++i)
      f(JsonReader((*list)[i], path(key) + "[" + std::to_string(i) + "]",
                   status));
  }
  /// Calls f(name, JsonReader) for each member of an object of objects.
  template <typename F>
  void forEachMember(const char *key, F f) {
    const Json *members = find(key, Json::value_t::object, "an object");
    if (!members)
      return;
    for (auto it = members->begin(); it != members->end(); ++it)
      f(it.key(), JsonReader(it.value(), path(key) + "." + it.key(), status));
  }

  /// Reports `message` about this object, unless an error came before.
  void fail(const std::string &message);

private:
  const Json *find(const char *key, Json::value_t type, const char *expected);
  std::string path(const char *key) const { return where + "." + key; }

  const Json *object_;
  std::string where;
  Status &status;
};

} // namespace segc

#endif // SEGC_BASE_JSON_H
