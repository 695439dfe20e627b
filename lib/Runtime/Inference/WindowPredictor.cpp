//===- WindowPredictor.cpp - Prediction of volumes in windows -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/WindowPredictor.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>

using namespace segc;

StatusOr<WindowPredictor> WindowPredictor::create(WeightEnsemble &ensemble,
                                                  const WindowOptions &options,
                                                  Scores scores,
                                                  int64_t batch) {
  WindowPredictor predictor(ensemble, options, scores, batch);
  const ModelRunner &runner = ensemble.runner();
  const Manifest &manifest = runner.manifest();
  const std::string &path = runner.library().path();
  const EntrySignature *entry = manifest.entry("predict");
  const int image = entry ? entry->findInput("image") : -1;
  if (image < 0)
    return unsupported(path + ": predict takes no image");
  const std::vector<int64_t> &shape =
      entry->inputs[static_cast<size_t>(image)].shape;
  if (shape.size() != 4 && shape.size() != 5)
    return unsupported(path + ": predict takes an image of the shape " +
                       shapeText(shape) +
                       ", expected [batch, (depth,) height, width, channels]");
  // Classes are stored in bytes.
  if (manifest.classes > 256)
    return unsupported(path + ": " + std::to_string(manifest.classes) +
                       " classes, expected at most 256");
  // Until the caller says otherwise, regions are numbered in their order.
  for (int64_t i = 0; manifest.sigmoid && i < manifest.classes; ++i)
    predictor.layout.regionLabels.push_back(static_cast<uint8_t>(i + 1));
  predictor.labelShape.assign(shape.begin() + 1, shape.end() - 1);
  predictor.imageChannels = shape.back();
  std::copy_backward(predictor.labelShape.begin(), predictor.labelShape.end(),
                     predictor.patchShape.end());
  if (const std::optional<RegionTensor> &weight = manifest.headWeight)
    SEGC_RETURN_IF_ERROR(predictor.readHead(*weight));
  // Sums take the output of a call before the next.
  ensemble.runner().shareOutputs("predict");
  return predictor;
}

// The mean of the members' logits is one linear map of the features of all of
// them.
Status WindowPredictor::readHead(const RegionTensor &weight) {
  ModelRunner &runner = ensemble->runner();
  const Manifest &manifest = runner.manifest();
  if (layout.scores == Scores::Probabilities)
    return unsupported(runner.library().path() +
                       ": gives features, whose means are means of logits; "
                       "average logits, or compile without --features");
  LinearHead head;
  head.classes = manifest.classes;
  layout.channels = weight.elements / head.classes;
  layout.parts = static_cast<int64_t>(ensemble->size());
  head.features = layout.values();
  head.bias.assign(static_cast<size_t>(head.classes), 0.0f);
  const auto members = static_cast<float>(layout.parts);
  for (size_t member = 0; member < ensemble->size(); ++member) {
    SEGC_RETURN_IF_ERROR(ensemble->select(member));
    SEGC_ASSIGN_OR_RETURN(const HostView view,
                          runner.read(runner.parameters()));
    auto values = [&](const RegionTensor &tensor) {
      return reinterpret_cast<const float *>(view.data() + tensor.offset);
    };
    // Sums are divided by the number of predictions of all members, so that
    // weights stay as they are.
    const float *weights = values(weight);
    head.weights.insert(head.weights.end(), weights, weights + weight.elements);
    if (const std::optional<RegionTensor> &bias = manifest.headBias)
      for (int64_t c = 0; c < head.classes; ++c)
        head.bias[static_cast<size_t>(c)] += values(*bias)[c] / members;
  }
  layout.head = std::move(head);
  return Status::success();
}

WindowTiling WindowPredictor::tilingOf(const GridReturn &grid) const {
  const auto flips = static_cast<int64_t>(flipsOfWindow().size());
  WindowUse use;
  use.samples = (batch + flips - 1) / flips;
  use.hasRounds = ensemble->size() > 1;
  for (size_t axis = 0; axis < 3; ++axis)
    use.resized[axis] = grid.from[axis] != grid.to[axis];
  return WindowTiling(grid.from, patchShape, options, use);
}

std::vector<AxisFlips> WindowPredictor::flipsOfWindow() const {
  std::vector<AxisFlips> flips = {0};
  // A plane is not flipped along its depth.
  const unsigned first = labelShape.size() == 3 ? 0 : 1;
  for (unsigned axis = first; options.flips && axis < 3; ++axis)
    for (size_t i = 0, count = flips.size(); i < count; ++i)
      flips.push_back(flips[i] | 1u << axis);
  return flips;
}

int64_t WindowPredictor::samples(const Shape3 &shape) const {
  return tilingOf(GridReturn::identity(shape)).windows() *
         static_cast<int64_t>(flipsOfWindow().size() * ensemble->size());
}

static uint64_t inputBytes(const Shape3 &patch, int64_t channels,
                           int64_t batch) {
  return static_cast<uint64_t>(patch[0] * patch[1] * patch[2] * channels *
                               batch) *
         sizeof(float);
}

