//===- LabelledImages.cpp - Images of labels ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LabelledImages.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/SegmentationWriter.h"

#include <algorithm>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

LabelledImages LabelledImages::beside(const std::string &labels) {
  LabelledImages images;
  const fs::path folder = fs::absolute(labels).lexically_normal() / "";
  for (const fs::path &place :
       {folder.parent_path(), folder.parent_path().parent_path()})
    // What is wrong with a data set does not matter to its labels.
    if (StatusOr<TrainingCases> found = listTrainingCases(place.string());
        found.ok()) {
      images.set = std::move(*found);
      break;
    }
  return images;
}

std::vector<std::string> LabelledImages::labelNames() const {
  return set.description.classNames.empty() ? std::vector<std::string>()
                                            : set.description.labelNames();
}

/// A case whose image and both label maps are read.
static StatusOr<SourceCase> readLabels(const CaseReader &reader,
                                       CaseFiles files,
                                       const std::string &prediction,
                                       std::vector<uint8_t> &predicted) {
  SEGC_ASSIGN_OR_RETURN(SourceCase source, readTrainingCase(reader, files));
  predicted.swap(source.label);
  files.label = prediction;
  SEGC_RETURN_IF_ERROR(reader.readLabel(files, source));
  predicted.swap(source.label);
  return source;
}

std::vector<std::string> LabelledImages::draw(const std::string &label,
                                              const std::string &prediction,
                                              const std::string &folder,
                                              const ImageLimits &limits) const {
  const auto files = std::find_if(
      set.cases.begin(), set.cases.end(), [&](const CaseFiles &entry) {
        return entry.status.ok() && !entry.label.empty() &&
               sameFile(entry.label, label);
      });
  if (files == set.cases.end())
    return {};
  const Dataset dataset("nnunet", labelNames());
  // What is wrong with the files was said when they were measured.
  Notes known;
  const std::unique_ptr<CaseReader> reader =
      makeTrainingReader(set.description, limits, known);
  std::vector<uint8_t> predicted;
  const StatusOr<SourceCase> source =
      readLabels(*reader, *files, prediction, predicted);
  if (!source.ok())
    return {"no picture: " + source.status().message()};
  SegmentationWriter(dataset, {"", folder})
      .writeOverlay(*files, *source, predicted, orderToRas(source->geometry()));
  return dataset.notes().take();
}
