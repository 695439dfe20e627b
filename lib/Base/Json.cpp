//===- Json.cpp - Strict reading of JSON ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Json.h"

using namespace segc;

std::string segc::jsonText(const Json &value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string segc::jsonText(const OrderedJson &value, int indent) {
  return value.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

static const Json nullValue;

JsonReader::JsonReader(const Json &value, std::string where, Status &status)
    : object_(&value), where(std::move(where)), status(status) {
  if (!value.is_object())
    fail(std::string("expected an object, found ") + value.type_name());
}

void JsonReader::fail(const std::string &message) {
  if (status.ok())
    status = dataLoss(where + ": " + message);
}

bool JsonReader::has(const char *key) const {
  return object_->is_object() && object_->contains(key);
}

const Json &JsonReader::value(const char *key) {
  if (has(key))
    return (*object_)[key];
  fail(std::string("field \"") + key + "\" is missing");
  return nullValue;
}

const Json *JsonReader::find(const char *key, Json::value_t type,
                             const char *expected) {
  const Json &found = value(key);
  if (&found == &nullValue)
    return nullptr;
  if (found.type() == type)
    return &found;
  fail(std::string("field \"") + key + "\": expected " + expected + ", found " +
       found.type_name());
  return nullptr;
}

int64_t JsonReader::integer(const char *key, int64_t least, int64_t most) {
  const Json &found = value(key);
  if (!found.is_number_integer()) {
    fail(std::string("field \"") + key + "\": expected an integer, found " +
         found.type_name());
    return least;
  }
  bool large =
      found.is_number_unsigned() && found.get<uint64_t>() > uint64_t(INT64_MAX);
  int64_t number = large ? INT64_MAX : found.get<int64_t>();
  if (large || number < least || number > most) {
    fail(std::string("field \"") + key + "\": expected " +
         std::to_string(least) + ".." + std::to_string(most) + ", found " +
         found.dump());
    return least;
  }
  return number;
}

int64_t JsonReader::integerOr(const char *key, int64_t absent) {
  return has(key) ? integer(key, INT64_MIN) : absent;
}

double JsonReader::number(const char *key) {
  const Json &found = value(key);
  if (found.is_number())
    return found.get<double>();
  fail(std::string("field \"") + key + "\": expected a number, found " +
       found.type_name());
  return 0;
}

double JsonReader::numberOr(const char *key, double absent) {
  return has(key) ? number(key) : absent;
}

std::string JsonReader::string(const char *key) {
  const Json *found = find(key, Json::value_t::string, "a string");
  return found ? found->get<std::string>() : std::string();
}

std::string JsonReader::stringOr(const char *key, std::string absent) {
  return has(key) ? string(key) : std::move(absent);
}

bool JsonReader::boolean(const char *key) {
  const Json *found = find(key, Json::value_t::boolean, "true or false");
  return found && found->get<bool>();
}

std::vector<int64_t> JsonReader::integers(const char *key, int64_t least) {
  std::vector<int64_t> numbers;
  const Json *list = find(key, Json::value_t::array, "an array of integers");
  for (size_t i = 0; list && i < list->size(); ++i) {
    const Json &element = (*list)[i];
    bool fits = element.is_number_integer() &&
                !(element.is_number_unsigned() &&
                  element.get<uint64_t>() > uint64_t(INT64_MAX)) &&
                element.get<int64_t>() >= least;
    if (!fits) {
      fail(std::string("field \"") + key + "\"[" + std::to_string(i) +
           "]: expected an integer of at least " + std::to_string(least) +
           ", found " + element.dump());
      return {};
    }
    numbers.push_back(element.get<int64_t>());
  }
  return numbers;
}

std::vector<std::string> JsonReader::strings(const char *key) {
  std::vector<std::string> texts;
  const Json *list = find(key, Json::value_t::array, "an array of strings");
  for (size_t i = 0; list && i < list->size(); ++i) {
    if (!(*list)[i].is_string()) {
      fail(std::string("field \"") + key + "\"[" + std::to_string(i) +
           "]: expected a string, found " + (*list)[i].type_name());
      return {};
    }
    texts.push_back((*list)[i].get<std::string>());
  }
  return texts;
}

JsonReader JsonReader::object(const char *key) {
  return JsonReader(value(key), path(key), status);
}
