//===- CaseReader.h - Reading of images and labels of a case ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_CASEREADER_H
#define SEGC_RUNTIME_DATA_CASEREADER_H

#include "segc/Runtime/Data/Geometry.h"
#include "segc/Runtime/Data/ImageFormat.h"

#include <map>
#include <memory>
#include <optional>

namespace segc {

class Notes;

/// The class of a label's value where the two differ.
using LabelMap = std::map<int64_t, int64_t>;
/// Parses "255=1,4=2".
StatusOr<LabelMap> parseLabelMap(const std::string &text);

/// The files of a case, by full paths.
struct CaseFiles {
  std::string name;                ///< Unique within its split.
  std::vector<std::string> images; ///< One, or one for each channel.
  bool ofOneChannel = false;       ///< The image is the file of one channel.
  std::string label;               ///< Empty where the truth is unknown.
  int64_t page = 0;                ///< Of files of slices.
  std::string stack; ///< Slices: the mask file that it is part of.
  Status status;     ///< Of a file that cannot be opened.
};

/// A case on its own grid: the channels that the network gets and the label, in
/// the storage order of the first image, whatever that of the other files is.
struct SourceCase {
  struct Channel {
    size_t image = 0;  ///< Which of `images`.
    int64_t index = 0; ///< Which of its channels.
    AxisOrder order;   ///< To the storage order of the first image.
  };
  std::string path; ///< Of the first image.
  std::vector<Volume> images;
  std::vector<Channel> channels;
  std::vector<uint8_t> label; ///< Class indices; empty if unknown.

  const VolumeGeometry &geometry() const { return images[0].geometry; }
  VoxelView channel(size_t number) const {
    const Channel &c = channels[number];
    return reordered(images[c.image].channel(c.index), c.order);
  }
  LabelView labelView() const { return {label, geometry().size}; }
};

/// What files are held against.
struct CaseRules {
  Notes &notes;
  std::vector<std::string> classNames;
  int64_t channels = 1;           ///< That the model takes.
  std::optional<int64_t> channel; ///< Chosen where the model takes one.
  LabelMap labelMap;
  ImageLimits limits;
  std::string channelOption = "--channel"; ///< What errors call `channel`.
};

/// Reads cases and holds what files contain against each other and against what
/// the model takes (docs/Data.md). May be called from several threads.
class CaseReader {
public:
  explicit CaseReader(CaseRules rules) : rules(std::move(rules)) {}
  virtual ~CaseReader() = default;

  virtual StatusOr<SourceCase> readImage(const CaseFiles &files) const = 0;
  /// Adds the label of a case that has one.
  virtual Status readLabel(const CaseFiles &files,
                           SourceCase &content) const = 0;

protected:
  CaseRules rules;
};

std::unique_ptr<CaseReader> makeVolumeCaseReader(CaseRules rules);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_CASEREADER_H
