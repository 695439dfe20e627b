//===- Decathlon.h - Medical Segmentation Decathlon -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder with dataset.json and NIfTI volumes, as V-Net reads it
// (reference-behaviour 2.2): its axes as the pipeline's
// `orientation` says, resampled to `input_shape`, z-scored over the volume with
// the population's standard deviation, in array order. What is declared and
// what files hold are compared: docs/Data.md.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_DECATHLON_H
#define SEGC_RUNTIME_DATA_DECATHLON_H

#include "segc/Runtime/Data/DataSet.h"

#include <string_view>

namespace segc {

/// What dataset.json says. Paths are relative to its folder and stay in it.
struct DecathlonIndex {
  struct Case {
    std::string name, image, label;
    /// Each channel has a file of its own, as nnU-Net has them.
    bool separateChannels = false;
    std::vector<std::string> channelImages; ///< Where they are listed.
    CaseFiles files;                        ///< Found by caseFiles().
  };
  std::string name;
  std::vector<std::string> modalities; ///< Empty where none is named.
  std::map<int64_t, std::string> labels;
  std::vector<Case> training, test;        ///< Test cases have no label.
  std::optional<int64_t> declaredTraining; ///< numTraining
  /// nnU-Net v2 lists none: the files that end so are the cases.
  bool listsCases = true;
  std::string fileEnding;
};

/// A case named after its image.
DecathlonIndex::Case decathlonCase(const std::string &image,
                                   const std::string &label);

/// Parses dataset.json; `where` names it in errors.
StatusOr<DecathlonIndex> parseDecathlonIndex(std::string_view text,
                                             const std::string &where);

/// Lists the cases of an nnU-Net v2 folder: imagesTr/CASE_0000.nii.gz (0000 is
/// the channel) and labelsTr/CASE.nii.gz, imagesTs/.
Status listNnunetCases(const std::string &folder, DecathlonIndex &index);

/// "0001".
std::string channelNumber(int64_t channel);

/// The files of a case by full paths: of as many channels as the model takes,
/// or of the one that is chosen. Where each channel has a file of its own, they
/// are listed, or lie as CASE_0000.nii.gz, ... beside a CASE.nii.gz that is not
/// there (as the lists of nnU-Net v1 have it).
StatusOr<CaseFiles> caseFiles(const std::string &folder,
                              const DecathlonIndex::Case &entry,
                              std::optional<int64_t> channel, int64_t channels);

StatusOr<std::unique_ptr<Dataset>> openDecathlon(const std::string &folder,
                                                 const DataPipeline &pipeline,
                                                 const DatasetOptions &options);

/// Single volumes as test cases.
StatusOr<std::unique_ptr<Dataset>>
openVolumes(const std::vector<std::string> &paths, const DataPipeline &pipeline,
            const DatasetOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_DECATHLON_H
