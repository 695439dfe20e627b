//===- SliceCaseReader.h - Reading of slices as cases -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_SLICECASEREADER_H
#define SEGC_LIB_RUNTIME_DATA_SLICECASEREADER_H

#include "segc/Runtime/Data/CaseReader.h"

namespace segc {

/// A page makes a case; labels are 0 and 255, or 0 and 1 throughout. Files are
/// opened before cases are read, and stay open.
class SliceCaseReader : public CaseReader {
public:
  using CaseReader::CaseReader;

  /// The answer is the number of pages.
  StatusOr<int64_t> openImage(const std::string &path);
  /// The same for slices in memory, which `name` stands for.
  int64_t addImage(const std::string &name,
                   std::shared_ptr<const SliceFile> file);
  /// Holds a stack of labels against that of the images, which is open.
  Status openLabel(const std::string &path, const std::string &image);

  StatusOr<SourceCase> readImage(const CaseFiles &files) const override;
  Status readLabel(const CaseFiles &files, SourceCase &content) const override;

private:
  using File = std::shared_ptr<const SliceFile>;
  StatusOr<File> open(const std::string &path, ImageUse use);
  void noteWarnings(const std::string &name, const SliceFile &file);
  Status checkLabels(const SliceFile &image, const SliceFile &label,
                     const std::string &path);

  std::map<std::string, File> images, labels;
  std::map<std::string, Status> labelStatus; ///< Of those that are wrong.
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_SLICECASEREADER_H
