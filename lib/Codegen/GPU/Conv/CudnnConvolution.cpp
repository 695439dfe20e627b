//===- CudnnConvolution.cpp - What cuDNN computes of a fusion -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnConvolution.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

CudnnConvolution::CudnnConvolution(seg::FusionOp fusion) {
  Operation *root = fusion.getRoot();
  readOp(root);
  if (refusal.empty())
    readMemory(fusion, root);
}

template <typename ConvOp>
void CudnnConvolution::readSizes(ConvOp op, RankedTensorType ofImage,
                                 RankedTensorType ofResult,
                                 RankedTensorType ofFilter) {
  image = ofImage;
  result = ofResult;
  filter = ofFilter;
  strides = op.getStrides();
  padding = op.getPadLow();
  std::optional<ArrayRef<int64_t>> dilations = op.getDilations();
  ArrayRef<int64_t> extents = seg::spatialDims(image),
                    computed = seg::spatialDims(result);
  if (op.getGroups() != 1)
    refusal = "has groups";
  else if (dilations &&
           llvm::any_of(*dilations, [](int64_t d) { return d != 1; }))
    refusal = "has dilations";
  else if (extents.size() < 2)
    refusal = "has one spatial dimension";
  // Plans pad both sides alike. Padding that no output reads may be any.
  for (size_t d = 0; d < extents.size() && refusal.empty(); ++d)
    if (int64_t free = extents[d] + 2 * padding[d] - filter.getDimSize(d);
        padding[d] < 0 || free < 0 || free / strides[d] + 1 != computed[d])
      refusal = "has other padding before than behind";
}

void CudnnConvolution::readOp(Operation *root) {
  if (auto conv = dyn_cast<seg::ConvOp>(root)) {
    role = "forward";
    resultMajor = conv.getTransposeFilter();
    readSizes(conv, conv.getInput().getType(), conv.getOutput().getType(),
              conv.getFilter().getType());
    if (conv.getBias())
      refusal = "has a bias";
  } else if (auto conv = dyn_cast<seg::ConvTransposeOp>(root)) {
    role = "input_gradient";
    resultMajor = true;
    readSizes(conv, conv.getOutput().getType(), conv.getInput().getType(),
              conv.getFilter().getType());
    if (conv.getBias())
      refusal = "has a bias";
  } else if (auto grad = dyn_cast<seg::ConvInputGradOp>(root)) {
    role = "input_gradient";
    resultMajor = grad.getTransposeFilter();
    readSizes(grad, grad.getOutput().getType(), grad.getGrad().getType(),
              grad.getFilter().getType());
    if (filter.getDimSize(filter.getRank() - (resultMajor ? 1 : 2)) !=
        seg::channels(image))
      refusal = "computes a part of the channels";
  } else {
    auto filterGrad = cast<seg::ConvFilterGradOp>(root);
    role = "filter_gradient";
    resultMajor = filterGrad.getTransposeFilter();
    readSizes(filterGrad, filterGrad.getInput().getType(),
              filterGrad.getGrad().getType(), filterGrad.getOutput().getType());
  }
}

/// The number of the fusion's input that an operand of the root is, perhaps
/// widened; -1 if it is computed.
static int64_t inputOf(Value operand) {
  auto argument = dyn_cast<BlockArgument>(seg::storedValue(operand));
  return argument ? argument.getArgNumber() : -1;
}

