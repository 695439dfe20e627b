//===- FakeCudnn.cpp - cuDNN on the fake GPU ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeCudnn.h"
#include "../../../lib/Runtime/Device/Cuda/Cudnn/CudnnLibrary.h"
#include "FakeCuda.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <string>

using namespace segc::cudnn;

int64_t fakecudnn::workspaceBytes = 256;

fakecudnn::Counts &fakecudnn::counts() {
  static Counts all;
  return all;
}

namespace {

/// What a plan computes: each result is an image's value times the filter.
struct Work {
  int64_t image, filter, result, elements;
};
std::vector<Work> works;

struct FakeDescriptor {
  int type;
  std::map<int, std::vector<char>> attributes;
  std::map<int, std::vector<FakeDescriptor>> copies; ///< of descriptors
  int64_t work = -1; ///< of configurations and plans: in `works`

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

/// The work of a graph of one forward convolution; -1 for another.
int64_t workOf(const FakeDescriptor &graph) {
  const FakeDescriptor &operation = graph.copies.at(GraphOperations).front();
  if (operation.type != ForwardDescriptor)
    return -1;
  auto id = [&](int attribute) {
    return operation.copies.at(attribute).front().values<int64_t>(TensorId)[0];
  };
  int64_t elements = 1;
  for (int64_t extent :
       operation.copies.at(ForwardY).front().values<int64_t>(TensorDimensions))
    elements *= extent;
  works.push_back({id(ForwardX), id(ForwardW), id(ForwardY), elements});
  return static_cast<int64_t>(works.size()) - 1;
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
  *handle = new FakeDescriptor{type, {}, {}, -1};
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
    self.work = std::atoll(std::string(text.begin(), text.end()).c_str());
  }
  return self.work >= 0 && self.work < static_cast<int64_t>(works.size())
             ? 0
             : 3000;
}

int cudnnBackendGetAttribute(void *handle, int attribute, int, int64_t wanted,
                             int64_t *count, void *values) {
  const FakeDescriptor &self = at(handle);
  switch (attribute) {
  case HeuristicsResults:
    *count = 1;
    if (wanted > 0)
      at(*static_cast<void **>(values)).work =
          workOf(self.copies.at(HeuristicsGraph).front());
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
    return giveText(std::to_string(self.work), wanted, count, values);
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
  const Work work = works.at(static_cast<size_t>(at(plan).work));
  auto pointerOf = [&](int64_t id) -> uint64_t {
    for (size_t i = 0; i < ids.size(); ++i)
      if (ids[i] == id)
        return pointers[i];
    return 0;
  };
  const uint64_t image = pointerOf(work.image), filter = pointerOf(work.filter),
                 result = pointerOf(work.result);
  const uint64_t size = static_cast<uint64_t>(work.elements) * 4;
  fakecuda::enqueue(*reinterpret_cast<void **>(handle), [=]() -> int {
    auto *x = static_cast<float *>(fakecuda::hostAddress(image, size));
    auto *w = static_cast<float *>(fakecuda::hostAddress(filter, 4));
    auto *y = static_cast<float *>(fakecuda::hostAddress(result, size));
    if (!x || !w || !y)
      return 700;
    for (int64_t i = 0; i < work.elements; ++i)
      y[i] = x[i] * w[0];
    return 0;
  });
  return 0;
}

} // extern "C"
