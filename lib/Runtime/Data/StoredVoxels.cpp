//===- StoredVoxels.cpp - Voxels beside a header of text ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StoredVoxels.h"
#include "ForeignFormats.h"
#include "ImageFile.h"
#include "TextHeader.h"
#include "segc/Base/Files.h"

using namespace segc;

StatusOr<Volume> segc::readStored(Volume volume, StoredVoxels stored,
                                  std::string bytes, const std::string &where,
                                  const ImageLimits &limits) {
  SEGC_RETURN_IF_ERROR(limits.check(stored.layout.dataBytes(), where));
  std::string path = where;
  uint64_t begin = stored.headerBytes;
  if (!stored.file.empty()) {
    path = stored.file;
    begin = 0;
    SEGC_ASSIGN_OR_RETURN(bytes, readImageFile(path, limits));
  }
  std::string_view rest = std::string_view(bytes).substr(begin);
  for (int64_t line = 0; line < stored.lineSkip; ++line)
    if (!text::takeLine(rest))
      return dataLoss(path + ": " + std::to_string(line) +
                      " lines in front of the voxels, expected " +
                      std::to_string(stored.lineSkip));
  VoxelLayout &layout = stored.layout;
  if (stored.packed) {
    GzipReader reader(rest);
    return unpackVoxels(std::move(volume), reader, "", rest.size(), layout,
                        path, limits);
  }
  if (stored.atEnd && rest.size() >= layout.dataBytes())
    layout.offset = rest.size() - layout.dataBytes();
  layout.offset += bytes.size() - rest.size();
  return takeVoxels(std::move(volume), std::move(bytes), layout, path, limits);
}

Status TextFormat::checkContent(std::string_view start,
                                const std::string &path) const {
  if (recognises(start))
    return Status::success();
  const std::string foreign = foreignFormat(start.substr(0, 512), path);
  return foreign.empty()
             ? invalidArgument(path + ": no header of " + name() + " is there")
             : unsupported(path + ": " + foreign);
}

StatusOr<Volume> TextFormat::read(const std::string &path,
                                  const ImageLimits &limits) const {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, readImageFile(path, limits));
  SEGC_RETURN_IF_ERROR(checkContent(bytes, path));
  Volume volume;
  StoredVoxels stored;
  SEGC_RETURN_IF_ERROR(parse(bytes, path, volume, stored));
  return readStored(std::move(volume), std::move(stored), std::move(bytes),
                    path, limits);
}

Status TextFormat::parseStart(const std::string &path, VolumeHeader &volume,
                              StoredVoxels &stored) const {
  SEGC_RETURN_IF_ERROR(fileSize(path).status());
  const std::string start = readStart(path, text::maxHeaderBytes + 1);
  SEGC_RETURN_IF_ERROR(checkContent(start, path));
  return parse(start, path, volume, stored);
}

StatusOr<VolumeHeader> TextFormat::readHeader(const std::string &path,
                                              const ImageLimits &) const {
  VolumeHeader header;
  StoredVoxels stored;
  SEGC_RETURN_IF_ERROR(parseStart(path, header, stored));
  return header;
}

std::vector<std::string> TextFormat::filesOf(const std::string &path) const {
  VolumeHeader header;
  StoredVoxels stored;
  if (!parseStart(path, header, stored).ok() || stored.file.empty())
    return {path};
  return {path, stored.file};
}
