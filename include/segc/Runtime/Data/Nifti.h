//===- Nifti.h - NIfTI volumes ----------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// A strict reader of NIfTI-1 and NIfTI-2 in one file (.nii, .nii.gz) or in two
// (.hdr and .img; nifti1.h and nifti2.h of the NIfTI Data Format Working
// Group): both byte orders, every size held against the file and the limits
// before memory is taken. What is harmless but odd (bytes behind the voxels) is
// read with a warning. A volume keeps its whole header, so that what is written
// on its grid (a label map, a probability map), always as NIfTI-1, has the same
// place in the world.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_NIFTI_H
#define SEGC_RUNTIME_DATA_NIFTI_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageLimits.h"
#include "segc/Runtime/Data/Volume.h"

#include <cstdint>
#include <string>

namespace segc {

/// Decodes a file image, compressed or not; `where` names it in errors.
StatusOr<Volume> decodeNifti(std::string bytes, const std::string &where,
                             const ImageLimits &limits = {});
/// The same of a pair; errors of the voxels name `voxelsWhere`.
StatusOr<Volume> decodeNiftiPair(const std::string &header, std::string voxels,
                                 const std::string &where,
                                 const std::string &voxelsWhere,
                                 const ImageLimits &limits = {});
/// Reads a file, or a pair by either of its names.
StatusOr<Volume> readNifti(const std::string &path,
                           const ImageLimits &limits = {});
/// Reads no more of the file than its header.
StatusOr<VolumeHeader> readNiftiHeader(const std::string &path);

/// The uncompressed file image of one 8-bit label or f32 value a voxel (file
/// order) on the grid of `like`.
std::string encodeNifti(const VolumeGeometry &like, const uint8_t *labels);
std::string encodeNifti(const VolumeGeometry &like, const float *values);

/// Writes encodeNifti's image, through gzip if `path` ends in .gz. The bytes
/// are a pure function of the arguments (no time stamp).
Status writeNifti(const std::string &path, const VolumeGeometry &like,
                  const uint8_t *labels);
Status writeNifti(const std::string &path, const VolumeGeometry &like,
                  const float *values);

/// The same of all channels of a volume, in its own numbers and scale and
/// without the mark of segrun. Extensions are lost.
std::string encodeNifti(const Volume &volume);
Status writeNifti(const std::string &path, const Volume &volume);

/// Makes sform, qform and pixdim of the header say what the affine says. A
/// qform has no shear: its code becomes 0 where it cannot follow.
void agreeForms(VolumeGeometry &geometry);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_NIFTI_H
