//===- AddAugmentEntry.cpp - The entry that makes patches -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The ops are those of the rules, in the order of the host's renderer; which of
// them a sample draws is among the inputs. It names the ops, because it makes
// them.

#include "Entries.h"

#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Plan/AugmentEntry.h"
#include "segc/Plan/CropExtents.h"
#include "segc/Transforms/AugmentPasses.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_ADDAUGMENTENTRYPASS
#include "segc/Transforms/AugmentPasses.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Changes the intensities of an image, op by op.
class IntensityBuilder {
public:
  IntensityBuilder(OpBuilder &builder, Location loc, Value image,
                   Value intensities)
      : b(builder), loc(loc), image(image), intensities(intensities) {}

  void blur() {
    int64_t first = imageType().getRank() == 4 ? 1 : 0;
    for (int64_t axis = first; axis < 3; ++axis)
      image = seg::BlurAxisOp::create(b, loc, image.getType(), image,
                                      intensities, axis);
  }
  void adjustContrast() {
    Value statistics = measure(seg::IntensityStep::contrast);
    image = seg::AdjustContrastOp::create(b, loc, image.getType(), image,
                                          intensities, statistics);
  }
  void lowerResolution() {
    image = seg::LowerResolutionOp::create(b, loc, image.getType(), image,
                                           intensities);
  }
  /// `labels` mask the result; null for none.
  void adjustGamma(seg::IntensityStep step, Value labels = {}) {
    Value before = measure(step);
    image = seg::AdjustGammaOp::create(b, loc, image.getType(), step, image,
                                       intensities, before);
    Value after = measure(step);
    image =
        seg::RetainStatisticsOp::create(b, loc, image.getType(), step, image,
                                        intensities, before, after, labels);
  }
  Value getImage() const { return image; }

private:
  RankedTensorType imageType() const {
    return cast<RankedTensorType>(image.getType());
  }
  Value measure(seg::IntensityStep step) {
    RankedTensorType type = imageType();
    auto statistics = RankedTensorType::get(
        {type.getDimSize(0), seg::channels(type), seg::statistic::count},
        type.getElementType());
    return seg::ChannelStatisticsOp::create(b, loc, statistics, step, image,
                                            intensities);
  }

  OpBuilder &b;
  Location loc;
  Value image, intensities;
};

} // namespace

/// Extents of a patch in depth, height and width.
static std::array<int64_t, 3> patchOf(RankedTensorType image) {
  std::array<int64_t, 3> patch = {1, 1, 1};
  ArrayRef<int64_t> spatial = seg::spatialDims(image);
  llvm::copy(spatial, patch.end() - spatial.size());
  return patch;
}

/// The type of an input of the entry; null if it has none of this name.
static RankedTensorType inputType(func::FuncOp entry, StringRef name) {
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (entry.getArgAttrOfType<StringAttr>(i, nameAttrName) == name &&
        entry.getArgAttrOfType<StringAttr>(i, regionAttrName) == "inputs")
      return cast<RankedTensorType>(entry.getArgumentTypes()[i]);
  return {};
}

/// Builds the entry that makes tensors of these types.
static void buildEntry(ModuleOp module, Location loc, PlanRules rules,
                       RankedTensorType image, RankedTensorType labels) {
  EntryBuilder entry(module, augment::entryName, loc);
  OpBuilder &b = entry.builder;
  int64_t samples = image.getDimSize(0), channels = seg::channels(image);
  std::array<int64_t, 3> crop = cropExtents(rules, patchOf(image));
  auto input = [&](StringRef name, ArrayRef<int64_t> shape, Type element) {
    SmallVector<int64_t> whole{samples};
    llvm::append_range(whole, shape);
    return entry.argument(RankedTensorType::get(whole, element), "inputs",
                          name);
  };
  Type f32 = b.getF32Type(), i32 = b.getI32Type();
  Value cropImage =
      input(augment::crop, {crop[0], crop[1], crop[2], channels}, f32);
  Value cropLabels =
      input(augment::cropLabels, {crop[0], crop[1], crop[2]}, i32);
  Value maps = input(augment::maps, {augment::mapNumbers}, f32);
  Value intensities =
      input(augment::intensities, {channels, augment::intensityNumbers}, f32);
  Value keys = input(augment::noiseKeys, {augment::noiseWords}, i32);

  auto sampled =
      seg::SampleLabelsOp::create(b, loc, labels, labels, cropLabels, maps);
  IntensityBuilder patch(b, loc,
                         seg::SamplePatchOp::create(b, loc, image, cropImage,
                                                    maps, intensities, keys),
                         intensities);
  if (rules != PlanRules::Mlperf)
    patch.blur();
  patch.adjustContrast();
  if (rules == PlanRules::V2) {
    patch.lowerResolution();
    patch.adjustGamma(seg::IntensityStep::inverted_gamma);
    patch.adjustGamma(seg::IntensityStep::gamma, sampled.getUnclamped());
  }
  entry.result(patch.getImage(), "outputs", "image");
  entry.result(sampled.getOutput(), "outputs", "label");
  entry.finish();
}

namespace {

class AddAugmentEntryPass
    : public segc::impl::AddAugmentEntryPassBase<AddAugmentEntryPass> {
public:
  using AddAugmentEntryPassBase::AddAugmentEntryPassBase;

protected:
  void runOnOperation() override {
    if (failed(addEntry(getOperation())))
      signalPassFailure();
  }

private:
  LogicalResult addEntry(ModuleOp module) const {
    std::optional<PlanRules> known = findPlanRules(rules);
    if (!known) {
      InFlightDiagnostic error =
          module.emitError("expects an augmentation by the rules ");
      llvm::interleaveComma(allPlanRules, error, [&](PlanRules other) {
        error << planRulesName(other);
      });
      return error << ", got " << rules;
    }
    auto step = module.lookupSymbol<func::FuncOp>("grad_step");
    auto layout = module->getAttrOfType<DictionaryAttr>(layoutAttrName);
    if (!step || !layout)
      return module.emitError("expects the entry 'grad_step' of training and ")
             << layoutAttrName << "; run seg-import-network first";
    RankedTensorType image = inputType(step, "image"),
                     labels = inputType(step, "label");
    if (!image || !labels || (image.getRank() != 4 && image.getRank() != 5) ||
        labels.getShape() != image.getShape().drop_back() ||
        !labels.getElementType().isInteger(32))
      return step.emitOpError("expects planes or volumes and a label of each "
                              "voxel to augment, got ")
             << image << " and " << labels;
    buildEntry(module, step.getLoc(), *known, image, labels);
    NamedAttrList entries(layout);
    entries.set("augmentation", StringAttr::get(module.getContext(), rules));
    module->setAttr(layoutAttrName, entries.getDictionary(module.getContext()));
    return success();
  }
};

} // namespace
