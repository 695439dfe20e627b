//===- ProgramCollectives.cpp - Commands that ranks share -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramCollectives.h"

#include "segc/Reference/Reference.h"

using namespace mlir;

namespace segc::reference {

/// Combines one element of a tensor over all ranks. Each addition is rounded.
static double combine(exec::CollectiveKind kind, ElementKind travels,
                      ArrayRef<Tensors> operands, size_t i, int64_t element) {
  double result = roundTo(travels, operands[0][i][element]);
  ElementKind type = operands[0][i].kind();
  if (kind == exec::CollectiveKind::Broadcast)
    return result;
  for (const Tensors &other : operands.drop_front()) {
    double value = roundTo(travels, other[i][element]);
    result = kind == exec::CollectiveKind::Max ? std::max(result, value)
                                               : roundTo(type, result + value);
  }
  if (kind != exec::CollectiveKind::Sum && kind != exec::CollectiveKind::Max)
    result = roundTo(type, result / static_cast<double>(operands.size()));
  return roundTo(travels, result);
}

/// The kind that values have between ranks. Alone, a rank sends nothing.
static ElementKind travellingKind(exec::CollectiveOp op, ElementKind kind,
                                  size_t ranks) {
  const std::optional<Type> type = op.getTravels();
  return type && ranks > 1 ? elementKind(*type).value_or(kind) : kind;
}

/// Element `i` of a tensor that ranks share, for a rank: its value is `value`
/// where the rank owns the element, and unknown elsewhere.
static double ownedBy(size_t rank, size_t ranks, exec::ShardsAttr shards,
                      int64_t i, double value) {
  return shards.getOwner(i, static_cast<int64_t>(ranks)) ==
                 static_cast<int64_t>(rank)
             ? value
             : std::numeric_limits<double>::quiet_NaN();
}

/// Evaluates a collective on shards: each element is that of its owner, or the
/// mean, which the owner gets.
static std::vector<Tensors> evaluateShards(exec::CollectiveOp op,
                                           ArrayRef<Tensors> operands) {
  const exec::ShardsAttr shards = op.getShardsAttr();
  const size_t ranks = operands.size();
  std::vector<Tensors> results = operands;
  for (size_t i = 0; i < operands[0].size(); ++i) {
    const exec::BufferAttr buffer = op.getBuffer(i);
    const int64_t begin = shards.getOffset() +
                          (buffer.getOffset() - op.getBuffer(0).getOffset()) *
                              8 / buffer.getType().getElementTypeBitWidth();
    const ElementKind travels =
        travellingKind(op, operands[0][i].kind(), ranks);
    for (int64_t element = 0; element < operands[0][i].size(); ++element) {
      const int64_t at = begin + element;
      const int64_t owner = shards.getOwner(at, static_cast<int64_t>(ranks));
      for (size_t rank = 0; rank < ranks; ++rank)
        results[rank][i][element] =
            op.getKind() == exec::CollectiveKind::AllGather
                ? operands[owner][i][element]
                : ownedBy(rank, ranks, shards, at,
                          combine(op.getKind(), travels, operands, i, element));
    }
  }
  return results;
}

std::vector<Tensors> evaluateCollective(exec::CollectiveOp op,
                                        ArrayRef<Tensors> operands) {
  if (op.getShards())
    return evaluateShards(op, operands);
  Tensors results = operands[0];
  for (auto [i, tensor] : llvm::enumerate(results)) {
    const ElementKind travels =
        travellingKind(op, tensor.kind(), operands.size());
    for (int64_t element = 0; element < tensor.size(); ++element)
      tensor[element] = combine(op.getKind(), travels, operands, i, element);
  }
  return std::vector<Tensors>(operands.size(), results);
}

FailureOr<std::vector<Tensors>> evaluateShared(exec::LaunchOp launch,
                                               ArrayRef<Tensors> operands) {
  const exec::ShardsAttr shards = launch.getShards();
  const size_t ranks = operands.size();
  Tensors whole = operands[0];
  for (auto [i, tensor] : llvm::enumerate(whole))
    if (tensor.size() == shards.getElements())
      for (int64_t element = 0; element < tensor.size(); ++element)
        tensor[element] =
            operands[shards.getOwner(element, static_cast<int64_t>(ranks))][i]
                    [element];
  const FailureOr<Tensors> computed =
      evaluateOp(launch.getFusion().getComputation(),
                 llvm::map_to_vector(
                     whole, [](const HostTensor &tensor) { return &tensor; }),
                 Precision::Storage);
  if (failed(computed))
    return failure();
  std::vector<Tensors> results(ranks, computed.value_or(Tensors()));
  for (auto [rank, mine] : llvm::enumerate(results))
    for (HostTensor &tensor : mine)
      if (tensor.size() == shards.getElements())
        for (int64_t element = 0; element < tensor.size(); ++element)
          tensor[element] =
              ownedBy(rank, ranks, shards, element, tensor[element]);
  return results;
}

} // namespace segc::reference
