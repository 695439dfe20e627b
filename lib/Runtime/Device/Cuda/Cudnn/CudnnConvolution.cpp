//===- CudnnConvolution.cpp - Convolutions as graphs of cuDNN -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnConvolution.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Core/Elements.h"

#include <iterator>
#include <numeric>

using namespace segc;
using namespace segc::cudnn;

static constexpr const char *roleNames[] = {"forward", "input_gradient",
                                            "filter_gradient"};
static constexpr struct {
  const char *name;
  DataType type;
  segc_element element;
} types[] = {{"f32", Float, SEGC_F32},
             {"f16", Half, SEGC_F16},
             {"bf16", Bfloat16, SEGC_BF16}};

static constexpr const char *layoutNames[] = {"ktc", "tck", "tkc"};

/// More than any tensor has; products of two stay far from an overflow.
static constexpr int64_t maxElements = int64_t{1} << 40;

static int64_t elementsOf(const std::vector<int64_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1},
                         [](int64_t a, int64_t b) {
                           return a > maxElements / b ? maxElements + 1 : a * b;
                         });
}

static const char *nameOf(const char *name) { return name; }
template <typename Type>
static const char *nameOf(const Type &type) {
  return type.name;
}

/// The position of a name in a list of names, of the first if there is none and
/// it may be absent; fails at the reader.
template <typename Names>
static size_t oneOf(JsonReader &reader, const char *key, const Names &names,
                    bool isOptional = false) {
  if (isOptional && !reader.has(key))
    return 0;
  const std::string given = reader.string(key);
  std::string expected;
  for (size_t i = 0; i < std::size(names); ++i) {
    if (given == nameOf(names[i]))
      return i;
    expected += std::string(i ? ", " : "") + nameOf(names[i]);
  }
  reader.fail(std::string(key) + " \"" + given + "\", expected one of " +
              expected);
  return 0;
}

StatusOr<Convolution> Convolution::parse(const std::string &options,
                                         int64_t batch) {
  const std::string where = "options of the call of cudnn";
  SEGC_ASSIGN_OR_RETURN(const Json json, parseJson(options, where));
  Status status;
  JsonReader reader(json, where, status);
  Convolution parsed;
  parsed.batch = batch;
  parsed.role = static_cast<Role>(oneOf(reader, "convolution", roleNames));
  parsed.type = types[oneOf(reader, "type", types)].type;
  parsed.filterLayout = static_cast<FilterLayout>(
      oneOf(reader, "filter_layout", layoutNames, /*isOptional=*/true));
  parsed.filterType = reader.has("filter_type")
                          ? types[oneOf(reader, "filter_type", types)].type
                          : parsed.type;
  if (reader.has("required"))
    parsed.required = reader.boolean("required");
  parsed.image = reader.integers("image", 1);
  parsed.filter = reader.integers("filter", 1);
  parsed.strides = reader.integers("strides", 1);
  parsed.paddingBefore = reader.integers("padding_before", 0);
  parsed.paddingAfter = reader.integers("padding_after", 0);
  parsed.tensorCores = reader.boolean("tensor_cores");
  SEGC_RETURN_IF_ERROR(status);
  if (parsed.filterType != parsed.type && parsed.filterType != Float)
    return dataLoss(where + ": filter_type is neither f32 nor type");
  const size_t rank = parsed.rank();
  auto require = [&](bool holds, const std::string &text) {
    return holds ? Status::success() : dataLoss(where + ": " + text);
  };
  SEGC_RETURN_IF_ERROR(
      require((rank == 2 || rank == 3) && parsed.image.size() == rank + 1 &&
                  parsed.filter.size() == rank + 2 &&
                  parsed.paddingBefore.size() == rank &&
                  parsed.paddingAfter.size() == rank,
              "expected 2 or 3 spatial dimensions in strides, paddings, image "
              "(and channels) and filter (and channels out and in)"));
  SEGC_RETURN_IF_ERROR(require(parsed.image.back() == parsed.filter.back(),
                               "the image has " +
                                   std::to_string(parsed.image.back()) +
                                   " channels, the filter takes " +
                                   std::to_string(parsed.filter.back())));
  for (size_t i = 0; i < rank; ++i) {
    const int64_t before = parsed.paddingBefore[i],
                  after = parsed.paddingAfter[i], extent = parsed.image[i],
                  taps = parsed.filter[i + 1];
    SEGC_RETURN_IF_ERROR(
        require(before < maxElements && after < maxElements &&
                    extent < maxElements && taps <= extent + before + after,
                "dimension " + std::to_string(i) + " has a filter of " +
                    std::to_string(taps) + " on an image of " +
                    std::to_string(extent) + " padded by " +
                    std::to_string(before) + " and " + std::to_string(after)));
    parsed.result.push_back(
        (extent + before + after - taps) / parsed.strides[i] + 1);
  }
  parsed.result.push_back(parsed.filter.front());
  for (const std::vector<int64_t> *shape :
       {&parsed.image, &parsed.filter, &parsed.result})
    SEGC_RETURN_IF_ERROR(
        require(batch >= 1 && elementsOf(*shape) <= maxElements / batch,
                "a tensor has too many elements"));
  return parsed;
}

