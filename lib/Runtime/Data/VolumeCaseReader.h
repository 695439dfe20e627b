//===- VolumeCaseReader.h - Reading of volumes as cases ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_VOLUMECASEREADER_H
#define SEGC_LIB_RUNTIME_DATA_VOLUMECASEREADER_H

#include "segc/Runtime/Data/CaseReader.h"

namespace segc {

/// One file of all channels, or one for each, makes a case; labels hold class
/// numbers on the grid of the image.
class VolumeCaseReader : public CaseReader {
public:
  using CaseReader::CaseReader;
  StatusOr<SourceCase> readImage(const CaseFiles &files) const override;
  Status readLabel(const CaseFiles &files, SourceCase &content) const override;

private:
  StatusOr<Volume> readVolume(const std::string &path) const;
  /// Chooses the channels that the network gets.
  Status chooseChannels(const CaseFiles &files, SourceCase &content) const;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_VOLUMECASEREADER_H
