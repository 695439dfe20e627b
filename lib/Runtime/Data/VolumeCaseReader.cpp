//===- VolumeCaseReader.cpp - Reading of volumes as cases -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VolumeCaseReader.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/GridMatch.h"
#include "segc/Runtime/Data/Notes.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace segc;

/// Values of a label that a message lists.
static constexpr size_t maxValues = 16;

/// The pages of a file of slices as the planes of a volume, which lies nowhere
/// and has voxels of 1 mm.
static StatusOr<Volume> readPages(const SliceFormat &format,
                                  const std::string &path,
                                  const ImageLimits &limits) {
  SEGC_ASSIGN_OR_RETURN(const std::shared_ptr<const SliceFile> file,
                        format.open(path, ImageUse::Image, limits));
  SEGC_ASSIGN_OR_RETURN(Volume volume, file->read(0));
  std::string bytes(volume.voxels.stored());
  const uint64_t all = bytes.size() * static_cast<uint64_t>(file->pages());
  SEGC_RETURN_IF_ERROR(limits.check(all, path));
  bytes.reserve(all);
  for (int64_t page = 1; page < file->pages(); ++page) {
    SEGC_ASSIGN_OR_RETURN(const Volume plane, file->read(page));
    bytes += plane.voxels.stored();
  }
  volume.geometry.size[2] = file->pages();
  volume.voxels = Voxels(std::move(bytes), 0, volume.voxels.type());
  volume.warnings = file->warnings();
  return volume;
}

StatusOr<Volume> VolumeCaseReader::readVolume(const std::string &path) const {
  // A pipe, a folder or a link to itself is there, and named for what it is.
  if (Status status = checkImageExists(path); !status.ok())
    return status.code() == StatusCode::NotFound
               ? notFound(imageFiles(path).front() + " is missing")
               : status;
  const ImageFormat *format = findImageFormat(path);
  SEGC_ASSIGN_OR_RETURN(Volume volume,
                        format && format->asSlices()
                            ? readPages(*format->asSlices(), path, rules.limits)
                            : volumeFormatOf(path).read(path, rules.limits));
  for (const std::string &warning : volume.warnings)
    rules.notes.add(path, warning);
  return volume;
}

