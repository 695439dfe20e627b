//===- EventFileTest.cpp - Event files of TensorBoard ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files are read back here from the description of their format: of records
// and messages, their writer shares nothing but the CRC-32C, which has test
// vectors.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/EventFile.h"
#include "../FakeRun.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Runtime/Data/Png.h"
#include "segc/Runtime/Train/Log.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>

using namespace segc;
using testing::ElementsAre;
using testing::Pair;

namespace {

/// The fields of a message: numbers as their bits, the others as bytes.
struct Fields {
  std::multimap<uint64_t, uint64_t> numbers;
  std::multimap<uint64_t, std::string> bytes;

  double real(uint64_t field) const {
    double value = 0;
    std::memcpy(&value, &numbers.find(field)->second, sizeof(value));
    return value;
  }
  float single(uint64_t field) const {
    const auto bits = static_cast<uint32_t>(numbers.find(field)->second);
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
};

} // namespace

template <typename T>
static T take(std::string_view &bytes) {
  T value = {};
  EXPECT_GE(bytes.size(), sizeof(T));
  char word[sizeof(T)] = {};
  bytes.copy(word, sizeof(T));
  std::memcpy(&value, word, sizeof(T));
  bytes.remove_prefix(std::min(sizeof(T), bytes.size()));
  return value;
}

static uint64_t takeVarint(std::string_view &bytes) {
  uint64_t value = 0;
  for (int shift = 0; !bytes.empty(); shift += 7) {
    const uint8_t byte = take<uint8_t>(bytes);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80)
      break;
  }
  return value;
}

static Fields fieldsOf(std::string_view message) {
  Fields fields;
  while (!message.empty()) {
    const uint64_t tag = takeVarint(message), field = tag >> 3;
    switch (tag & 7) {
    case 0:
      fields.numbers.emplace(field, takeVarint(message));
      break;
    case 1:
      fields.numbers.emplace(field, take<uint64_t>(message));
      break;
    case 5:
      fields.numbers.emplace(field, take<uint32_t>(message));
      break;
    case 2: {
      const uint64_t length = takeVarint(message);
      EXPECT_LE(length, message.size());
      fields.bytes.emplace(field, message.substr(0, length));
      message.remove_prefix(std::min<size_t>(length, message.size()));
      break;
    }
    default:
      ADD_FAILURE() << "wire type " << (tag & 7);
      return fields;
    }
  }
  return fields;
}

/// TFRecord's.
static uint32_t unmasked(uint32_t masked) {
  const uint32_t rotated = masked - 0xa282ead8u;
  return rotated >> 17 | rotated << 15;
}

/// The messages of a file, whose checksums must hold.
static std::vector<Fields> eventsOf(const std::string &path) {
  std::vector<Fields> events;
  const StatusOr<std::string> file = readFile(path);
  const std::string text = file.ok() ? *file : "";
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view head = rest.substr(0, 8);
    const auto length = take<uint64_t>(rest);
    EXPECT_EQ(unmasked(take<uint32_t>(rest)), crc32c(head));
    EXPECT_LE(length, rest.size());
    const std::string_view message = rest.substr(0, length);
    rest.remove_prefix(message.size());
    EXPECT_EQ(unmasked(take<uint32_t>(rest)), crc32c(message));
    events.push_back(fieldsOf(message));
  }
  return events;
}

/// Every scalar as (step, tag) and value.
static std::map<std::pair<uint64_t, std::string>, float>
scalarsOf(const std::vector<Fields> &events) {
  std::map<std::pair<uint64_t, std::string>, float> scalars;
  for (const Fields &event : events)
    for (const auto &[field, summary] : event.bytes)
      for (const auto &[repeated, bytes] :
           field == 5 ? fieldsOf(summary).bytes : Fields().bytes) {
        const Fields value = fieldsOf(bytes);
        if (value.numbers.count(2))
          scalars[{event.numbers.find(2)->second,
                   value.bytes.find(1)->second}] = value.single(2);
      }
  return scalars;
}

/// A folder that is not there yet.
static std::string newFolder(const std::string &name) {
  return freshFolder(name) + "/events";
}

static std::vector<std::string> filesIn(const std::string &folder) {
  std::vector<std::string> paths;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path().string());
  return paths;
}

