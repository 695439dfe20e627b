//===- EventFile.cpp - Event files of TensorBoard -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/EventFile.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

static constexpr const char *namePrefix = "events.out.tfevents.";
static constexpr const char *nameSuffix = ".segrun";
/// The version of the format, which begins a file.
static constexpr const char *fileVersion = "brain.Event:2";
static constexpr int64_t rgbColorspace = 3;

namespace {

/// Of TensorFlow's `Event`.
enum class EventField { WallTime = 1, Step = 2, FileVersion = 3, Summary = 5 };
/// Of `Summary`, which repeats values.
enum class SummaryField { Value = 1 };
/// Of `Summary.Value`.
enum class ValueField { Tag = 1, SimpleValue = 2, Image = 4 };
/// Of `Summary.Image`.
enum class ImageField { Height = 1, Width = 2, Colorspace = 3, Encoded = 4 };

/// A message in the wire format of protocol buffers.
class Message {
public:
  template <typename Field>
  Message &integer(Field field, int64_t value) {
    tag(static_cast<uint64_t>(field), WireType::Varint);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  template <typename Field>
  Message &number(Field field, double value) {
    tag(static_cast<uint64_t>(field), WireType::Fixed64);
    return littleEndian(value);
  }
  template <typename Field>
  Message &number(Field field, float value) {
    tag(static_cast<uint64_t>(field), WireType::Fixed32);
    return littleEndian(value);
  }
  template <typename Field>
  Message &bytes(Field field, std::string_view value) {
    tag(static_cast<uint64_t>(field), WireType::Length);
    varint(value.size());
    text += value;
    return *this;
  }
  const std::string &encoded() const { return text; }

private:
  enum class WireType { Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5 };

  void tag(uint64_t field, WireType type) {
    varint(field << 3 | static_cast<uint64_t>(type));
  }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      text += static_cast<char>(value | 0x80);
    text += static_cast<char>(value);
  }
  template <typename T>
  Message &littleEndian(T value) {
    char word[sizeof(T)];
    std::memcpy(word, &value, sizeof(T));
    text.append(word, sizeof(T));
    return *this;
  }

  std::string text;
};

} // namespace

/// The bytes of an integer as a record has it.
template <typename T>
static std::string wordOf(T value) {
  std::string text(sizeof(T), '\0');
  std::memcpy(text.data(), &value, sizeof(T));
  return text;
}

/// The checksum of a record. It is masked so that a record may hold records:
/// the checksum of bytes with their own checksum says little.
static std::string maskedChecksum(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return wordOf((crc >> 15 | crc << 17) + 0xa282ead8u);
}

Status EventFile::failed() const {
  return ioError(filePath + ": cannot write: " + std::strerror(errno));
}

StatusOr<EventFile> EventFile::create(const std::string &folder, double time) {
  SEGC_RETURN_IF_ERROR(createDirectories(folder));
  EventFile events;
  // A run that goes on within the second must not write to the file before.
  for (auto second = static_cast<int64_t>(time); !events.file; ++second) {
    char name[32];
    std::snprintf(name, sizeof(name), "%010lld",
                  static_cast<long long>(second));
    events.filePath = folder + "/" + namePrefix + name + nameSuffix;
    events.file = std::fopen(events.filePath.c_str(), "wbxe");
    if (!events.file && errno != EEXIST)
      return ioError(events.filePath +
                     ": cannot create: " + std::strerror(errno));
  }
  SEGC_RETURN_IF_ERROR(
      events.writeRecord(Message()
                             .number(EventField::WallTime, time)
                             .bytes(EventField::FileVersion, fileVersion)
                             .encoded()));
  return events;
}

EventFile::EventFile(EventFile &&other) noexcept
    : filePath(std::move(other.filePath)),
      file(std::exchange(other.file, nullptr)) {}

EventFile::~EventFile() {
  if (file)
    std::fclose(file);
}

Status EventFile::writeRecord(std::string_view message) {
  std::string record = wordOf<uint64_t>(message.size());
  record += maskedChecksum(record);
  record += message;
  record += maskedChecksum(message);
  return std::fwrite(record.data(), 1, record.size(), file) == record.size()
             ? Status::success()
             : failed();
}

/// An event with values of a step.
static std::string eventOf(double time, int64_t step, const Message &summary) {
  return Message()
      .number(EventField::WallTime, time)
      .integer(EventField::Step, step)
      .bytes(EventField::Summary, summary.encoded())
      .encoded();
}

Status EventFile::addScalars(double time, int64_t step, const Scalars &values) {
  Message summary;
  for (const auto &[tag, value] : values)
    if (std::isfinite(value))
      summary.bytes(SummaryField::Value, Message()
                                             .bytes(ValueField::Tag, tag)
                                             .number(ValueField::SimpleValue,
                                                     static_cast<float>(value))
                                             .encoded());
  if (summary.encoded().empty())
    return Status::success();
  return writeRecord(eventOf(time, step, summary));
}

/// The big-endian number at a place of the bytes.
static int64_t numberAt(std::string_view bytes, size_t place) {
  int64_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[place + i]);
  return value;
}

Status EventFile::addImage(double time, int64_t step, const std::string &tag,
                           std::string_view png) {
  // Width and height follow the signature and the head of the first chunk.
  if (png.size() < 24 || png.substr(0, 4) != "\x89PNG")
    return invalidArgument("picture " + tag + ": expected the bytes of a PNG");
  const Message image = Message()
                            .integer(ImageField::Height, numberAt(png, 20))
                            .integer(ImageField::Width, numberAt(png, 16))
                            .integer(ImageField::Colorspace, rgbColorspace)
                            .bytes(ImageField::Encoded, png);
  const Message value = Message()
                            .bytes(ValueField::Tag, tag)
                            .bytes(ValueField::Image, image.encoded());
  return writeRecord(eventOf(
      time, step, Message().bytes(SummaryField::Value, value.encoded())));
}

Status EventFile::flush() {
  return std::fflush(file) == 0 ? Status::success() : failed();
}

void segc::removeOtherEventFiles(const EventFile &current) {
  const fs::path kept = current.path();
  std::error_code error;
  for (fs::directory_iterator entry(kept.parent_path(), error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name.rfind(namePrefix, 0) == 0 && hasEnding(name, nameSuffix) &&
        name != kept.filename().string())
      fs::remove(entry->path(), ignored);
  }
}
