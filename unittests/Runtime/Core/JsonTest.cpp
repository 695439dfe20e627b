//===- JsonTest.cpp - Strict JSON, hashes ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Json.h"
#include "segc/Base/Hash.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

TEST(Json, RefusesDuplicateKeys) {
  StatusOr<Json> json = parseJson(R"({"a": {"b": 1, "b": 2}})", "file");
  ASSERT_FALSE(json.ok());
  EXPECT_EQ(json.status().message(), "file: key \"b\" occurs twice");
}

TEST(Json, RefusesDeepNesting) {
  EXPECT_FALSE(parseJson(std::string(100000, '['), "file").ok());
  std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_FALSE(parseJson(deep, "file").ok());
}

TEST(Json, ReadsWhatTheLibraryReads) {
  const std::string text =
      R"({"a": [1, -2, 3.5, true, null, "\u00e4", {}, [[]], {"b": [{}, 4]}], "c": 18446744073709551615})";
  StatusOr<Json> json = parseJson(text, "file");
  ASSERT_TRUE(json.ok()) << json.status().message();
  EXPECT_EQ(*json, Json::parse(text));
  EXPECT_TRUE(parseJson("\xef\xbb\xbf{}\r\n", "file").ok()); // BOM
}

// Errors state the position in the text and, for other encodings, what to do.
// No exception is thrown.
TEST(Json, Errors) {
  auto error = [](const std::string &text) {
    StatusOr<Json> json = parseJson(text, "file");
    return json.ok() ? "no error" : json.status().message();
  };
  EXPECT_THAT(error("{\n \"a\": // why\n}"), HasSubstr("line 2, column 7"));
  EXPECT_THAT(error("[\"gr\xfc\xdf\"]"), HasSubstr("save the file as UTF-8"));
  EXPECT_THAT(error("[1e999]"), HasSubstr("1e999"));
  EXPECT_THAT(error("[1] 2"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error(""), HasSubstr("not valid JSON"));
}

// Reading a list takes linear time. It took minutes when each element walked
// the list.
TEST(Json, LongLists) {
  std::string text = "[{}";
  for (int i = 0; i < 400000; ++i)
    text += ",{}";
  StatusOr<Json> json = parseJson(text + "]", "file");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->size(), 400001u);
  std::string many = "[0";
  many.reserve(size_t{1} << 24);
  for (int i = 0; i < 1 << 22; ++i)
    many += ",0";
  EXPECT_FALSE(parseJson(many + "]", "file").ok());
}

TEST(Json, ReaderKeepsTheFirstError) {
  StatusOr<Json> json =
      parseJson(R"({"a": 1, "list": [{"x": "text"}]})", "file");
  ASSERT_TRUE(json.ok());
  Status status;
  JsonReader reader(*json, "file", status);
  EXPECT_EQ(reader.integer("a"), 1);
  reader.forEach("list", [](JsonReader element) { element.integer("x"); });
  reader.string("missing");
  EXPECT_EQ(status.message(), "file.list[0]: field \"x\": expected an integer, "
                              "found string");
}

TEST(Json, IntegersAreInRange) {
  StatusOr<Json> json = parseJson(
      R"({"big": 18446744073709551615, "negative": -1, "real": 1.5})", "f");
  ASSERT_TRUE(json.ok());
  for (const char *key : {"big", "negative", "real"}) {
    Status status;
    JsonReader(*json, "f", status).integer(key);
    EXPECT_FALSE(status.ok()) << key;
  }
}

// FIPS 180-4 examples.
TEST(Hash, Sha256) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495"
                        "991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb4"
                           "10ff61f20015ad");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
