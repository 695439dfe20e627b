//===- SliceSet.cpp - The pass over stacks of slices ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ISBI's stacks, and folders of slices with labels of the same names. Every
// page is a case, as in training.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Isbi.h"

#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

namespace {

/// A file of slices and that of their labels.
struct SliceStack {
  std::string name, image, label; ///< No label: empty.
  std::shared_ptr<const SliceFile> images{}, labels{};
  bool unit = false; ///< Labels are 0 and 1 and not 0 and 255.
};

/// A page: the case of a pass.
struct SlicePage {
  size_t stack;
  int64_t page;
};

} // namespace

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static std::vector<SliceStack> isbiStacks(const std::string &folder) {
  std::vector<SliceStack> stacks;
  if (auto image = findIsbiFile(folder, "train-volume"))
    stacks.push_back(
        {"train", *image,
         findIsbiFile(folder, "train-labels")
             .value_or((fs::path(folder) / "train-labels.tif").string())});
  if (auto image = findIsbiFile(folder, "test-volume"))
    stacks.push_back({"test", *image, ""});
  return stacks;
}

/// The slices of a folder by their names. What else lies beside them is a
/// fault.
static std::map<std::string, std::string> slicesIn(const std::string &folder,
                                                   std::vector<Fault> &faults) {
  std::map<std::string, std::string> slices;
  std::vector<Fault> others;
  auto leaveOut = [&](const std::string &path, const std::string &why,
                      const char *fix) {
    others.push_back(
        {"stray-file", "", path + " " + why + "; it was not read", fix});
  };
  StatusOr<std::vector<std::string>> every = everyImageIn(folder),
                                     images = imagesIn(folder);
  if (!every.ok() || !images.ok())
    return slices;
  const std::set<std::string> known(images->begin(), images->end());
  for (const std::string &path : *every) {
    const ImageFormat *format = formatByName(path);
    if (!known.count(path)) {
      leaveOut(path, "is taken for a picture of a volume beside it",
               "move it to a folder of slices");
    } else if (!format || !format->asSlices()) {
      leaveOut(path, "is a volume beside slices",
               "move it to a folder with dataset.json");
    } else if (const auto [first, isNew] =
                   slices.emplace(imageStem(path), path);
               !isNew) {
      leaveOut(path, "is named like " + first->second,
               "leave one of the two in the folder");
    }
  }
  if (!slices.empty())
    faults.insert(faults.end(), others.begin(), others.end());
  return slices;
}

static std::vector<SliceStack> stacksIn(const std::string &folder,
                                        std::vector<Fault> &faults) {
  std::vector<SliceStack> stacks = isbiStacks(folder);
  if (!stacks.empty())
    return stacks;
  const std::string images = (fs::path(folder) / "images").string(),
                    labels = (fs::path(folder) / "labels").string();
  const bool nested = pathExists(images), labelled = pathExists(labels);
  const auto truth =
      nested ? slicesIn(labels, faults) : std::map<std::string, std::string>();
  for (const auto &[name, path] : slicesIn(nested ? images : folder, faults)) {
    auto label = truth.find(name);
    stacks.push_back({name, path,
                      !nested || !labelled ? ""
                      : label == truth.end()
                          ? labels + "/" + fs::path(path).filename().string()
                          : label->second});
  }
  return stacks;
}

static std::shared_ptr<const SliceFile> openStack(const std::string &path,
                                                  ImageUse use,
                                                  const ImageLimits &limits,
                                                  CaseFindings &findings) {
  if (!pathExists(path)) {
    findings.add("missing", path + " is missing", "add the file");
    return nullptr;
  }
  auto file = sliceFormatOf(path).open(path, use, limits);
  if (!file.ok()) {
    findings.add("unreadable", file.status().message(),
                 "copy or export the file again");
    return nullptr;
  }
  for (const std::string &warning : (*file)->warnings())
    findings.add("header", path + ": " + warning,
                 "write the file again without it");
  return *file;
}

static std::string shapeText(const SliceFile &file) {
  return std::to_string(file.pages()) + " pages of " +
         std::to_string(file.size()[0]) + "x" + std::to_string(file.size()[1]) +
         ", orientation " + std::to_string(file.orientation());
}

