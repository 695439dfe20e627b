//===- FakeCudnn.cpp - cuDNN on the fake GPU ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeCudnn.h"
#include "../../../lib/Runtime/Device/Cuda/Cudnn/CudnnLibrary.h"
#include "FakeCuda.h"
#include "FakeNumbers.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <sstream>
#include <string>

using namespace segc::cudnn;
using namespace fakecuda;

int64_t fakecudnn::workspaceBytes = 256;

fakecudnn::Counts &fakecudnn::counts() {
  static Counts all;
  return all;
}

fakecudnn::Faults &fakecudnn::faults() {
  static Faults all = [] {
    Faults asked;
    const char *words = std::getenv("FAKE_CUDNN");
    std::istringstream in(words ? words : "");
    for (std::string word; std::getline(in, word, ',');)
      if (word == "wrong-first")
        asked.wrongPlans = 1;
      else if (word == "wrong")
        asked.wrongPlans = 2;
      else if (word == "no-plans")
        asked.noPlans = true;
      else if (word == "slow")
        asked.milliseconds = 1000;
      else
        std::fprintf(stderr, "FAKE_CUDNN: unknown word %s\n", word.c_str());
    return asked;
  }();
  return all;
}

namespace {

/// A tensor as its descriptor says: outermost, channels, space.
struct Tensor {
  int64_t id = 0, type = 0;
  std::vector<int64_t> sizes, strides;

  uint32_t element() const {
    return type == Half ? SEGC_F16 : type == Bfloat16 ? SEGC_BF16 : SEGC_F32;
  }
  int64_t elements() const {
    int64_t product = 1;
    for (int64_t size : sizes)
      product *= size;
    return product;
  }
  uint64_t bytes() const {
    return static_cast<uint64_t>(elements()) * (element() == SEGC_F32 ? 4 : 2);
  }
};

/// What a plan computes.
struct Work {
  int64_t operation = 0, number = 0; ///< DescriptorType; which plan it is
  Tensor image, filter, result;
  std::vector<int64_t> strides, padding;

  /// The positions of an image's and a tap's element in space for an output;
  /// false if it lies in the padding.
  bool locate(int64_t output, int64_t tap, int64_t &image) const {
    image = 0;
    for (size_t d = strides.size(); d-- > 0;) {
      const int64_t o = output % result.sizes[d + 2],
                    t = tap % filter.sizes[d + 2];
      output /= result.sizes[d + 2];
      tap /= filter.sizes[d + 2];
      const int64_t at = o * strides[d] + t - padding[d];
      if (at < 0 || at >= this->image.sizes[d + 2])
        return false;
      image += at * this->image.strides[d + 2];
    }
    return true;
  }

  void run(void *x, void *w, void *y) const {
    const bool forward = operation == ForwardDescriptor,
               toImage = operation == BackwardDataDescriptor;
    const Tensor &computed = forward ? result : toImage ? image : filter;
    std::vector<float> sums(computed.elements());
    const int64_t outputs =
                      result.elements() / result.sizes[0] / result.sizes[1],
                  taps = filter.elements() / filter.sizes[0] / filter.sizes[1];
    // Space is contiguous in channels-last tensors.
    const int64_t yStep = result.strides.back(), wStep = filter.strides.back();
    const bool isWrong = number < fakecudnn::faults().wrongPlans;
    for (int64_t n = 0; n < result.sizes[0]; ++n)
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t t = 0; t < taps; ++t) {
          int64_t at = 0;
          if (!locate(o, t, at) || (isWrong && t == 0))
            continue;
          for (int64_t k = 0; k < result.sizes[1]; ++k)
            for (int64_t c = 0; c < image.sizes[1]; ++c) {
              const int64_t xi = n * image.strides[0] + at + c,
                            wi = k * filter.strides[0] + t * wStep + c,
                            yi = n * result.strides[0] + o * yStep + k;
              const float product = forward ? load(x, xi, image.element()) *
                                                  load(w, wi, filter.element())
                                    : toImage
                                        ? load(y, yi, result.element()) *
                                              load(w, wi, filter.element())
                                        : load(x, xi, image.element()) *
                                              load(y, yi, result.element());
              sums[forward ? yi : toImage ? xi : wi] += product;
            }
        }
    void *target = forward ? y : toImage ? x : w;
    for (size_t i = 0; i < sums.size(); ++i)
      store(target, static_cast<int64_t>(i), computed.element(), sums[i]);
  }