MemoryPlan WindowPredictor::memory(const GridReturn &grid) const {
  const ModelRunner &runner = ensemble->runner();
  MemoryPlan plan = runner.predictionMemory();
  const uint64_t workers = runner.workers();
  plan.add("weights of the ensemble", ensemble->bytes());
  plan.add("sums of the windows", WindowSums::bytes(tilingOf(grid), layout));
  const uint64_t row =
      static_cast<uint64_t>(patchShape[2] * layout.channels) * sizeof(float);
  plan.add("rows",
           workers * std::max(row, SlabLabels::bytesPerWorker(grid, layout)));
  return plan;
}

uint64_t WindowPredictor::weightBytes() const {
  const ModelRunner &runner = ensemble->runner();
  const Manifest &manifest = runner.manifest();
  return static_cast<uint64_t>(manifest.parameterBytes + manifest.stateBytes +
                               manifest.preparedBytes) +
         ensemble->bytes();
}

namespace {
/// The rows of an array.
class ArrayRows : public ImageRows {
public:
  ArrayRows(const float *image, const Shape3 &shape, int64_t channels)
      : image(image), shape(shape), channels(channels) {}

  void read(int64_t depth, int64_t height, int64_t begin, int64_t length,
            float *values) const override {
    const int64_t place = (depth * shape[1] + height) * shape[2] + begin;
    std::copy_n(image + place * channels, length * channels, values);
  }

private:
  const float *image;
  Shape3 shape;
  int64_t channels;
};
} // namespace

void WindowPredictor::cut(const ImageRows &image, const Shape3 &shape,
                          const Sample &sample, float *patch) const {
  const int64_t row = patchShape[2] * imageChannels,
                begin = std::max<int64_t>(0, -sample.place[2]),
                end = std::min(patchShape[2], shape[2] - sample.place[2]);
  auto shown = [&](size_t axis, int64_t place) {
    return shownVoxel(place, shape[axis], patchShape[axis], options.rules);
  };
  pool().parallelFor(patchShape[0] * patchShape[1], [&](int64_t task,
                                                        uint32_t) {
    auto source = [&](size_t axis, int64_t i) {
      return sample.place[axis] +
             (sample.flips >> axis & 1 ? patchShape[axis] - 1 - i : i);
    };
    float *values = patch + task * row;
    const std::optional<int64_t> z = shown(0, source(0, task / patchShape[1])),
                                 y = shown(1, source(1, task % patchShape[1]));
    if (!z || !y) {
      std::fill(values, values + row, 0.0f);
      return;
    }
    image.read(*z, *y, sample.place[2] + begin, end - begin,
               values + begin * imageChannels);
    auto fillOutside = [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        float *voxel = values + i * imageChannels;
        if (const auto x = shown(2, sample.place[2] + i))
          image.read(*z, *y, *x, 1, voxel);
        else
          std::fill_n(voxel, imageChannels, 0.0f);
      }
    };
    fillOutside(0, begin);
    fillOutside(end, patchShape[2]);
    if (sample.flips >> 2 & 1) {
      std::reverse(values, values + row);
      // The channels of a voxel keep their order.
      for (float *voxel = values; imageChannels > 1 && voxel < values + row;
           voxel += imageChannels)
        std::reverse(voxel, voxel + imageChannels);
    }
  });
}

/// Whether a window has a marked voxel of an image.
static bool hasMark(const std::vector<uint8_t> &marks, const Shape3 &shape,
                    const Shape3 &place, const Shape3 &patch) {
  Shape3 begin, end;
  for (size_t axis = 0; axis < 3; ++axis) {
    begin[axis] = std::max<int64_t>(0, place[axis]);
    end[axis] = std::min(shape[axis], place[axis] + patch[axis]);
  }
  for (int64_t z = begin[0]; z < end[0]; ++z)
    for (int64_t y = begin[1]; y < end[1]; ++y) {
      const uint8_t *row = marks.data() + (z * shape[1] + y) * shape[2];
      if (std::find(row + begin[2], row + end[2], 1) != row + end[2])
        return true;
    }
  return false;
}