static segc_element elementOf(DataType type) {
  for (const auto &known : types)
    if (known.type == type)
      return known.element;
  return SEGC_F32;
}

std::array<int64_t, 3> Convolution::operandElements() const {
  const int64_t x = batch * elementsOf(image), w = elementsOf(filter),
                y = batch * elementsOf(result);
  return role == Forward         ? std::array<int64_t, 3>{x, w, y}
         : role == InputGradient ? std::array<int64_t, 3>{y, w, x}
                                 : std::array<int64_t, 3>{y, x, w};
}

Status Convolution::checkOperands(const segc_command &command) const {
  const std::array<int64_t, 3> expected = operandElements();
  if (command.operand_count != expected.size() || command.input_count != 2 ||
      command.output_count != 1)
    return dataLoss("a convolution of cudnn takes 2 operands and gives 1, this "
                    "one has " +
                    std::to_string(command.operand_count));
  for (size_t i = 0; i < expected.size(); ++i) {
    const segc_operand &operand = command.operands[i];
    const uint64_t elements =
        operand.elements_fixed +
        operand.elements_per_sample * static_cast<uint64_t>(batch);
    const DataType expectedType = i == filterOperand() ? filterType : type;
    // A filter may look like samples, if its first size is the largest batch.
    const auto needed = static_cast<uint64_t>(expected[i]);
    const bool fits = i != filterOperand() ? elements >= needed
                      : operand.elements_per_sample > 0
                          ? needed % operand.elements_per_sample == 0
                          : elements == needed;
    if (operand.type != elementOf(expectedType) || !fits)
      return dataLoss("operand " + std::to_string(i) + " has " +
                      std::to_string(elements) + " elements of type " +
                      std::to_string(operand.type) + ", the options say " +
                      std::to_string(expected[i]) + " of the type in them");
  }
  return Status::success();
}

static int64_t tapsOf(const Convolution &convolution) {
  return elementsOf(
      {convolution.filter.begin() + 1, convolution.filter.end() - 1});
}

