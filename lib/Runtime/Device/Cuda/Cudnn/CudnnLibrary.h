//===- CudnnLibrary.h - cuDNN, opened at run time ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNLIBRARY_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNLIBRARY_H

#include "../CudaDriver.h"

#include <utility>
#include <vector>

namespace segc::cudnn {

struct HandleOfLibrary;

/// cudnnBackendDescriptorType_t.
enum DescriptorType {
  ConvolutionDescriptor = 1,
  EngineDescriptor = 2,
  EngineConfigDescriptor = 3,
  EngineHeuristicsDescriptor = 4,
  PlanDescriptor = 5,
  ForwardDescriptor = 10,
  BackwardFilterDescriptor = 11,
  BackwardDataDescriptor = 12,
  GraphDescriptor = 15,
  VariantPackDescriptor = 16,
  TensorDescriptor = 17,
  DevicePropertiesDescriptor = 38,
};

/// cudnnBackendAttributeName_t.
enum Attribute {
  ConvolutionComputeType = 100,
  ConvolutionMode = 101,
  ConvolutionDilations = 102,
  ConvolutionStrides = 103,
  ConvolutionPaddingAfter = 104,
  ConvolutionPaddingBefore = 105,
  ConvolutionSpatialDims = 106,
  HeuristicsMode = 200,
  HeuristicsGraph = 201,
  HeuristicsResults = 202,
  HeuristicsDevice = 204,
  ConfigEngine = 300,
  PlanConfig = 401,
  PlanWorkspaceBytes = 402,
  PlanJson = 405,
  PlanDevice = 407,
  ForwardAlpha = 700,
  ForwardBeta = 701,
  ForwardConvolution = 702,
  ForwardW = 703,
  ForwardX = 704,
  ForwardY = 705,
  BackwardDataAlpha = 706,
  BackwardDataBeta = 707,
  BackwardDataConvolution = 708,
  BackwardDataW = 709,
  BackwardDataDx = 710,
  BackwardDataDy = 711,
  BackwardFilterAlpha = 712,
  BackwardFilterBeta = 713,
  BackwardFilterConvolution = 714,
  BackwardFilterDw = 715,
  BackwardFilterX = 716,
  BackwardFilterDy = 717,
  GraphOperations = 801,
  TensorAlignment = 900,
  TensorType = 901,
  TensorDimensions = 902,
  TensorStrides = 903,
  TensorId = 906,
  PackIds = 1000,
  PackPointers = 1001,
  PackWorkspace = 1003,
  EngineNumericalNotes = 1303,
  DeviceId = 2700,
  DeviceJson = 2702,
};

/// cudnnBackendAttributeType_t.
enum AttributeType {
  TypeOfData = 1,
  TypeOfInt64 = 3,
  TypeOfFloat = 4,
  TypeOfPointer = 6,
  TypeOfConvolutionMode = 7,
  TypeOfHeuristicsMode = 8,
  TypeOfNumericalNote = 11,
  TypeOfDescriptor = 15,
  TypeOfInt32 = 23,
  TypeOfChar = 24,
};

/// cudnnDataType_t.
enum DataType { Float = 0, Half = 2, Bfloat16 = 9 };
/// cudnnConvolutionMode_t.
enum { CrossCorrelation = 1 };
/// cudnnBackendHeurMode_t.
enum Heuristics { HeuristicsFallback = 2, HeuristicsA = 3 };
/// cudnnBackendNumericalNote_t.
enum NumericalNote {
  NoteTensorCore = 0,
  NoteDownConvertInputs = 1,
  NoteNondeterministic = 4,
};

#define SEGC_CUDNN_FUNCTION(name, ...) using name##Function = int(__VA_ARGS__);
#include "CudnnFunctions.def"

/// The functions of cuDNN 9, and its errors as Status.
class CudnnLibrary {
public:
  /// The error says that the library is missing, or of another version.
  static StatusOr<std::shared_ptr<const CudnnLibrary>>
  open(const std::string &library = "libcudnn.so.9");

#define SEGC_CUDNN_FUNCTION(name, ...) name##Function *name = nullptr;
#include "CudnnFunctions.def"

  /// 91900 of 9.19.0.
  size_t version() const { return version_; }
  std::string versionText() const; ///< "9.19"
  /// Returns success, or an error with the library's explanation.
  Status check(int status, const std::string &what) const;

private:
  CudnnLibrary() = default;

  size_t version_ = 0;
  void (*lastError)(char *text, size_t bytes) = nullptr;
};

/// A descriptor of the backend API. Attributes are set before finalize(), and
/// read after it.
class Descriptor {
public:
  static StatusOr<Descriptor>
  create(std::shared_ptr<const CudnnLibrary> library, DescriptorType type);
  Descriptor() = default;
  Descriptor(Descriptor &&other) noexcept { swap(other); }
  Descriptor &operator=(Descriptor &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Descriptor();

  void *get() const { return handle; }
  Status set(Attribute attribute, AttributeType type, int64_t count,
             const void *values);
  template <typename T>
  Status set(Attribute attribute, AttributeType type, const T &value) {
    return set(attribute, type, 1, &value);
  }
  Status set(Attribute attribute, const std::vector<int64_t> &values) {
    return set(attribute, TypeOfInt64, static_cast<int64_t>(values.size()),
               values.data());
  }
  Status set(Attribute attribute, const Descriptor &value) {
    return set(attribute, TypeOfDescriptor, 1, &value.handle);
  }
  Status set(Attribute attribute, const std::string &text) {
    return set(attribute, TypeOfChar, static_cast<int64_t>(text.size()),
               text.data());
  }
  Status finalize();

  /// Returns how many values there are, of which at most `count` are stored.
  StatusOr<int64_t> read(Attribute attribute, AttributeType type, int64_t count,
                         void *values) const;
  StatusOr<std::string> text(Attribute attribute) const;

private:
  void swap(Descriptor &other) noexcept {
    std::swap(library, other.library);
    std::swap(handle, other.handle);
  }

  std::shared_ptr<const CudnnLibrary> library;
  void *handle = nullptr;
};

} // namespace segc::cudnn

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNLIBRARY_H
