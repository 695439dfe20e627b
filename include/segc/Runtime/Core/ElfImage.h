//===- ElfImage.h - A shared object that is only read -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dynamic linker trusts what it maps: a truncated file kills the process
// when a page behind its end is touched. ElfImage holds the sizes of a 64-bit
// shared object of this machine against the file, and reads its constants at
// their addresses, without mapping or running anything.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_ELFIMAGE_H
#define SEGC_RUNTIME_CORE_ELFIMAGE_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segc {

class ElfImage {
public:
  /// The bytes must outlive the image; `where` names the file in errors.
  static StatusOr<ElfImage> parse(std::string_view bytes,
                                  const std::string &where);

  /// `size` bytes at a virtual address; none where the file has no such bytes.
  std::optional<std::string_view> at(uint64_t address, uint64_t size) const;

  template <typename T>
  std::optional<T> read(uint64_t address) const {
    std::optional<std::string_view> found = at(address, sizeof(T));
    if (!found)
      return std::nullopt;
    T value;
    std::memcpy(&value, found->data(), sizeof(T));
    return value;
  }

  /// The address that the dynamic linker will write here, 0 for null; none
  /// where it depends on other objects.
  std::optional<uint64_t> pointer(uint64_t address) const;

  /// The zero-terminated text at an address.
  std::optional<std::string_view> text(uint64_t address) const;

  bool isCode(uint64_t address) const;

  /// The content of a note and its address.
  std::optional<std::pair<uint64_t, std::string_view>>
  note(std::string_view owner, uint32_t type) const;

private:
  struct Segment {
    uint64_t address, offset, fileBytes, memoryBytes;
    bool executable;
  };
  struct Relocation {
    uint64_t place, target;
    bool relative; ///< Depends on nothing but where this object lies.
    bool operator<(const Relocation &other) const {
      return place < other.place;
    }
  };
  struct Note {
    std::string_view owner, content;
    uint32_t type;
    uint64_t address;
  };

  Status readSegments(const std::string &where);
  Status checkSections(const std::string &where) const;
  Status readDynamic(uint64_t offset, uint64_t size, const std::string &where);
  void readNotes(uint64_t offset, uint64_t size, uint64_t address);
  template <typename T>
  T structAt(uint64_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  }
  bool inFile(uint64_t offset, uint64_t size) const {
    return offset <= bytes.size() && size <= bytes.size() - offset;
  }

  std::string_view bytes;
  std::vector<Segment> segments;
  std::vector<Relocation> relocations;
  std::vector<Note> notes;
};

} // namespace segc

#endif // SEGC_RUNTIME_CORE_ELFIMAGE_H
