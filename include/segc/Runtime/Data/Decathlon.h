//===- Decathlon.h - Medical Segmentation Decathlon -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder with dataset.json and NIfTI volumes, as V-Net reads it
// (docs/ReferenceBehaviour.md, "V-Net's data"). The pipeline's `orientation`
// gives the order of axes. Volumes are resampled to `input_shape` and z-scored
// with the population's standard deviation. The reader compares dataset.json
// with the files (docs/Data.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_DECATHLON_H
#define SEGC_RUNTIME_DATA_DECATHLON_H

#include "segc/Runtime/Data/DataSet.h"

#include <string_view>

namespace segc {

/// The contents of dataset.json. Paths are relative to its folder and stay in
/// it.
struct DecathlonIndex {
  struct Case {
    std::string name, image, label;
    /// Each channel has a file of its own, as in nnU-Net.
    bool separateChannels = false;
    std::vector<std::string> channelImages; ///< If dataset.json lists them.
    CaseFiles files;                        ///< Found by caseFiles().
  };
  std::string name;
  std::vector<std::string> modalities; ///< Empty if none is named.
  std::map<int64_t, std::string> labels;
  /// Of nnU-Net's regions, which overlap: name and label values of each, in the
  /// order of the file; empty where classes are label values.
  std::vector<std::pair<std::string, std::vector<int64_t>>> regions;
  /// The label that each region has in a prediction; later ones overwrite.
  std::vector<int64_t> regionsClassOrder;
  std::optional<int64_t> ignoreLabel;      ///< Not one of `labels`.
  std::vector<Case> training, test;        ///< Test cases have no label.
  std::optional<int64_t> declaredTraining; ///< numTraining
  /// False for nnU-Net v2: the cases are the files with this ending.
  bool listsCases = true;
  std::string fileEnding;
};

/// Returns a case named after its image.
DecathlonIndex::Case decathlonCase(const std::string &image,
                                   const std::string &label);

/// Parses dataset.json; `where` names it in errors.
StatusOr<DecathlonIndex> parseDecathlonIndex(std::string_view text,
                                             const std::string &where);

/// Lists the cases of an nnU-Net v2 folder: imagesTr/CASE_0000.nii.gz (0000 is
/// the channel) and labelsTr/CASE.nii.gz, imagesTs/.
Status listNnunetCases(const std::string &folder, DecathlonIndex &index);

/// Formats a channel as nnU-Net does, e.g. "0001".
std::string channelNumber(int64_t channel);

/// The channels of cases that are wanted.
struct ChannelChoice {
  int64_t channels = 1; ///< That the model takes, or that dataset.json names.
  std::optional<int64_t> channel; ///< The chosen one, where it takes one.
  /// What errors call the choice; empty where there is none, and the channels
  /// are those of dataset.json.
  std::string option;
};

/// Returns the files of a case by full paths: those of all channels that are
/// wanted, or that of the chosen one. Files of single channels are listed, or
/// are named CASE_0000.nii.gz, ... where the listed CASE.nii.gz does not exist
/// (the convention of nnU-Net v1).
StatusOr<CaseFiles> caseFiles(const std::string &folder,
                              const DecathlonIndex::Case &entry,
                              const ChannelChoice &choice);

/// Refuses regions and an ignore label, which plans know (docs/Planning.md) but
/// not networks of whole volumes.
Status checkOneClassAVoxel(const DecathlonIndex &index,
                           const std::string &where);

/// One case for CASE_0000, CASE_0001, ... of as many channels, one for each
/// other file; `files` have one image each.
StatusOr<std::vector<CaseFiles>>
joinChannels(const std::vector<CaseFiles> &files, int64_t channels);

StatusOr<std::unique_ptr<Dataset>> openDecathlon(const std::string &folder,
                                                 const DataPipeline &pipeline,
                                                 const DatasetOptions &options);

/// Opens single volumes as test cases.
StatusOr<std::unique_ptr<Dataset>>
openVolumes(const std::vector<std::string> &paths, const DataPipeline &pipeline,
            const DatasetOptions &options);

/// Opens one test case: of its files, or of `volume` where they are in memory.
StatusOr<std::unique_ptr<Dataset>>
openVolumeCase(CaseFiles files, std::optional<Volume> volume,
               const DataPipeline &pipeline, const DatasetOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_DECATHLON_H
