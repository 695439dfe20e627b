//===- Safetensors.cpp - Files of tensors ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/Safetensors.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Core/Manifest.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace segc;

/// The reference reader's limit.
static constexpr uint64_t maxHeaderBytes = 100'000'000;
static constexpr uint64_t dataAlignment = 64;

bool segc::isPickle(std::string_view start) {
  return start.rfind("PK\x03\x04", 0) == 0 ||
         (!start.empty() && start.front() == '\x80');
}

uint64_t segc::dtypeBytes(std::string_view dtype) {
  static constexpr std::pair<std::string_view, uint64_t> sizes[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
      {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
      {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};
  for (auto [name, bytes] : sizes)
    if (name == dtype)
      return bytes;
  return 0;
}

static TensorEntry parseEntry(const std::string &name, JsonReader reader) {
  TensorEntry tensor;
  tensor.name = name;
  tensor.dtype = reader.string("dtype");
  tensor.shape = reader.integers("shape");
  std::vector<int64_t> range = reader.integers("data_offsets");
  if (range.size() != 2 || range[0] > range[1]) {
    reader.fail("data_offsets: expected [begin, end]");
    return tensor;
  }
  tensor.begin = range[0];
  tensor.end = range[1];
  uint64_t elementBytes = dtypeBytes(tensor.dtype);
  if (elementBytes == 0)
    reader.fail("dtype \"" + tensor.dtype + "\" is not known");
  int64_t elements = elementCount(tensor.shape), expected = 0;
  if (elements < 0 ||
      __builtin_mul_overflow(elements, int64_t(elementBytes), &expected))
    reader.fail("shape " + shapeText(tensor.shape) + " is too large");
  else if (uint64_t(expected) != tensor.end - tensor.begin)
    reader.fail(tensor.dtype + " of shape " + shapeText(tensor.shape) +
                " needs " + std::to_string(expected) +
                " bytes, data_offsets span " +
                std::to_string(tensor.end - tensor.begin));
  return tensor;
}

/// The ranges tile the data section: sorted, each begins where the one before
/// ends, the last ends with the file.
static Status checkTiling(const std::vector<TensorEntry> &tensors,
                          uint64_t dataBytes, const std::string &where) {
  uint64_t end = 0;
  for (const TensorEntry &tensor : tensors) {
    if (tensor.begin != end)
      return dataLoss(where + ": tensor \"" + tensor.name +
                      "\" begins at byte " + std::to_string(tensor.begin) +
                      " of the data, expected " + std::to_string(end));
    end = tensor.end;
  }
  if (end != dataBytes)
    return dataLoss(where + ": the tensors end at byte " + std::to_string(end) +
                    " of the data, the file has " + std::to_string(dataBytes) +
                    (end > dataBytes ? "; it is truncated" : ""));
  return Status::success();
}

StatusOr<SafetensorsHeader>
segc::parseSafetensorsHeader(std::string_view text, uint64_t dataBytes,
                             const std::string &where) {
  if (text.empty() || text.front() != '{')
    return dataLoss(where + ": the header does not begin with '{'");
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  SafetensorsHeader header;
  Status status;
  JsonReader root(json, where, status);
  for (auto it = json.begin(); it != json.end() && status.ok(); ++it) {
    JsonReader member(it.value(), where + ": " + it.key(), status);
    if (it.key() != "__metadata__")
      header.tensors.push_back(parseEntry(it.key(), member));
    else
      for (auto text = it->begin(); text != it->end() && status.ok(); ++text)
        header.metadata[text.key()] = member.string(text.key().c_str());
  }
  SEGC_RETURN_IF_ERROR(status);
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const TensorEntry &a, const TensorEntry &b) {
              return std::tie(a.begin, a.end, a.name) <
                     std::tie(b.begin, b.end, b.name);
            });
  SEGC_RETURN_IF_ERROR(checkTiling(header.tensors, dataBytes, where));
  return header;
}

/// The size of the header that the first 8 bytes of a file say.
static StatusOr<uint64_t> headerSize(const unsigned char *prefix,
                                     uint64_t fileBytes,
                                     const std::string &path) {
  uint64_t headerBytes = 0;
  for (int i = 7; i >= 0; --i)
    headerBytes = headerBytes << 8 | prefix[i];
  if (headerBytes <= maxHeaderBytes && headerBytes <= fileBytes - 8)
    return headerBytes;
  if (isPickle({reinterpret_cast<const char *>(prefix), 8}))
    return invalidArgument(path + ": a pickle, which runs code when it is "
                                  "read; convert it to safetensors with the "
                                  "three lines of Python in docs/Exchange.md");
  return dataLoss(path + ": says that its header has " +
                  std::to_string(headerBytes) + " bytes, expected at most " +
                  std::to_string(std::min(maxHeaderBytes, fileBytes - 8)) +
                  "; it is truncated or not a safetensors file");
}