  std::string text() const {
    std::ostringstream out;
    auto list = [&](const std::vector<int64_t> &values) {
      out << values.size() << ' ';
      for (int64_t value : values)
        out << value << ' ';
    };
    out << operation << ' ' << number << ' ';
    for (const Tensor *tensor : {&image, &filter, &result}) {
      out << tensor->id << ' ' << tensor->type << ' ';
      list(tensor->sizes);
      list(tensor->strides);
    }
    list(strides);
    list(padding);
    return out.str();
  }
  static std::optional<Work> parse(const std::string &text) {
    std::istringstream in(text);
    auto list = [&](std::vector<int64_t> &values) {
      size_t count = 0;
      in >> count;
      values.resize(in && count < 8 ? count : 0);
      for (int64_t &value : values)
        in >> value;
    };
    Work work;
    in >> work.operation >> work.number;
    for (Tensor *tensor : {&work.image, &work.filter, &work.result}) {
      in >> tensor->id >> tensor->type;
      list(tensor->sizes);
      list(tensor->strides);
    }
    list(work.strides);
    list(work.padding);
    return in ? std::optional<Work>(work) : std::nullopt;
  }
};

struct FakeDescriptor {
  int type;
  std::map<int, std::vector<char>> attributes;
  std::map<int, std::vector<FakeDescriptor>> copies; ///< of descriptors
  std::optional<Work> work; ///< of configurations and plans

  template <typename T>
  std::vector<T> values(int attribute) const {
    auto found = attributes.find(attribute);
    if (found == attributes.end())
      return {};
    std::vector<T> list(found->second.size() / sizeof(T));
    std::memcpy(list.data(), found->second.data(), list.size() * sizeof(T));
    return list;
  }
};

size_t sizeOf(int type) {
  switch (type) {
  case TypeOfInt64:
  case TypeOfPointer:
  case TypeOfDescriptor:
    return 8;
  case TypeOfChar:
    return 1;
  default:
    return 4;
  }
}

FakeDescriptor &at(void *handle) {
  return *static_cast<FakeDescriptor *>(handle);
}

/// The work of a graph of one convolution.
Work workOf(const FakeDescriptor &graph) {
  const FakeDescriptor &operation = graph.copies.at(GraphOperations).front();
  const bool forward = operation.type == ForwardDescriptor,
             toImage = operation.type == BackwardDataDescriptor;
  auto tensor = [&](int attribute) {
    const FakeDescriptor &of = operation.copies.at(attribute).front();
    return Tensor{of.values<int64_t>(TensorId)[0],
                  of.values<int32_t>(TensorType)[0],
                  of.values<int64_t>(TensorDimensions),
                  of.values<int64_t>(TensorStrides)};
  };
  const FakeDescriptor &convolution =
      operation.copies
          .at(forward   ? ForwardConvolution
              : toImage ? BackwardDataConvolution
                        : BackwardFilterConvolution)
          .front();
  Work work;
  work.operation = operation.type;
  work.image = tensor(forward   ? ForwardX
                      : toImage ? BackwardDataDx
                                : BackwardFilterX);
  work.filter = tensor(forward   ? ForwardW
                       : toImage ? BackwardDataW
                                 : BackwardFilterDw);
  work.result = tensor(forward   ? ForwardY
                       : toImage ? BackwardDataDy
                                 : BackwardFilterDy);
  work.strides = convolution.values<int64_t>(ConvolutionStrides);
  work.padding = convolution.values<int64_t>(ConvolutionPaddingBefore);
  return work;
}

int giveText(const std::string &text, int64_t wanted, int64_t *count,
             void *values) {
  *count = static_cast<int64_t>(text.size());
  if (values)
    std::memcpy(values, text.data(),
                std::min<size_t>(text.size(), static_cast<size_t>(wanted)));
  return 0;
}

} // namespace