static void openStacks(std::vector<SliceStack> &stacks,
                       const ImageLimits &limits, std::vector<Fault> &faults) {
  for (SliceStack &stack : stacks) {
    CaseFindings findings;
    findings.name = stack.name;
    stack.images = openStack(stack.image, ImageUse::Image, limits, findings);
    if (!stack.label.empty())
      stack.labels = openStack(stack.label, ImageUse::Label, limits, findings);
    if (stack.images && stack.labels) {
      const std::string expected = shapeText(*stack.images),
                        found = shapeText(*stack.labels);
      if (found != expected) {
        findings.add("grid",
                     stack.label + " has " + found + ", expected " + expected +
                         " like " + stack.image,
                     "export the labels again from the images");
        stack.labels.reset();
      }
    }
    faults.insert(faults.end(), findings.faults.begin(), findings.faults.end());
  }
}

//===----------------------------------------------------------------------===//
// Pages
//===----------------------------------------------------------------------===//

static void checkPage(const SliceStack &stack, int64_t page,
                      CaseFindings &findings) {
  const std::string at = ": page " + std::to_string(page);
  StatusOr<Volume> image = stack.images->read(page);
  if (!image.ok()) {
    findings.add("unreadable", image.status().message(),
                 "copy or export the file again");
    return;
  }
  findings.contentHash = checkImageValues(*image, stack.image + at, findings);
  if (!stack.labels)
    return;
  StatusOr<Volume> label = stack.labels->read(page);
  if (!label.ok()) {
    findings.add("unreadable", label.status().message(),
                 "copy or export the file again");
    return;
  }
  for (float value : label->voxels.floats())
    findings.labels.insert(static_cast<int64_t>(value));
}

/// Values of a page's label; the rule holds for the whole stack.
static void checkValues(const SliceStack &stack, int64_t page,
                        CaseFindings &findings) {
  if (findings.labels.empty())
    return;
  const std::string at = stack.label + ": page " + std::to_string(page);
  const int64_t high = stack.unit ? 1 : 255;
  std::set<int64_t> unknown;
  for (int64_t value : findings.labels)
    if (value != 0 && value != high)
      unknown.insert(value);
  if (!unknown.empty())
    findings.add(
        "label-unknown",
        at + " has values beside 0 and " + std::to_string(high) + ": " +
            listedText(unknown,
                       [](int64_t value) { return std::to_string(value); }),
        "store 0 and 255, or 0 and 1 throughout");
  else if (findings.labels.size() == 1)
    findings.add("label-empty",
                 at + " is " + std::to_string(*findings.labels.begin()) +
                     " everywhere",
                 "leave out the slice unless nothing is there to find");
}

StatusOr<std::optional<CheckReport>>
segc::checkSlices(const std::string &folder, const ImageLimits &limits,
                  ThreadPool &pool, const CheckProgress &progress) {
  CheckReport report;
  std::vector<SliceStack> stacks = stacksIn(folder, report.faults);
  if (stacks.empty())
    return std::optional<CheckReport>();
  openStacks(stacks, limits, report.faults);
  std::vector<SlicePage> pages;
  std::vector<CaseFindings> cases;
  for (size_t i = 0; i < stacks.size(); ++i) {
    const int64_t count = stacks[i].images ? stacks[i].images->pages() : 0;
    for (int64_t page = 0; page < count; ++page) {
      pages.push_back({i, page});
      cases.emplace_back();
      cases.back().name = stacks[i].name + "-" + std::to_string(page);
    }
  }
  report.cases = static_cast<int64_t>(cases.size());
  SEGC_RETURN_IF_ERROR(examineCases(cases, pool, progress, [&](size_t i) {
    checkPage(stacks[pages[i].stack], pages[i].page, cases[i]);
  }));
  bool labelled = false, unit = false;
  for (size_t i = 0; i < cases.size(); ++i)
    stacks[pages[i].stack].unit |= cases[i].labels.count(1) > 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    const SliceStack &stack = stacks[pages[i].stack];
    checkValues(stack, pages[i].page, cases[i]);
    labelled |= stack.labels != nullptr;
    unit |= stack.unit;
  }
  checkAcrossCases({}, cases);
  if (labelled)
    checkClasses({{0, "black"}, {unit ? 1 : 255, "white"}}, cases,
                 report.faults);
  gatherFaults(cases, report);
  return std::optional<CheckReport>(std::move(report));
}
