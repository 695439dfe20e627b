//===- Overlay.h - Pictures of predictions ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// One row a slice: the grey image, the same with the predicted classes tinted
// and outlined, and, where the truth is known, the same with that. The columns
// have headings, the classes a legend.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_OVERLAY_H
#define SEGC_RUNTIME_DATA_OVERLAY_H

#include "segc/Runtime/Data/Png.h"
#include "segc/Runtime/Data/Voxels.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// One slice in rows from the top; grey 0..255, classes as indices. `label`
/// is empty where the truth is unknown.
struct OverlaySlice {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> grey, prediction, label;
};

/// The colour of a class in pictures.
Rgb classColour(size_t label);

/// Classes named "background" (class 0 if none is) stay grey, the others get
/// colours that are told apart by most colour-blind people (Okabe and Ito).
std::vector<bool> visibleClasses(const std::vector<std::string> &classNames,
                                 int64_t classes);

/// Draws all slices below one another, each pixel `scale` x `scale`; the
/// outline runs along the class's border and is drawn at full strength.
RgbImage drawPanels(const std::vector<OverlaySlice> &slices,
                    const std::vector<bool> &visible, int64_t scale);

/// The panels between the headings of their columns and the colours of the
/// visible classes.
StatusOr<RgbImage> drawOverlay(const std::vector<OverlaySlice> &slices,
                               const std::vector<std::string> &classNames,
                               int64_t classes, int64_t scale);

/// Slices in the z plane of a volume, spread over the planes where the label
/// or the prediction (in file order) has a visible class (over all if none
/// has), shown with y upwards. Grey levels span the 0.5 to 99.5 percentiles,
/// of a million voxels if there are more. `label` may be null.
std::vector<OverlaySlice> volumeSlices(const VoxelView &image,
                                       const uint8_t *prediction,
                                       const uint8_t *label,
                                       const std::vector<bool> &visible,
                                       int64_t count = 5);

/// Writes drawOverlay() to `folder`/`caseName`.png, enlarged where slices are
/// small. Labels may be larger than the number of names.
Status writeOverlay(const std::string &folder, const std::string &caseName,
                    const std::vector<OverlaySlice> &slices,
                    const std::vector<std::string> &classNames,
                    int64_t classes);
/// The file that writeOverlay() writes.
std::string overlayPath(const std::string &folder, const std::string &caseName);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_OVERLAY_H
