//===- VolumeCaseReader.h - Reading of volumes as cases ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_VOLUMECASEREADER_H
#define SEGC_LIB_RUNTIME_DATA_VOLUMECASEREADER_H

#include "segc/Runtime/Data/CaseReader.h"

#include <optional>

namespace segc {

/// One file of all channels, or one for each, makes a case; labels hold class
/// numbers on the grid of the image.
class VolumeCaseReader : public CaseReader {
public:
  using CaseReader::CaseReader;
  StatusOr<SourceCase> readImage(const CaseFiles &files) const override;
  Status readLabel(const CaseFiles &files, SourceCase &content) const override;

protected:
  virtual StatusOr<Volume> readVolume(const std::string &path) const;

private:
  /// Chooses the channels that the network gets.
  Status chooseChannels(const CaseFiles &files, SourceCase &content) const;
};

/// Has the image of one case in memory, which it gives away once.
class MemoryCaseReader : public VolumeCaseReader {
public:
  MemoryCaseReader(CaseRules rules, Volume volume)
      : VolumeCaseReader(std::move(rules)), volume(std::move(volume)) {}

protected:
  StatusOr<Volume> readVolume(const std::string &path) const override;

private:
  mutable std::optional<Volume> volume;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_VOLUMECASEREADER_H
