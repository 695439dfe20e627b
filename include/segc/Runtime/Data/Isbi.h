//===- Isbi.h - ISBI 2012 slices --------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Multi-page TIFFs as U-Net reads them (docs/ReferenceBehaviour.md, "U-Net's
// data"): a slice becomes x / 127.5 - 1, is resized to the pipeline's `resize`
// and padded with zeros to `pad_to`; labels (0 membrane, 255 background) become
// class 0 and 1 of the central `output` pixels, class 1 where the interpolated
// label is at least a half.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_ISBI_H
#define SEGC_RUNTIME_DATA_ISBI_H

#include "segc/Runtime/Data/DataSet.h"

#include <optional>

namespace segc {

/// Returns the file `stem` of a data set, whose ending is .tif or .tiff in
/// lower or upper case; nothing if there is none.
std::optional<std::string> findIsbiFile(const std::string &folder,
                                        const std::string &stem);

/// Opens a folder with train-volume.tif and train-labels.tif, with
/// test-volume.tif, or with all three.
StatusOr<std::unique_ptr<Dataset>> openIsbi(const std::string &folder,
                                            const DataPipeline &pipeline,
                                            const DatasetOptions &options);

/// Opens the pages of single TIFFs as test cases.
StatusOr<std::unique_ptr<Dataset>>
openSlices(const std::vector<std::string> &paths, const DataPipeline &pipeline,
           const DatasetOptions &options);

/// Opens the planes of a volume in memory as test cases; `name` stands for its
/// file.
StatusOr<std::unique_ptr<Dataset>>
openSliceVolume(const Volume &volume, const std::string &name,
                const DataPipeline &pipeline, const DatasetOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_ISBI_H