std::optional<segc_filter_permutation> Convolution::permutation() const {
  if (filterLayout == Ktc && filterType == type)
    return std::nullopt;
  const int64_t k = filter.front(), t = tapsOf(*this), c = filter.back();
  // Elements between two in each dimension, of cuDNN's filter and of ours.
  struct Strides {
    int64_t k, t, c;
  };
  const Strides theirs = {t * c, c, 1},
                ours = filterLayout == Tck   ? Strides{1, c * k, k}
                       : filterLayout == Tkc ? Strides{c, k * c, 1}
                                             : theirs;
  segc_filter_permutation p = {};
  if (role != FilterGradient)
    p = {{k, t, c}, {ours.k, ours.t, ours.c}, 0, 0};
  else if (filterLayout == Tck)
    p = {{t, c, k}, {theirs.t, theirs.c, theirs.k}, 0, 0};
  else if (filterLayout == Tkc)
    p = {{t, k, c}, {theirs.t, theirs.k, theirs.c}, 0, 0};
  else
    p = {{k, t, c}, {theirs.k, theirs.t, theirs.c}, 0, 0};
  p.from_type = elementOf(role == FilterGradient ? type : filterType);
  p.to_type = elementOf(role == FilterGradient ? filterType : type);
  return p;
}

uint64_t Convolution::filterBytes() const {
  return static_cast<uint64_t>(elementsOf(filter)) *
         elementBytes(elementOf(type));
}

int64_t Convolution::depth() const {
  return role == Forward         ? tapsOf(*this) * filter.back()
         : role == InputGradient ? tapsOf(*this) * filter.front()
                                 : batch * elementsOf(result) / result.back();
}