StatusOr<Volume> MemoryCaseReader::readVolume(const std::string &path) const {
  if (!volume)
    return internalError(path + ": read a second time");
  Volume taken = std::move(*volume);
  volume.reset();
  for (const std::string &warning : taken.warnings)
    rules.notes.add(path, warning);
  return taken;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

/// "choose one with --channel 0..2".
static std::string chooseOne(const CaseRules &rules, int64_t channels) {
  return "choose one with " + rules.channelOption + " 0.." +
         std::to_string(channels - 1);
}

Status VolumeCaseReader::chooseChannels(const CaseFiles &files,
                                        SourceCase &content) const {
  const std::string &path = files.images[0];
  const int64_t found = content.images[0].channels;
  const bool separate = files.images.size() > 1;
  for (size_t image = 0; separate && image < files.images.size(); ++image) {
    const Volume &volume = content.images[image];
    if (volume.channels != 1)
      return invalidArgument(files.images[image] + ": " +
                             std::to_string(volume.channels) +
                             " channels, expected one in each of " +
                             std::to_string(files.images.size()) + " files");
    SourceCase::Channel channel;
    channel.image = image;
    if (image > 0) {
      SEGC_ASSIGN_OR_RETURN(channel.order,
                            matchGrids(volume.geometry, files.images[image],
                                       content.geometry(), path, "channel",
                                       rules.notes));
    }
    content.channels.push_back(channel);
  }
  if (separate)
    return Status::success();
  const std::string count = path + ": " + std::to_string(found) +
                            (found == 1 ? " channel" : " channels");
  // The file may be that of the channel already.
  const bool chosen = rules.channel && !(files.ofOneChannel && found == 1);
  if (chosen && *rules.channel >= found)
    return invalidArgument(count + ", but " + rules.channelOption + " " +
                           std::to_string(*rules.channel) +
                           " is beyond them; " + chooseOne(rules, found));
  if (!chosen && found != rules.channels)
    return invalidArgument(
        count + ", the model takes " + std::to_string(rules.channels) +
        (rules.channels == 1
             ? "; " + chooseOne(rules, found)
             : std::string("; use a model or images that fit")));
  for (int64_t i = 0; i < rules.channels; ++i)
    content.channels.push_back({0, chosen ? *rules.channel : i, {}});
  return Status::success();
}

/// The first voxel of a channel that is NaN or infinite is an error.
static Status checkFinite(const Volume &volume, int64_t channel,
                          const std::string &path) {
  const VolumeGeometry &geometry = volume.geometry;
  const auto first = static_cast<size_t>(volume.channel(channel).first);
  const std::optional<size_t> bad = volume.voxels.firstNotFinite(
      first, static_cast<size_t>(geometry.voxels()));
  if (!bad)
    return Status::success();
  return Status(StatusCode::NonFinite,
                path + " is " + std::to_string(volume.voxels[*bad]) +
                    " at voxel " + voxelText(geometry, *bad - first) +
                    ", expected numbers; repair or leave out the case");
}

StatusOr<SourceCase> VolumeCaseReader::readImage(const CaseFiles &files) const {
  SourceCase content;
  content.path = files.images[0];
  for (const std::string &path : files.images) {
    SEGC_ASSIGN_OR_RETURN(Volume volume, readVolume(path));
    content.images.push_back(std::move(volume));
  }
  SEGC_RETURN_IF_ERROR(chooseChannels(files, content));
  for (const SourceCase::Channel &channel : content.channels)
    SEGC_RETURN_IF_ERROR(checkFinite(content.images[channel.image],
                                     channel.index,
                                     files.images[channel.image]));
  return content;
}

//===----------------------------------------------------------------------===//
// Labels
//===----------------------------------------------------------------------===//

namespace {

/// Turns the values of one label into classes and remembers what is wrong.
class LabelValues {
  struct NanLast {
    bool operator()(double a, double b) const {
      return std::isnan(a) ? false : std::isnan(b) || a < b;
    }
  };
  using Values = std::set<double, NanLast>;

public:
  LabelValues(const CaseRules &rules) : rules(rules) {
    for (int64_t value = 0; value < 256; ++value)
      byValue.push_back(classOf(value));
  }

  uint8_t take(float value, size_t place) {
    const double whole = std::round(double{value});
    const bool near = isWholeLabel(double{value});
    anyRounded |= near && whole != value;
    const int64_t found = !near                       ? -1
                          : whole >= 0 && whole < 256 ? byValue[size_t(whole)]
                          : std::abs(whole) < 1e9     ? classOf(int64_t(whole))
                                                      : -1;
    const double seen = near ? whole : double{value};
    if (values.size() <= maxValues && seen != last)
      values.insert(last = seen);
    if (found >= 0)
      return static_cast<uint8_t>(found);
    if (wrong.empty())
      firstWrong = place;
    if (wrong.size() <= maxValues)
      wrong.insert(seen);
    return 0;
  }

  bool rounded() const { return anyRounded; }
  bool ok() const { return wrong.empty(); }
  size_t firstPlace() const { return firstWrong; }

  /// "has the value 4 (...)": all that the file holds, and what to do.
  std::string complaint(const std::string &at) const {
    const size_t classes = rules.classNames.size();
    std::string text =
        "has the value" + std::string(wrong.size() > 1 ? "s " : " ") +
        listed(wrong) + " (first at voxel " + at + "), expected a class 0.." +
        std::to_string(classes - 1) + "; all its values: " + listed(values);
    std::string map;
    for (double value : wrong) {
      if (!(value >= 0 && value < 1e9 && value == std::round(value)))
        return text + "; repair the label";
      map += (map.empty() ? "" : ",") + number(value) + "=" +
             std::to_string(freeClass());
    }
    return text +
           "; if they mean classes, say which, for example --label-map " + map;
  }

private:
  /// -1 if the model has none.
  int64_t classOf(int64_t value) const {
    auto mapped = rules.labelMap.find(value);
    if (mapped != rules.labelMap.end())
      value = mapped->second;
    const auto classes = static_cast<int64_t>(rules.classNames.size());
    return value >= 0 && value < classes ? value : -1;
  }
  /// A class that no value of the file means, the last if there is none.
  size_t freeClass() const {
    size_t free = 1;
    while (free + 1 < rules.classNames.size() && values.count(double(free)))
      ++free;
    return std::min(free, rules.classNames.size() - 1);
  }
  static std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof(text), "%.7g", value);
    return text;
  }
  static std::string listed(const Values &values) {
    std::string text;
    size_t count = 0;
    for (double value : values)
      if (++count <= maxValues)
        text += (count > 1 ? ", " : "") + number(value);
    return count > maxValues ? text + ", ..." : text;
  }
  const CaseRules &rules;
  std::vector<int64_t> byValue;
  Values values, wrong;
  double last = -1e300;
  size_t firstWrong = 0;
  bool anyRounded = false;
};

} // namespace

Status VolumeCaseReader::readLabel(const CaseFiles &files,
                                   SourceCase &content) const {
  const std::string &path = files.label;
  SEGC_ASSIGN_OR_RETURN(Volume label, readVolume(path));
  if (label.channels != 1)
    return invalidArgument(
        path + ": " + std::to_string(label.channels) +
        " channels, expected one of class numbers" +
        (label.channels == static_cast<int64_t>(rules.classNames.size())
             ? "; it looks one-hot: store the number of the channel that is 1"
             : ""));
  SEGC_ASSIGN_OR_RETURN(AxisOrder order,
                        matchGrids(label.geometry, path, content.geometry(),
                                   content.path, "label", rules.notes));
  LabelValues values(rules);
  std::vector<uint8_t> classes;
  classes.reserve(label.voxels.size());
  for (size_t i = 0; i < label.voxels.size(); ++i)
    classes.push_back(values.take(label.voxels[i], i));
  if (!values.ok())
    return invalidArgument(
        path + " " +
        values.complaint(voxelText(label.geometry, values.firstPlace())));
  if (values.rounded())
    rules.notes.add(path, "label values within 0.001 of a whole number were "
                          "rounded to it");
  content.label = reordered(std::move(classes), label.geometry.size, order);
  // matchGrids has said that the label's grid counts for both.
  VolumeGeometry &image = content.images[0].geometry;
  if (image.placedBy == PlacedBy::Pixdim) {
    image.placedBy = label.geometry.placedBy;
    image.affine = label.geometry.affine;
  }
  return Status::success();
}

std::unique_ptr<CaseReader> segc::makeVolumeCaseReader(CaseRules rules) {
  return std::make_unique<VolumeCaseReader>(std::move(rules));
}
