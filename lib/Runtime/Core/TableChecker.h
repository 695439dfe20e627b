//===- TableChecker.h - Check of a model's tables ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_CORE_TABLECHECKER_H
#define SEGC_LIB_RUNTIME_CORE_TABLECHECKER_H

#include "segc/Runtime/Core/ElfImage.h"
#include "segc/Runtime/Core/Manifest.h"
#include "segc/model_tables.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace segc {

/// Sizes of the structs in the tables, by the type of the note.
struct TableLayout {
  bool isV2;
  uint64_t commandBytes, programBytes, versionBytes;
};

inline constexpr TableLayout v2Layout = {
    true, SEGC_V2_COMMAND_BYTES, SEGC_V2_PROGRAM_BYTES,
    SEGC_V2_PROGRAMS_OFFSET + SEGC_V2_PROGRAM_COUNT *SEGC_V2_PROGRAM_BYTES};
inline constexpr TableLayout v3Layout = {
    false, sizeof(segc_command), sizeof(segc_program), sizeof(segc_version)};

/// Checks the tables of one version against the manifest.
class TableChecker {
public:
  TableChecker(const ElfImage &image, const TableLayout &layout,
               const Manifest &manifest, const KernelVersion &version)
      : image(image), layout(layout), manifest(manifest), version(version) {}

  Status check(uint64_t table);

private:
  /// Reads a struct whose first `bytes` are in the tables; the rest is zero.
  template <typename T>
  std::optional<T> read(uint64_t address, uint64_t bytes) const {
    std::optional<std::string_view> found = image.at(address, bytes);
    if (!found)
      return std::nullopt;
    T value = {};
    std::memcpy(&value, found->data(), bytes);
    return value;
  }
  StatusOr<std::string> programName(uint64_t table, uint64_t index) const;
  Status checkProgram(const std::string &name, uint64_t table) const;
  StatusOr<segc_command> checkCommand(const segc_program &program,
                                      uint64_t command,
                                      const EntrySignature &signature,
                                      const std::string &where) const;
  Status checkKind(const segc_program &program, const segc_command &command,
                   uint64_t function, const std::string &where) const;
  /// Checks that the kernel of a launch is where the version's device finds it.
  Status checkKernel(const segc_command &command, uint64_t function,
                     const std::string &where) const;
  /// Ranks own elements by what the shards say, which must hold all values.
  Status checkShards(uint64_t shards, const segc_operand &operand,
                     const std::string &where) const;
  /// Checks the tensor maps of a launch against its operands.
  Status checkMaps(const segc_command &command, uint64_t maps,
                   const std::vector<segc_operand> &operands,
                   const std::string &where) const;
  Status checkBlobs(uint64_t table, const segc_version &header);
  Status checkOperand(const segc_operand &operand, const segc_program &program,
                      const EntrySignature &signature,
                      const std::string &where) const;
  /// Returns the bytes of the operand's region; none if the entry lacks it.
  std::optional<uint64_t> bufferBytes(const segc_operand &operand,
                                      const segc_program &program,
                                      const EntrySignature &signature) const;

  const ElfImage &image;
  const TableLayout &layout;
  const Manifest &manifest;
  const KernelVersion &version;
  std::set<uint32_t> modules; ///< Those of the blobs.
};

/// An error about what code and manifest do not agree in.
Status differs(const std::string &where, const std::string &what,
               uint64_t tables, uint64_t manifest);
Status outside(const std::string &where, const char *what);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CORE_TABLECHECKER_H