Status WindowPredictor::addWindows(const Pass &pass, WindowSums &sums,
                                   AlignedBuffer &inputs) {
  const std::vector<AxisFlips> flips = flipsOfWindow();
  const auto flipCount = static_cast<int64_t>(flips.size()),
             count = static_cast<int64_t>(pass.windows.size()) * flipCount;
  const auto sampleBytes = inputBytes(patchShape, imageChannels, 1);
  auto windowOf = [&](int64_t index) {
    return pass.windows[static_cast<size_t>(index / flipCount)];
  };
  auto sampleOf = [&](int64_t index) {
    return Sample{pass.tiling.place(windowOf(index)),
                  flips[static_cast<size_t>(index % flipCount)]};
  };
  ModelRunner &runner = ensemble->runner();
  Predictor predictor = layout.head
                            ? Predictor(runner, labelShape, layout.channels)
                            : Predictor(runner, labelShape);
  const int64_t part = layout.head ? static_cast<int64_t>(pass.member) : 0;
  const Shape3 shape = {pass.tiling.axes[0].size, pass.tiling.axes[1].size,
                        pass.tiling.axes[2].size};
  for (int64_t first = 0; first < count; first += batch) {
    if (stopSignal())
      return Status(StatusCode::Interrupted,
                    "interrupted while predicting " + pass.name);
    if (progress)
      SEGC_RETURN_IF_ERROR(progress(pass.done, pass.all));
    const int64_t size = std::min(batch, count - first);
    {
      const StageTimes::Scope scope(times, "cut");
      for (int64_t i = 0; i < size; ++i)
        cut(pass.image, shape, sampleOf(first + i),
            reinterpret_cast<float *>(inputs.data() +
                                      static_cast<uint64_t>(i) * sampleBytes));
    }
    {
      if (times)
        times->networkStarts();
      const StageTimes::Scope scope(times, "network", size);
      SEGC_RETURN_IF_ERROR(predictor.predict(inputs.floats(), size));
    }
    SEGC_RETURN_IF_ERROR(predictor.checkFinite(pass.name));
    for (int64_t i = 0; i < size; ++i) {
      const int64_t window = windowOf(first + i),
                    flip = (first + i) % flipCount;
      if (flip == 0)
        pass.begin(window);
      {
        const StageTimes::Scope scope(times, "sums");
        const Sample sample = sampleOf(first + i);
        sums.add(sample.place, sample.flips, predictor.probabilities(i), part,
                 pool());
      }
      if (flip == flipCount - 1)
        pass.end(window);
    }
    pass.done += size;
  }
  return Status::success();
}

/// Writes the labels that a window is the last to change.
static void writeLabels(const WindowTiling &tiling, int64_t window,
                        const SlabLabels &labels, const ScorePieces &pieces,
                        ThreadPool &pool) {
  const Shape3 starts = tiling.startsOf(window);
  Shape3 begin, end;
  for (size_t axis = 0; axis < 3; ++axis) {
    const std::vector<int64_t> &last = tiling.axes[axis].last;
    const auto k = static_cast<size_t>(starts[axis]);
    begin[axis] = labels.complete(axis, last[k]);
    end[axis] = labels.complete(axis, last[k + 1]);
  }
  labels.write(begin, end, pieces, pool);
}

Status WindowPredictor::predict(const std::string &name, const float *image,
                                const GridReturn &grid,
                                SlabLabels::Arrays arrays,
                                const std::vector<uint8_t> *needed) {
  return predict(name, ArrayRows(image, grid.from, imageChannels), grid, arrays,
                 needed);
}

Status WindowPredictor::predict(const std::string &name, const ImageRows &image,
                                const GridReturn &grid,
                                SlabLabels::Arrays arrays,
                                const std::vector<uint8_t> *needed) {
  const WindowTiling tiling = tilingOf(grid);
  SEGC_ASSIGN_OR_RETURN(WindowSums sums, WindowSums::create(tiling, layout));
  SEGC_ASSIGN_OR_RETURN(
      AlignedBuffer inputs,
      AlignedBuffer::create(inputBytes(patchShape, imageChannels, batch),
                            "a batch of windows"));
  std::array<std::vector<float>, 3> scales = {
      tiling.axes[0].scales, tiling.axes[1].scales, tiling.axes[2].scales};
  const auto predictions =
      static_cast<float>(flipsOfWindow().size() * ensemble->size());
  for (float &scale : scales[0])
    scale /= predictions;
  const SlabLabels labels(grid, layout, scales, arrays);
  const ScorePieces pieces = sums.pieces();
  int64_t opened = 0, finished = 0;
  // Windows that are left out are opened and finished in their turn.
  auto finish = [&](int64_t end) {
    const StageTimes::Scope scope(times, "labels");
    for (; finished < end; ++finished) {
      writeLabels(tiling, finished, labels, pieces, pool());
      sums.release(finished);
    }
  };
  auto open = [&](int64_t window, bool isDone) {
    for (; opened <= window; ++opened) {
      if (isDone)
        finish(opened);
      sums.open(opened, pool());
    }
  };
  const int64_t windows = tiling.windows(), step = tiling.windowsPerRound(),
                all = samples(grid.from);
  int64_t done = 0;
  for (int64_t round = 0; round < windows; round += step) {
    const int64_t end = std::min(round + step, windows);
    std::vector<int64_t> chosen;
    for (int64_t window = round; window < end; ++window)
      if (!needed ||
          hasMark(*needed, grid.from, tiling.place(window), patchShape))
        chosen.push_back(window);
    for (size_t member = 0; !chosen.empty() && member < ensemble->size();
         ++member) {
      const bool isLast = member + 1 == ensemble->size();
      SEGC_RETURN_IF_ERROR(ensemble->select(member));
      SEGC_RETURN_IF_ERROR(
          addWindows({name, image, tiling, chosen, member,
                      [&](int64_t window) { open(window, isLast); },
                      [&](int64_t window) {
                        if (isLast)
                          finish(window + 1);
                      },
                      all, done},
                     sums, inputs));
    }
    open(end - 1, /*isDone=*/true);
    finish(end);
  }
  return progress ? progress(all, all) : Status::success();
}