StatusOr<SafetensorsFile> SafetensorsFile::map(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(const uint64_t fileBytes, fileSize(path));
  if (fileBytes < 8)
    return dataLoss(path + ": " + std::to_string(fileBytes) +
                    " bytes are too few for a safetensors file");
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  void *pages =
      file < 0 ? MAP_FAILED
               : ::mmap(nullptr, fileBytes, PROT_READ, MAP_PRIVATE, file, 0);
  const int error = errno;
  if (file >= 0)
    ::close(file);
  if (pages == MAP_FAILED)
    return ioError(path + ": cannot map: " + std::strerror(error));
  const std::shared_ptr<const std::byte> whole(
      static_cast<const std::byte *>(pages), [=](const std::byte *start) {
        ::munmap(const_cast<std::byte *>(start), fileBytes);
      });
  SEGC_ASSIGN_OR_RETURN(
      const uint64_t headerBytes,
      headerSize(reinterpret_cast<const unsigned char *>(whole.get()),
                 fileBytes, path));
  // Headers of other programs may end anywhere.
  if ((8 + headerBytes) % alignof(double) != 0)
    return read(path);
  SafetensorsFile result;
  result.path_ = path;
  SEGC_ASSIGN_OR_RETURN(
      result.header,
      parseSafetensorsHeader(
          {reinterpret_cast<const char *>(whole.get()) + 8, headerBytes},
          fileBytes - 8 - headerBytes, path));
  result.mapped = {whole, whole.get() + 8 + headerBytes};
  return result;
}

StatusOr<SafetensorsFile> SafetensorsFile::read(const std::string &path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0)
    return notFound(path + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return invalidArgument(path + ": expected a safetensors file");
  uint64_t fileBytes = info.st_size;
  std::ifstream stream(path, std::ios::binary);
  unsigned char prefix[8];
  if (fileBytes < 8 || !stream.read(reinterpret_cast<char *>(prefix), 8))
    return dataLoss(path + ": " + std::to_string(fileBytes) +
                    " bytes are too few for a safetensors file");
  SEGC_ASSIGN_OR_RETURN(const uint64_t headerBytes,
                        headerSize(prefix, fileBytes, path));
  std::string text(headerBytes, '\0');
  if (!stream.read(text.data(), static_cast<std::streamsize>(headerBytes)))
    return dataLoss(path + ": cannot read its header");
  uint64_t dataBytes = fileBytes - 8 - headerBytes;
  SafetensorsFile file;
  file.path_ = path;
  SEGC_ASSIGN_OR_RETURN(file.header,
                        parseSafetensorsHeader(text, dataBytes, path));
  SEGC_ASSIGN_OR_RETURN(file.bytes,
                        AlignedBuffer::create(dataBytes, path.c_str()));
  if (dataBytes && !stream.read(reinterpret_cast<char *>(file.bytes.data()),
                                static_cast<std::streamsize>(dataBytes)))
    return dataLoss(path + ": shrank while it was read");
  return file;
}

const TensorEntry *SafetensorsFile::find(const std::string &name) const {
  for (const TensorEntry &tensor : header.tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

StatusOr<const std::byte *>
SafetensorsFile::require(const std::string &name, const std::string &dtype,
                         const std::vector<int64_t> &shape) const {
  const TensorEntry *tensor = find(name);
  if (!tensor)
    return invalidArgument(path_ + ": no tensor \"" + name + "\"");
  if (tensor->dtype != dtype || tensor->shape != shape)
    return invalidArgument(path_ + ": tensor \"" + name + "\": expected " +
                           dtype + " " + shapeText(shape) + ", found " +
                           tensor->dtype + " " + shapeText(tensor->shape));
  return data(*tensor);
}

std::string segc::recordedOrientation(const SafetensorsFile &file) {
  const auto &metadata = file.metadata();
  auto format = metadata.find("format"), found = metadata.find("orientation");
  if (format == metadata.end() || format->second != "segc")
    return "";
  return found == metadata.end() ? "file" : found->second;
}

Status
segc::writeSafetensors(const std::string &path,
                       const std::vector<TensorSource> &tensors,
                       const std::map<std::string, std::string> &metadata) {
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  uint64_t offset = 0;
  std::vector<std::string_view> pieces(2);
  for (const TensorSource &tensor : tensors) {
    uint64_t bytes = elementCount(tensor.shape) * dtypeBytes(tensor.dtype);
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
    pieces.emplace_back(static_cast<const char *>(tensor.data), bytes);
  }
  std::string text = jsonText(header);
  uint64_t used = 8 + text.size();
  text.append((dataAlignment - used % dataAlignment) % dataAlignment, ' ');
  std::string prefix(8, '\0');
  for (int i = 0; i < 8; ++i)
    prefix[i] = static_cast<char>(text.size() >> (8 * i));
  pieces[0] = prefix;
  pieces[1] = text;
  return writeFileAtomically(path, pieces);
}