std::string Convolution::key() const {
  OrderedJson key = {{"convolution", roleNames[role]},
                     {"type", static_cast<int>(type)},
                     {"batch", batch},
                     {"image", image},
                     {"filter", filter},
                     {"strides", strides},
                     {"padding_before", paddingBefore},
                     {"padding_after", paddingAfter},
                     {"tensor_cores", tensorCores}};
  if (permutation()) {
    key["filter_layout"] = layoutNames[filterLayout];
    key["filter_type"] = static_cast<int>(filterType);
  }
  return jsonText(key);
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

/// A tensor whose dimensions cuDNN lists as outermost, channels, space; in
/// memory the channels are innermost.
static StatusOr<Descriptor>
makeTensor(const std::shared_ptr<const CudnnLibrary> &library, int64_t id,
           DataType type, int64_t outermost, const int64_t *space, size_t rank,
           int64_t channels) {
  std::vector<int64_t> dimensions = {outermost, channels};
  dimensions.insert(dimensions.end(), space, space + rank);
  std::vector<int64_t> strides(dimensions.size());
  strides[1] = 1;
  int64_t next = channels;
  for (size_t i = dimensions.size(); i-- > 2; next *= dimensions[i])
    strides[i] = next;
  strides[0] = next;
  SEGC_ASSIGN_OR_RETURN(Descriptor tensor,
                        Descriptor::create(library, TensorDescriptor));
  SEGC_RETURN_IF_ERROR(tensor.set(TensorType, TypeOfData, int{type}));
  SEGC_RETURN_IF_ERROR(tensor.set(TensorDimensions, dimensions));
  SEGC_RETURN_IF_ERROR(tensor.set(TensorStrides, strides));
  SEGC_RETURN_IF_ERROR(tensor.set(TensorId, TypeOfInt64, id));
  SEGC_RETURN_IF_ERROR(
      tensor.set(TensorAlignment, TypeOfInt64, int64_t{SEGC_ALIGNMENT}));
  SEGC_RETURN_IF_ERROR(tensor.finalize());
  return tensor;
}

static StatusOr<Descriptor>
makeConvolution(const std::shared_ptr<const CudnnLibrary> &library,
                const Convolution &convolution) {
  const auto rank = static_cast<int64_t>(convolution.rank());
  SEGC_ASSIGN_OR_RETURN(Descriptor made,
                        Descriptor::create(library, ConvolutionDescriptor));
  SEGC_RETURN_IF_ERROR(made.set(ConvolutionSpatialDims, TypeOfInt64, rank));
  SEGC_RETURN_IF_ERROR(
      made.set(ConvolutionComputeType, TypeOfData, int{Float}));
  SEGC_RETURN_IF_ERROR(
      made.set(ConvolutionMode, TypeOfConvolutionMode, int{CrossCorrelation}));
  SEGC_RETURN_IF_ERROR(
      made.set(ConvolutionDilations, std::vector<int64_t>(rank, 1)));
  SEGC_RETURN_IF_ERROR(made.set(ConvolutionStrides, convolution.strides));
  SEGC_RETURN_IF_ERROR(
      made.set(ConvolutionPaddingBefore, convolution.paddingBefore));
  SEGC_RETURN_IF_ERROR(
      made.set(ConvolutionPaddingAfter, convolution.paddingAfter));
  SEGC_RETURN_IF_ERROR(made.finalize());
  return made;
}

namespace {
/// The attributes of an operation; `x`, `w` and `y` are image, filter, result,
/// or their gradients.
struct OperationAttributes {
  DescriptorType type;
  Attribute x, w, y, convolution, alpha, beta;
};
} // namespace

static constexpr OperationAttributes operations[] = {
    {ForwardDescriptor, ForwardX, ForwardW, ForwardY, ForwardConvolution,
     ForwardAlpha, ForwardBeta},
    {BackwardDataDescriptor, BackwardDataDx, BackwardDataW, BackwardDataDy,
     BackwardDataConvolution, BackwardDataAlpha, BackwardDataBeta},
    {BackwardFilterDescriptor, BackwardFilterX, BackwardFilterDw,
     BackwardFilterDy, BackwardFilterConvolution, BackwardFilterAlpha,
     BackwardFilterBeta}};

StatusOr<ConvolutionGraph>
ConvolutionGraph::build(const std::shared_ptr<const CudnnLibrary> &library,
                        const Convolution &c) {
  ConvolutionGraph built;
  // The ids follow the order of the operands.
  const bool forward = c.role == Convolution::Forward;
  const bool toImage = c.role == Convolution::InputGradient;
  const int64_t x = ids[forward   ? 0
                        : toImage ? 2
                                  : 1],
                w = ids[forward || toImage ? 1 : 2], y = ids[forward ? 2 : 0];
  SEGC_ASSIGN_OR_RETURN(Descriptor image,
                        makeTensor(library, x, c.type, c.batch, c.image.data(),
                                   c.rank(), c.image.back()));
  SEGC_ASSIGN_OR_RETURN(Descriptor filter,
                        makeTensor(library, w, c.type, c.filter.front(),
                                   c.filter.data() + 1, c.rank(),
                                   c.filter.back()));
  SEGC_ASSIGN_OR_RETURN(Descriptor result,
                        makeTensor(library, y, c.type, c.batch, c.result.data(),
                                   c.rank(), c.result.back()));
  SEGC_ASSIGN_OR_RETURN(Descriptor convolution, makeConvolution(library, c));
  const OperationAttributes &names = operations[c.role];
  SEGC_ASSIGN_OR_RETURN(Descriptor operation,
                        Descriptor::create(library, names.type));
  SEGC_RETURN_IF_ERROR(operation.set(names.x, image));
  SEGC_RETURN_IF_ERROR(operation.set(names.w, filter));
  SEGC_RETURN_IF_ERROR(operation.set(names.y, result));
  SEGC_RETURN_IF_ERROR(operation.set(names.convolution, convolution));
  SEGC_RETURN_IF_ERROR(operation.set(names.alpha, TypeOfFloat, 1.0f));
  SEGC_RETURN_IF_ERROR(operation.set(names.beta, TypeOfFloat, 0.0f));
  SEGC_RETURN_IF_ERROR(operation.finalize());
  SEGC_ASSIGN_OR_RETURN(built.graph,
                        Descriptor::create(library, GraphDescriptor));
  SEGC_RETURN_IF_ERROR(built.graph.set(GraphOperations, operation));
  SEGC_RETURN_IF_ERROR(built.graph.finalize());
  for (Descriptor *part : {&image, &filter, &result, &convolution, &operation})
    built.parts.push_back(std::move(*part));
  return built;
}