extern "C" {

size_t cudnnGetVersion() { return 91900; }

void cudnnGetLastErrorString(char *text, size_t bytes) {
  std::snprintf(text, bytes, "the fake cuDNN refuses it");
}

int cudnnCreate(HandleOfLibrary **handle) {
  ++fakecudnn::counts().alive;
  *handle = reinterpret_cast<HandleOfLibrary *>(new void *(nullptr));
  return 0;
}

int cudnnDestroy(HandleOfLibrary *handle) {
  --fakecudnn::counts().alive;
  delete reinterpret_cast<void **>(handle);
  return 0;
}

int cudnnSetStream(HandleOfLibrary *handle, segc::cuda::StreamHandle stream) {
  *reinterpret_cast<void **>(handle) = stream;
  return 0;
}

int cudnnBackendCreateDescriptor(int type, void **handle) {
  ++fakecudnn::counts().alive;
  *handle = new FakeDescriptor{type, {}, {}, {}};
  return 0;
}

int cudnnBackendDestroyDescriptor(void *handle) {
  --fakecudnn::counts().alive;
  delete &at(handle);
  return 0;
}

int cudnnBackendSetAttribute(void *handle, int attribute, int type,
                             int64_t count, const void *values) {
  const char *bytes = static_cast<const char *>(values);
  const size_t size = static_cast<size_t>(count) * sizeOf(type);
  at(handle).attributes[attribute].assign(bytes, bytes + size);
  if (type == TypeOfDescriptor)
    for (void *part : at(handle).values<void *>(attribute))
      at(handle).copies[attribute].push_back(at(part));
  return 0;
}

int cudnnBackendFinalize(void *handle) {
  FakeDescriptor &self = at(handle);
  if (self.type == EngineHeuristicsDescriptor)
    ++fakecudnn::counts().heuristics;
  if (self.type != PlanDescriptor)
    return 0;
  if (self.copies.count(PlanConfig)) {
    self.work = self.copies.at(PlanConfig).front().work;
  } else {
    const std::vector<char> text = self.values<char>(PlanJson);
    self.work = Work::parse(std::string(text.begin(), text.end()));
  }
  return self.work ? 0 : 3000;
}

int cudnnBackendGetAttribute(void *handle, int attribute, int, int64_t wanted,
                             int64_t *count, void *values) {
  const FakeDescriptor &self = at(handle);
  switch (attribute) {
  case HeuristicsResults:
    *count = fakecudnn::faults().noPlans ? 0 : 2;
    for (int64_t i = 0; i < std::min(wanted, *count); ++i) {
      Work work = workOf(self.copies.at(HeuristicsGraph).front());
      work.number = i;
      at(static_cast<void **>(values)[i]).work = work;
    }
    return 0;
  case ConfigEngine:
    *count = 1;
    return 0;
  case EngineNumericalNotes:
    *count = 0;
    return 0;
  case PlanWorkspaceBytes:
    *count = 1;
    *static_cast<int64_t *>(values) = fakecudnn::workspaceBytes;
    return 0;
  case PlanJson:
    return giveText(self.work->text(), wanted, count, values);
  case DeviceJson:
    return giveText("{\"deviceName\":\"Fake GPU\"}", wanted, count, values);
  default:
    return 2000;
  }
}

int cudnnBackendExecute(HandleOfLibrary *handle, void *plan, void *pack) {
  ++fakecudnn::counts().executions;
  const auto ids = at(pack).values<int64_t>(PackIds);
  const auto pointers = at(pack).values<uint64_t>(PackPointers);
  const auto workspace = at(pack).values<uint64_t>(PackWorkspace);
  const int64_t bytes = fakecudnn::workspaceBytes;
  if (bytes && !fakecuda::hostAddress(workspace.at(0), bytes))
    return 2000;
  const Work work = *at(plan).work;
  auto pointerOf = [&](const Tensor &tensor) -> uint64_t {
    for (size_t i = 0; i < ids.size(); ++i)
      if (ids[i] == tensor.id)
        return pointers[i];
    return 0;
  };
  const uint64_t image = pointerOf(work.image), filter = pointerOf(work.filter),
                 result = pointerOf(work.result);
  fakecuda::enqueue(
      *reinterpret_cast<void **>(handle), fakecudnn::faults().milliseconds,
      [=]() -> int {
        void *x = fakecuda::hostAddress(image, work.image.bytes());
        void *w = fakecuda::hostAddress(filter, work.filter.bytes());
        void *y = fakecuda::hostAddress(result, work.result.bytes());
        if (!x || !w || !y)
          return 700;
        work.run(x, w, y);
        return 0;
      });
  return 0;
}

} // extern "C"
