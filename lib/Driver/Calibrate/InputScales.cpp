//===- InputScales.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputScales.h"

#include "segc/Codegen/Common/Passes.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Runtime/Core/Safetensors.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;

namespace segc {
namespace {

/// How a tensor is quantized best.
struct Range {
  double scale, error;
};

/// Ranges by the line of the op in the text, and the number of elements.
using RangeTable = std::map<std::pair<unsigned, int64_t>, Range>;

} // namespace

/// Returns the line in `seg.relu loc("network.mlir":12:8)`; 0 if there is none.
static unsigned lineOf(StringRef op) {
  unsigned line = 0;
  auto [before, column] = op.rsplit(':');
  return before.rsplit(':').second.getAsInteger(10, line) ? 0 : line;
}

/// Of several kernels of a line with results of a size, the last one computes
/// what the op yields: norms have statistics first.
static Status readRanges(const Json &ranges, RangeTable &table) {
  Status status;
  JsonReader(ranges, "value ranges", status)
      .forEach("ranges", [&](JsonReader entry) {
        table[{lineOf(entry.string("op")), entry.integer("elements")}] = {
            entry.number("scale"), entry.number("error")};
      });
  return status;
}

/// The range of a value. Import replaces or removes some ops, after which their
/// input is what the next op reads.
static std::optional<Range> rangeOf(Value value, const RangeTable &table) {
  while (Operation *op = value.getDefiningOp()) {
    auto type = cast<RankedTensorType>(value.getType());
    auto loc = dyn_cast<FileLineColLoc>(op->getLoc());
    auto found = loc ? table.find({loc.getLine(),
                                   type.getNumElements() / type.getDimSize(0)})
                     : table.end();
    if (found != table.end())
      return found->second;
    if (!isa<seg::BatchNormOp, seg::NetworkDropoutOp>(op))
      return std::nullopt;
    value = op->getOperand(0);
  }
  return std::nullopt;
}

/// The relative root mean square error of quantizing each output channel, the
/// last dimension, by its largest magnitude. Scaling a channel, as folding a
/// norm does, does not change it.
static double filterError(const float *values, int64_t count,
                          int64_t channels) {
  constexpr double largest = 127;
  double error = 0, energy = 0;
  for (int64_t channel = 0; channel < channels; ++channel) {
    double most = 0;
    for (int64_t i = channel; i < count; i += channels)
      most = std::max(most, std::fabs(static_cast<double>(values[i])));
    for (int64_t i = channel; i < count && most > 0; i += channels) {
      double weight = values[i] / most * largest,
             lost = weight - std::nearbyint(weight);
      error += lost * lost;
      energy += weight * weight;
    }
  }
  return energy > 0 ? std::sqrt(error / energy) : 0;
}

template <typename Conv>
static Status annotate(Conv conv, const RangeTable &table,
                       const SafetensorsFile &weights,
                       std::vector<CalibratedLayer> &layers) {
  auto filter = conv.getFilter().template getDefiningOp<seg::ParamOp>();
  std::optional<Range> range = rangeOf(conv.getInput(), table);
  if (!filter || !range || !(range->scale > 0))
    return Status();
  RankedTensorType type = conv.getFilter().getType();
  SEGC_ASSIGN_OR_RETURN(
      const std::byte *data,
      weights.require(filter.getName().str(), "F32", type.getShape().vec()));
  double lost = filterError(reinterpret_cast<const float *>(data),
                            type.getNumElements(), type.getShape().back()),
         error = std::hypot(range->error, lost);
  Builder b(conv.getContext());
  conv->setAttr(seg::inputScaleAttrName, b.getF64FloatAttr(range->scale));
  conv->setAttr(seg::quantizedErrorAttrName, b.getF64FloatAttr(error));
  layers.push_back({filter.getName().rsplit('.').first.str(), error});
  return Status();
}

llvm::Expected<std::vector<CalibratedLayer>>
annotateInputScales(ModuleOp network, const Json &ranges,
                    const std::string &weights) {
  RangeTable table;
  Status status = readRanges(ranges, table);
  StatusOr<SafetensorsFile> file = SafetensorsFile::read(weights);
  if (status.ok())
    status = file.status();
  std::vector<CalibratedLayer> layers;
  if (status.ok())
    network.walk([&](Operation *op) {
      if (auto conv = dyn_cast<seg::ConvOp>(op))
        status = annotate(conv, table, *file, layers);
      else if (auto transposed = dyn_cast<seg::ConvTransposeOp>(op))
        status = annotate(transposed, table, *file, layers);
      return status.ok() ? WalkResult::advance() : WalkResult::interrupt();
    });
  if (!status.ok())
    return llvm::createStringError(status.message());
  return layers;
}

std::string describeSensitive(llvm::ArrayRef<CalibratedLayer> layers) {
  const double allowed = QuantizeProductsPassOptions().maxError;
  double largest = 0;
  std::vector<std::string> sensitive;
  for (const CalibratedLayer &layer : layers) {
    largest = std::max(largest, layer.error);
    if (layer.error > allowed)
      sensitive.push_back(llvm::formatv("  {0}  error {1:f4} > {2:f2}\n",
                                        layer.name, layer.error, allowed));
  }
  if (sensitive.empty())
    return llvm::formatv("none of them is sensitive: 8 bits err by at most "
                         "{0:f4}, {1:f2} is allowed\n",
                         largest, allowed);
  return llvm::formatv("kept in 16 bits, since 8 bits err by more than is "
                       "allowed: {0} of them\n{1}",
                       sensitive.size(), llvm::join(sensitive, ""));
}

} // namespace segc
