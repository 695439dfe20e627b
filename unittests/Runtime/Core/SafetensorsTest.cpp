//===- SafetensorsTest.cpp - Valid and damaged files ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/Safetensors.h"
#include "segc/Base/Files.h"

#include <cstring>
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

static std::string temporary(const std::string &name) {
  return testing::TempDir() + name;
}

/// Returns a file with this header and `dataBytes` zeros.
static std::string fileOf(const std::string &header, size_t dataBytes) {
  std::string bytes(8, '\0');
  uint64_t size = header.size();
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + std::string(dataBytes, '\0');
}

static std::string errorOf(const std::string &bytes) {
  std::string path = temporary("bad.safetensors");
  EXPECT_TRUE(writeFileAtomically(path, bytes).ok());
  auto file = SafetensorsFile::read(path);
  return file.ok() ? "no error" : file.status().message();
}

TEST(Safetensors, RoundTrip) {
  std::string path = temporary("good.safetensors");
  float a[6] = {1, 2, 3, 4, 5, 6};
  int32_t b[2] = {7, 8};
  ASSERT_TRUE(writeSafetensors(path,
                               {{"a", "F32", {2, 3}, a},
                                {"empty", "F32", {0, 4}, nullptr},
                                {"b", "I32", {2}, b}},
                               {{"k", "v"}})
                  .ok());
  std::string bytes = *readFile(path);
  uint64_t header;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ((8 + header) % 64, 0u) << "the data section is aligned";
  auto file = SafetensorsFile::read(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->tensors().size(), 3u);
  EXPECT_EQ(file->metadata().at("k"), "v");
  auto data = file->require("a", "F32", {2, 3});
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(std::memcmp(*data, a, sizeof(a)), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(*data) % 64, 0u);
  EXPECT_THAT(file->require("a", "F32", {3, 2}).status().message(),
              HasSubstr("tensor \"a\": expected F32 3x2, found F32 2x3"));
  EXPECT_THAT(file->require("c", "F32", {}).status().message(),
              HasSubstr("no tensor \"c\""));
}

// Headers of other programs may end anywhere.
TEST(Safetensors, MappedTensorsAreAligned) {
  const std::string path = temporary("mapped.safetensors");
  const int64_t value = 0x0123456789abcdef;
  for (size_t spaces = 0; spaces < 8; ++spaces) {
    std::string header =
        R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})";
    header.append(spaces, ' ');
    std::string bytes(1, static_cast<char>(header.size()));
    bytes.append(7, '\0');
    bytes += header;
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
    ASSERT_TRUE(writeFileAtomically(path, bytes).ok());
    auto file = SafetensorsFile::map(path);
    ASSERT_TRUE(file.ok()) << file.status().message();
    auto data = file->require("a", "I64", {1});
    ASSERT_TRUE(data.ok()) << data.status().message();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(*data) % alignof(double), 0u);
    EXPECT_EQ(std::memcmp(*data, &value, sizeof(value)), 0) << spaces;
  }
}

TEST(Safetensors, EveryTruncationIsAnError) {
  std::string path = temporary("good.safetensors");
  float a[4] = {};
  ASSERT_TRUE(writeSafetensors(path, {{"a", "F32", {4}, a}}, {}).ok());
  std::string bytes = *readFile(path);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(errorOf(bytes.substr(0, size)), "no error") << size;
  EXPECT_THAT(errorOf(bytes + "x"), HasSubstr("the file has 17"));
}

TEST(Safetensors, RefusesInconsistentHeaders) {
  // A header of 2^60 bytes, which must not be allocated.
  std::string huge(16, '\0');
  huge[7] = 0x10;
  EXPECT_THAT(errorOf(huge), HasSubstr("says that its header has"));
  auto tensor = [](const std::string &fields) {
    return "{\"a\":{" + fields + "}}";
  };
  EXPECT_THAT(
      errorOf(fileOf(
          tensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), 8)),
      HasSubstr("needs 12 bytes, data_offsets span 8"));
  EXPECT_THAT(
      errorOf(fileOf(
          tensor(
              R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0])"),
          0)),
      HasSubstr("is too large"));
  EXPECT_THAT(
      errorOf(fileOf(
          tensor(R"("dtype":"F31","shape":[2],"data_offsets":[0,8])"), 8)),
      HasSubstr("dtype \"F31\" is not known"));
  EXPECT_THAT(
      errorOf(fileOf(
          tensor(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), 8)),
      HasSubstr("expected [begin, end]"));
  EXPECT_THAT(
      errorOf(fileOf(
          tensor(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), 8)),
      HasSubstr("expected an integer of at least 0"));
  EXPECT_THAT(errorOf(fileOf("[]", 0)), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(errorOf(fileOf("{\"a\":", 0)), HasSubstr("not valid JSON"));
}

TEST(Safetensors, RangesTileTheFile) {
  auto two = [](int b0, int e0, int b1, int e1, size_t bytes) {
    auto one = [](char name, int begin, int end) {
      return std::string("\"") + name + R"(":{"dtype":"U8","shape":[)" +
             std::to_string(end - begin) + R"(],"data_offsets":[)" +
             std::to_string(begin) + "," + std::to_string(end) + "]}";
    };
    return errorOf(
        fileOf("{" + one('a', b0, e0) + "," + one('b', b1, e1) + "}", bytes));
  };
  EXPECT_EQ(two(0, 4, 4, 8, 8), "no error");
  EXPECT_EQ(two(4, 8, 0, 4, 8), "no error");
  EXPECT_THAT(two(0, 4, 3, 8, 8), HasSubstr("begins at byte 3"));
  EXPECT_THAT(two(0, 4, 5, 8, 8), HasSubstr("begins at byte 5"));
  EXPECT_THAT(two(1, 4, 4, 8, 8), HasSubstr("begins at byte 1"));
  EXPECT_THAT(two(0, 4, 4, 8, 9), HasSubstr("the file has 9"));
  EXPECT_THAT(two(0, 4, 4, 8, 7), HasSubstr("it is truncated"));
}

TEST(Safetensors, RefusesDuplicateNames) {
  std::string one = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(errorOf(fileOf("{" + one + "," + one + "}", 1)),
              HasSubstr("key \"a\" occurs twice"));
}
