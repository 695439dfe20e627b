//===- ImageFormat.h - Formats of image files -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data sets and predictions know no file format: they ask this registry
// (docs/AddingAFormat.md says how to add one).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_IMAGEFORMAT_H
#define SEGC_RUNTIME_DATA_IMAGEFORMAT_H

#include "segc/Runtime/Data/ImageLimits.h"
#include "segc/Runtime/Data/Volume.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace segc {

/// A palette's index is a label, its colour the grey of an image.
enum class ImageUse { Image, Label };

class SliceFormat;
class VolumeFormat;

class ImageFormat {
public:
  virtual ~ImageFormat() = default;
  /// As messages call it: "NIfTI".
  virtual const char *name() const = 0;
  /// Of file names, in lower case; masks in this format get the first.
  virtual std::vector<std::string_view> endings() const = 0;
  /// Whether a file of any name begins like one of this format; `start` has 512
  /// bytes if the file has.
  virtual bool recognises(std::string_view start) const = 0;
  /// Files of the image that a path names, the first of which is read: of a
  /// header and its voxels both, whichever is named. They need not exist.
  virtual std::vector<std::string> filesOf(const std::string &path) const {
    return {path};
  }
  /// Whether an image is a folder of files of this format.
  virtual bool readsFolders() const { return false; }
  /// Whether its files often are pictures that lie beside volumes: they are
  /// images only where a folder has no volumes.
  virtual bool holdsPictures() const { return false; }
  /// The format of the masks of its images.
  virtual const ImageFormat &maskFormat() const { return *this; }
  /// Writes classes as a mask with the mark of segrun: pages of the size of
  /// `grid`, from which a volume has its place in space. The names of the
  /// classes go into the header where the format has room for them.
  virtual Status
  writeMask(const std::string &path, const VolumeGeometry &grid,
            const std::vector<const uint8_t *> &pages,
            const std::vector<std::string> &classNames) const = 0;
  /// Whether a file that is recognised carries the mark.
  virtual bool hasMark(const std::string &path,
                       std::string_view start) const = 0;

  /// What its files hold: one of the two is not null.
  virtual const SliceFormat *asSlices() const { return nullptr; }
  virtual const VolumeFormat *asVolumes() const { return nullptr; }
};

/// Each file is one case, placed in space, in numbers of its own.
class VolumeFormat : public ImageFormat {
public:
  virtual StatusOr<Volume> read(const std::string &path,
                                const ImageLimits &limits) const = 0;
  /// The same without the voxels, which are neither looked at nor counted.
  virtual StatusOr<VolumeHeader> readHeader(const std::string &path,
                                            const ImageLimits &limits) const {
    SEGC_ASSIGN_OR_RETURN(VolumeHeader header, read(path, limits));
    return header;
  }
  /// Writes a volume in the numbers and the scale that it has, without the mark
  /// of segrun. Formats that are written as masks alone refuse.
  virtual Status write(const std::string &path, const Volume &volume) const {
    return unsupported(path + ": " + name() + " files are not written again");
  }
  const VolumeFormat *asVolumes() const override { return this; }
};

/// An open file whose pages may be read from several threads.
class SliceFile {
public:
  virtual ~SliceFile() = default;
  virtual int64_t pages() const = 0;
  /// Width and height of every page, as its header says.
  virtual Size3 size() const = 0;
  /// How viewers turn pages that are read as they are stored: the tag of TIFF,
  /// 1 to 8.
  virtual int orientation() const { return 1; }
  /// A plane of 8-bit numbers: grey from 0 (black) to 255 (white), or labels.
  virtual StatusOr<Volume> read(int64_t page) const = 0;
  /// What a user should know about the file though it was opened.
  virtual std::vector<std::string> warnings() const { return {}; }
};

/// Each page of a file is a case.
class SliceFormat : public ImageFormat {
public:
  virtual StatusOr<std::shared_ptr<const SliceFile>>
  open(const std::string &path, ImageUse use,
       const ImageLimits &limits) const = 0;
  const SliceFormat *asSlices() const override { return this; }
};

/// All formats that are read.
const std::vector<const ImageFormat *> &imageFormats();
/// Adds a format to the end of the list, for as long as the process runs.
/// Call it before other threads ask.
void registerImageFormat(std::unique_ptr<const ImageFormat> format);

/// The format by the ending of a file's name, or by its first bytes; null for
/// none of ours.
const ImageFormat *formatByName(const std::string &path);
const ImageFormat *formatByContent(std::string_view start);
/// By the name, else by the content unless that is a format that we know and do
/// not read.
const ImageFormat *findImageFormat(const std::string &path);

/// The format of the image that a folder as a whole is; null for none.
const ImageFormat *formatOfFolder(const std::string &folder);

/// ImageFormat::filesOf of the path's format; the path alone if it has none.
std::vector<std::string> imageFiles(const std::string &path);
/// An error if there is nothing at the path that could be read.
Status checkImageExists(const std::string &path);

/// What a file of a data set is read as. One of no known format is read as
/// NIfTI or TIFF, whose readers say what it is instead.
const VolumeFormat &volumeFormatOf(const std::string &path);
const SliceFormat &sliceFormatOf(const std::string &path);

/// ".nii.gz, .nii" and so on: the endings of the formats of volumes or of those
/// of slices.
std::string volumeEndings();
std::string sliceEndings();

/// The name of a file without folder and the ending of its format.
std::string imageStem(const std::string &path);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_IMAGEFORMAT_H
