//===- JsonParser.cpp - Bounded parsing of JSON ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Json.h"

using namespace segc;

static constexpr size_t maxDepth = 64;
/// Limit on the number of values, which take 16 bytes or more each. Indices and
/// headers have far fewer.
static constexpr size_t maxValues = size_t{1} << 22;

namespace {

/// Builds the value from events in time linear in the text; the callbacks of
/// the library walk the whole array after each of its elements. It limits the
/// depth and the number of values, and refuses duplicate keys, which the
/// standard leaves open: readers that resolve them differently would see
/// different files.
class JsonBuilder : public nlohmann::json_sax<Json> {
public:
  Json take() { return std::move(root); }
  const std::string &error() const { return message; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t &) override {
    return add(value);
  }
  bool string(string_t &value) override { return add(std::move(value)); }
  bool binary(binary_t &) override { return fail("binary data"); }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t &name) override {
    auto [place, isNew] =
        openValues.back()->get_ref<Json::object_t &>().emplace(name, nullptr);
    if (!isNew)
      return fail("key \"" + name + "\" occurs twice");
    member = &place->second;
    return true;
  }

  bool parse_error(size_t, const std::string &,
                   const nlohmann::detail::exception &error) override {
    // Skips the library's prefix "[json.exception.parse_error.101] ".
    const std::string text = error.what();
    const size_t end = text.find("] ");
    return fail("not valid JSON: " +
                (end == std::string::npos ? text : text.substr(end + 2)) +
                (text.find("UTF-8") == std::string::npos
                     ? ""
                     : "; save the file as UTF-8"));
  }

private:
  bool fail(std::string text) {
    message = std::move(text);
    return false;
  }

  /// Inserts a value at the current position; returns null after an error.
  Json *place(Json &&value) {
    if (++values > maxValues) {
      fail("more than " + std::to_string(maxValues) + " values");
      return nullptr;
    }
    if (openValues.empty()) {
      root = std::move(value);
      return &root;
    }
    if (openValues.back()->is_object()) {
      *member = std::move(value);
      return member;
    }
    auto &elements = openValues.back()->get_ref<Json::array_t &>();
    elements.push_back(std::move(value));
    return &elements.back();
  }

  bool add(Json &&value) { return place(std::move(value)) != nullptr; }

  bool open(Json &&value) {
    if (openValues.size() >= maxDepth)
      return fail("JSON is nested deeper than " + std::to_string(maxDepth) +
                  " levels");
    Json *placed = place(std::move(value));
    // The pointer stays valid: an array grows only while it is the innermost
    // one.
    if (placed)
      openValues.push_back(placed);
    return placed != nullptr;
  }

  bool close() {
    openValues.pop_back();
    return true;
  }

  Json root;
  std::vector<Json *> openValues;
  Json *member = nullptr; ///< The member of the innermost object whose value
                          ///< comes next.
  size_t values = 0;
  std::string message;
};

} // namespace

StatusOr<Json> segc::parseJson(std::string_view text,
                               const std::string &where) {
  JsonBuilder builder;
  try {
    if (Json::sax_parse(text.begin(), text.end(), &builder))
      return builder.take();
  } catch (const std::exception &error) {
    return dataLoss(where + ": not valid JSON: " + error.what());
  }
  return dataLoss(where + ": " + builder.error());
}
