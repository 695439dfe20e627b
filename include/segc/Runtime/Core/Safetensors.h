//===- Safetensors.h - Files of tensors -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The safetensors format: eight bytes with the size of a JSON header, the
// header (name -> dtype, shape, byte range), the data. Files are untrusted, so
// every number is checked against the file before anything is allocated: the
// size of a range must be that of its shape, and the ranges must cover the data
// section without gaps or overlaps. We write the data section at a multiple of
// 64 bytes (spaces behind the header) and read it into aligned memory.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_SAFETENSORS_H
#define SEGC_RUNTIME_CORE_SAFETENSORS_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Core/AlignedBuffer.h"

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace segc {

/// One tensor of a header; begin and end count from the data section.
struct TensorEntry {
  std::string name, dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors; ///< by position in the file
  std::map<std::string, std::string> metadata;
};

/// Whether a file that begins so is one of torch.save, which runs code when it
/// is read: a pickle, or one in a zip archive.
bool isPickle(std::string_view start);

/// Bytes of an element, or 0 for a dtype that the format does not know.
uint64_t dtypeBytes(std::string_view dtype);

/// Checks a header against the size of the data section behind it.
StatusOr<SafetensorsHeader> parseSafetensorsHeader(std::string_view header,
                                                   uint64_t dataBytes,
                                                   const std::string &where);

/// A file in memory.
class SafetensorsFile {
public:
  static StatusOr<SafetensorsFile> read(const std::string &path);
  /// The same with the data mapped into memory, unless its tensors are not
  /// aligned there: pages are read when they are used. The file must not shrink
  /// meanwhile.
  static StatusOr<SafetensorsFile> map(const std::string &path);

  const std::vector<TensorEntry> &tensors() const { return header.tensors; }
  const std::map<std::string, std::string> &metadata() const {
    return header.metadata;
  }
  /// Null if there is none.
  const TensorEntry *find(const std::string &name) const;
  const std::byte *data(const TensorEntry &tensor) const {
    return (mapped ? mapped.get() : bytes.data()) + tensor.begin;
  }
  /// The data of a tensor that must exist with this dtype and shape.
  StatusOr<const std::byte *> require(const std::string &name,
                                      const std::string &dtype,
                                      const std::vector<int64_t> &shape) const;
  const std::string &path() const { return path_; }

private:
  std::string path_;
  SafetensorsHeader header;
  AlignedBuffer bytes;
  std::shared_ptr<const std::byte> mapped; ///< The data, unless it was read.
};

/// The metadata's record of how the axes of volumes reached the network that
/// these weights were trained in: "RAS" or "file". "file" for what segrun wrote
/// before there was a record, "" for files of other programs.
std::string recordedOrientation(const SafetensorsFile &file);

/// A tensor to be written.
struct TensorSource {
  std::string name, dtype;
  std::vector<int64_t> shape;
  const void *data = nullptr;
};

/// Writes a file and waits until it is on the disk. Not atomic by itself:
/// write next to the target and rename.
Status writeSafetensors(const std::string &path,
                        const std::vector<TensorSource> &tensors,
                        const std::map<std::string, std::string> &metadata);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_SAFETENSORS_H