// RFC 3720, appendix B.4, and the check value of the polynomial.
TEST(EventFile, Checksum) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(EventFile, ReadsBack) {
  const std::string folder = newFolder("events");
  std::string path;
  {
    StatusOr<EventFile> events = EventFile::create(folder, 1700000000.5);
    ASSERT_TRUE(events.ok()) << events.status().message();
    path = events->path();
    ASSERT_TRUE(
        events
            ->addScalars(
                1700000001, 300,
                {{"loss/a", 0.25}, {"loss/none", std::nan("")}, {"dice/b", -1}})
            .ok());
    ASSERT_TRUE(events->addScalars(1, 301, {{"x", INFINITY}}).ok());
    const StatusOr<std::string> png = encodePng(RgbImage(300, 2));
    ASSERT_TRUE(png.ok());
    ASSERT_TRUE(events->addImage(1700000002, 300, "overlays/best", *png).ok());
    EXPECT_FALSE(events->addImage(1, 1, "overlays/none", "no picture").ok());
  }
  EXPECT_EQ(std::filesystem::path(path).filename(),
            "events.out.tfevents.1700000000.segrun");
  const std::vector<Fields> events = eventsOf(path);
  ASSERT_EQ(events.size(), 3u) << "what has no finite number is left out";
  EXPECT_EQ(events[0].real(1), 1700000000.5);
  EXPECT_EQ(events[0].bytes.find(3)->second, "brain.Event:2");
  EXPECT_EQ(events[1].real(1), 1700000001);
  EXPECT_THAT(scalarsOf(events), ElementsAre(Pair(Pair(300, "dice/b"), -1),
                                             Pair(Pair(300, "loss/a"), 0.25)));
  const Fields value =
      fieldsOf(fieldsOf(events[2].bytes.find(5)->second).bytes.find(1)->second);
  EXPECT_EQ(value.bytes.find(1)->second, "overlays/best");
  const Fields image = fieldsOf(value.bytes.find(4)->second);
  EXPECT_THAT(image.numbers, ElementsAre(Pair(1, 2), Pair(2, 300), Pair(3, 3)));
  EXPECT_EQ(image.bytes.find(4)->second.substr(0, 4), "\x89PNG");
}

// A run that goes on has one file of all its steps, also where it had none.
TEST(EventFile, FollowsTheLog) {
  const std::string folder = newFolder("log-events"),
                    path = folder + "/train.jsonl";
  std::filesystem::create_directories(folder);
  {
    StatusOr<RunLog> log = RunLog::open(path, 0);
    ASSERT_TRUE(log->record("PARAMETER", {{"seed", 3}}).ok());
    for (int step : {10, 20, 30})
      ASSERT_TRUE(log->record(step, {{"train_total_loss", step},
                                     {"loss_scale", 4},
                                     {"train_dice", {0.5, 0.25}}})
                      .ok());
  }
  for (int i = 0; i < 2; ++i) {
    StatusOr<RunLog> log = RunLog::open(path, 20);
    ASSERT_TRUE(log->openEvents(folder + "/tensorboard").ok());
    ASSERT_TRUE(log->record(40, {{"anterior_dice", 1}, {"text", "x"}}).ok());
  }
  const std::vector<std::string> files = filesIn(folder + "/tensorboard");
  ASSERT_EQ(files.size(), 1u);
  std::map<std::pair<uint64_t, std::string>, float> expected = {
      {{40, "dice/anterior_dice"}, 1.0f}};
  for (uint64_t step : {10, 20}) {
    expected[{step, "loss/train_total_loss"}] = static_cast<float>(step);
    expected[{step, "run/loss_scale"}] = 4;
    expected[{step, "dice/train_dice/0"}] = 0.5f;
    expected[{step, "dice/train_dice/1"}] = 0.25f;
  }
  EXPECT_EQ(scalarsOf(eventsOf(files[0])), expected);
}

TEST(EventFile, ErrorsNameTheFile) {
  const std::string folder = newFolder("no-events");
  ASSERT_TRUE(writeFileAtomically(folder, "a file").ok());
  const StatusOr<EventFile> events = EventFile::create(folder, 0);
  ASSERT_FALSE(events.ok());
  EXPECT_THAT(events.status().message(), testing::HasSubstr(folder));
}
