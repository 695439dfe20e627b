//===- CaseRepair.cpp - Repair of the files of a case ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseRepair.h"
#include "LabelRepair.h"
#include "segc/Runtime/Data/GridMatch.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/Notes.h"

#include <algorithm>
#include <cmath>

using namespace segc;

std::string segc::irreparable(const Fault &fault, const RepairRules &rules) {
  const std::string &name = fault.name;
  if (name == "header" || name == "grid-form" || name == "label-scaled" ||
      name == "label-255")
    return "";
  if (name == "label-fractional")
    return isBinary(rules.index)
               ? ""
               : "only between two classes it is clear which one is meant";
  if (name == "not-finite")
    return rules.options.nonFinite ? ""
                                   : "give --replace-non-finite to repair it";
  return "there is no certain repair";
}

namespace {

class CaseRepairer {
public:
  CaseRepairer(const CaseFiles &files, const RepairRules &rules)
      : files(files), rules(rules) {}

  Status read();
  void placeFiles();
  void replaceNonFinite();
  Status repairLabel(bool valuesAreWrong);
  StatusOr<RepairedCase> write();

  std::map<std::string, std::string> done;

private:
  struct File {
    std::string path;
    Volume volume;
    bool changed = false;
  };
  File &labelFile() { return all.back(); }

  const CaseFiles &files;
  const RepairRules &rules;
  std::vector<File> all; ///< The images, then the label if there is one.
  AxisOrder labelOrder;  ///< To the storage order of the first image.
};

} // namespace

Status CaseRepairer::read() {
  std::vector<std::string> paths = files.images;
  if (!files.label.empty())
    paths.push_back(files.label);
  for (const std::string &path : paths) {
    SEGC_ASSIGN_OR_RETURN(Volume volume,
                          volumeFormatOf(path).read(path, rules.limits));
    all.push_back({path, std::move(volume)});
  }
  if (files.label.empty())
    return Status::success();
  Notes notes; // The fault says them.
  SEGC_ASSIGN_OR_RETURN(labelOrder,
                        matchGrids(labelFile().volume.geometry,
                                   labelFile().path, all[0].volume.geometry,
                                   all[0].path, "label", notes));
  return Status::success();
}

/// Files without a form lie where the other ones do; the forms of each agree
/// with what counts by the rule of the reader.
void CaseRepairer::placeFiles() {
  auto placed = std::find_if(all.begin(), all.end(), [](const File &file) {
    return file.volume.geometry.placedBy != PlacedBy::Pixdim;
  });
  for (File &file : all) {
    VolumeGeometry &geometry = file.volume.geometry;
    if (placed != all.end() && geometry.placedBy == PlacedBy::Pixdim) {
      geometry.placedBy = placed->volume.geometry.placedBy;
      geometry.affine = placed->volume.geometry.affine;
      file.changed = true;
      done["grid-form"] = "has the form of the other file";
    }
    if (!file.volume.warnings.empty()) {
      file.changed = true;
      done["header"] = "sform, qform and pixdim say what counted before";
    }
    if (file.changed)
      agreeForms(geometry);
  }
}

void CaseRepairer::replaceNonFinite() {
  if (!rules.options.nonFinite)
    return;
  for (size_t i = 0; i < files.images.size(); ++i) {
    Volume &image = all[i].volume;
    if (!image.voxels.firstNotFinite(0, image.voxels.size()))
      continue;
    std::vector<float> values = image.voxels.floats();
    int64_t replaced = 0;
    for (float &value : values)
      if (!std::isfinite(value)) {
        value = *rules.options.nonFinite;
        ++replaced;
      }
    image.voxels = Voxels(values);
    all[i].changed = true;
    done["not-finite"] = std::to_string(replaced) + " voxels of " +
                         all[i].path + " are " +
                         std::to_string(*rules.options.nonFinite) + " now";
  }
}

Status CaseRepairer::repairLabel(bool valuesAreWrong) {
  File &file = labelFile();
  if (files.label.empty() ||
      !(valuesAreWrong || file.changed || !labelOrder.isIdentity()))
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(std::vector<int64_t> classes,
                        classesOf(file.volume, file.path, rules.index, done));
  file.volume = labelVolume(all[0].volume.geometry, classes,
                            file.volume.geometry.size, labelOrder);
  file.changed = true;
  done.emplace("grid-form", "lies on the grid of its image");
  return Status::success();
}

StatusOr<RepairedCase> CaseRepairer::write() {
  RepairedCase repaired;
  repaired.files = files;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!all[i].changed)
      continue;
    const std::string &path = all[i].path;
    SEGC_ASSIGN_OR_RETURN(std::string place, rules.staging.prepareTarget(path));
    SEGC_RETURN_IF_ERROR(volumeFormatOf(path).write(place, all[i].volume));
    (i < files.images.size() ? repaired.files.images[i]
                             : repaired.files.label) = place;
  }
  repaired.done = std::move(done);
  return repaired;
}

StatusOr<RepairedCase> segc::repairCase(const CaseFiles &files,
                                        const CaseFindings &findings,
                                        const RepairRules &rules) {
  bool values = false, qform = false;
  for (const Fault &fault : findings.faults) {
    values |= fault.name.rfind("label-", 0) == 0;
    qform |= fault.name == "grid-form";
  }
  CaseRepairer repairer(files, rules);
  SEGC_RETURN_IF_ERROR(repairer.read());
  repairer.placeFiles();
  repairer.replaceNonFinite();
  SEGC_RETURN_IF_ERROR(repairer.repairLabel(values || qform));
  return repairer.write();
}

Status segc::renumberLabel(const std::string &path, const std::string &target,
                           const std::map<int64_t, int64_t> &numbers,
                           const ImageLimits &limits) {
  const VolumeFormat &format = volumeFormatOf(path);
  SEGC_ASSIGN_OR_RETURN(Volume label, format.read(path, limits));
  std::vector<int64_t> classes;
  classes.reserve(label.voxels.size());
  for (float value : label.voxels.floats()) {
    auto number = numbers.find(std::llround(value));
    classes.push_back(number == numbers.end() ? 0 : number->second);
  }
  return format.write(
      target, labelVolume(label.geometry, classes, label.geometry.size, {}));
}
