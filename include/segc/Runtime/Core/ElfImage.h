//===- ElfImage.h - Shared objects read without loading ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dynamic linker does not check what it maps: a truncated file ends the
// process when a page behind its end is accessed. ElfImage checks the sizes in
// the headers of a 64-bit shared object against the file and reads constants at
// their virtual addresses; it maps nothing and runs no code.
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

/// Which machines' models are accepted: those of this one, which can be loaded,
/// or of any that segc compiles for, which can be looked into.
enum class ModelMachine { This, Any };

class ElfImage {
public:
  /// The bytes must outlive the image; `where` names the file in errors.
  static StatusOr<ElfImage>
  parse(std::string_view bytes, const std::string &where, ModelMachine machine);

  /// Returns `size` bytes at a virtual address, none if the file lacks them.
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

  /// Returns the pointer that the dynamic linker will write at this address, 0
  /// for null; none if it depends on other objects.
  std::optional<uint64_t> pointer(uint64_t address) const;

  /// Returns the zero-terminated text at an address.
  std::optional<std::string_view> text(uint64_t address) const;

  bool isCode(uint64_t address) const;

  /// Returns the address and the content of a note.
  std::optional<std::pair<uint64_t, std::string_view>>
  note(std::string_view owner, uint32_t type) const;

private:
  struct Segment {
    uint64_t address, offset, fileBytes, memoryBytes;
    bool executable;
  };
  struct Relocation {
    uint64_t place, target;
    bool relative; ///< depends on the load address alone
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