void CudnnConvolution::readMemory(seg::FusionOp fusion, Operation *root) {
  auto yielded = fusion.getYield().getValues();
  Value stored = yielded.size() == 1 ? yielded[0] : Value();
  auto rounding = stored ? stored.getDefiningOp<seg::CastOp>() : seg::CastOp();
  if (!stored ||
      (rounding ? rounding.getInput() : stored) != root->getResult(0)) {
    refusal = "is fused with other ops";
    return;
  }
  // The library takes the result's gradient first, seg.conv_filter_grad the
  // image.
  bool isFilterGrad = role == "filter_gradient";
  if (isFilterGrad)
    inputs = {inputOf(root->getOperand(1)), inputOf(root->getOperand(0))};
  else
    inputs = {inputOf(root->getOperand(0)), inputOf(root->getOperand(1))};
  if (llvm::is_contained(inputs, -1)) {
    refusal = "is fused with other ops";
    return;
  }
  auto typeOf = [](Value value) {
    return getElementTypeOrSelf(seg::storedValue(value).getType());
  };
  type = typeOf(root->getOperand(0));
  Type other = isFilterGrad ? typeOf(root->getOperand(1))
                            : getElementTypeOrSelf(stored.getType());
  Value ofFilter = isFilterGrad ? stored : root->getOperand(1);
  filter = filter.clone(typeOf(ofFilter));
  if (type != other)
    refusal = "has operands of different types";
  else if (filter.getElementType() != type && !filter.getElementType().isF32())
    refusal = "has a filter of another type of 16 bits";
}

//===----------------------------------------------------------------------===//
// Cost and options
//===----------------------------------------------------------------------===//

double CudnnConvolution::seconds(const GpuTarget &target,
                                 bool tensorCores) const {
  // Channels are padded to 16, and with fewer than 64 the tiles are not filled.
  // bench/results/nvidia-h100/tensor-cores.json: half of the peak at best, less
  // for gradients of filters.
  auto padded = [](int64_t channels) {
    return static_cast<double>(std::max<int64_t>(channels, 16));
  };
  double in = padded(seg::channels(image)), out = padded(seg::channels(result));
  double taps = 1;
  for (int64_t extent : filter.getShape().drop_back(2))
    taps *= static_cast<double>(extent);
  double pixels = static_cast<double>(result.getNumElements()) /
                  static_cast<double>(seg::channels(result));
  double share = 0.5;
  double peak = target.peakFlops;
  if (tensorCores) {
    peak *= type.isF32() ? target.rate16Bit / 2 : target.rate16Bit;
    share *= std::min(1.0, in / 64) * std::min(1.0, out / 64);
    if (role == "filter_gradient")
      share *= 0.75;
  }
  auto bytes = [](RankedTensorType tensor, Type element) {
    return static_cast<double>(tensor.getNumElements()) *
           element.getIntOrFloatBitWidth() / 8;
  };
  double memory = bytes(image, type) + bytes(result, type) +
                  2 * bytes(filter, filter.getElementType());
  // One launch lays the filter out.
  constexpr double latency = 3e-6;
  return std::max(2 * taps * pixels * in * out / (share * peak),
                  memory / target.bytesPerSecond) +
         2 * target.launchSeconds + latency;
}

DictionaryAttr CudnnConvolution::options(bool tensorCores,
                                         bool required) const {
  Builder b(type.getContext());
  auto nameOf = [&](Type type) {
    std::string name;
    llvm::raw_string_ostream(name) << type;
    return b.getStringAttr(name);
  };
  auto list = [&](ArrayRef<int64_t> values) {
    return b.getDenseI64ArrayAttr(values);
  };
  // As the layout "ktc": result's channels, taps, image's channels.
  SmallVector<int64_t> filterSizes{seg::channels(result)};
  llvm::append_range(filterSizes, filter.getShape().drop_back(2));
  filterSizes.push_back(seg::channels(image));
  return b.getDictionaryAttr(
      {b.getNamedAttr("convolution", b.getStringAttr(role)),
       b.getNamedAttr("type", nameOf(type)),
       b.getNamedAttr("image", list(image.getShape().drop_front())),
       b.getNamedAttr("filter", list(filterSizes)),
       b.getNamedAttr("filter_type", nameOf(filter.getElementType())),
       b.getNamedAttr("filter_layout",
                      b.getStringAttr(resultMajor ? "tkc" : "tck")),
       b.getNamedAttr("strides", list(strides)),
       b.getNamedAttr("padding_before", list(padding)),
       b.getNamedAttr("padding_after", list(padding)),
       b.getNamedAttr("tensor_cores", b.getBoolAttr(tensorCores)),
       b.getNamedAttr("required", b.getBoolAttr(required))});
}

} // namespace segc
