//===- StreamOrder.cpp - Partial order of commands ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Program/MemoryVerifier.h"

using namespace mlir;

namespace segc {

static void join(SmallVectorImpl<int> &clock, ArrayRef<int> other) {
  if (clock.size() < other.size())
    clock.resize(other.size());
  for (auto [mine, theirs] : llvm::zip(clock, other))
    mine = std::max(mine, theirs);
}

unsigned StreamOrder::streamOf(StringRef name) {
  unsigned stream = streams.try_emplace(name, streams.size()).first->second;
  if (clocks.size() <= stream)
    clocks.resize(stream + 1);
  if (clocks[stream].size() <= stream)
    clocks[stream].resize(stream + 1);
  return stream;
}

StreamOrder::StreamOrder(exec::ProgramOp program) {
  llvm::DenseMap<Value, Clock> tokens;
  for (Operation &op : program.getBody().front()) {
    if (auto command = dyn_cast<exec::CommandOpInterface>(op)) {
      unsigned stream = streamOf(command.getStreamName());
      begins.push_back(clocks[stream]);
      positions.push_back({stream, ++clocks[stream][stream]});
      indices[command] = list.size();
      list.push_back(command);
      for (Value result : op.getResults())
        if (isa<exec::TokenType>(result.getType()))
          tokens[result] = clocks[stream];
    } else if (auto record = dyn_cast<exec::RecordOp>(op)) {
      tokens[record.getDone()] = clocks[streamOf(record.getStream())];
    } else if (auto wait = dyn_cast<exec::WaitOp>(op)) {
      unsigned stream = streamOf(wait.getStream());
      for (Value token : wait.getTokens())
        join(clocks[stream], tokens.lookup(token));
    }
  }
}

int StreamOrder::indexOf(Operation *op) const {
  auto it = indices.find(op);
  return it == indices.end() ? -1 : it->second;
}

bool StreamOrder::isBefore(int a, int b) const {
  auto [stream, position] = positions[a];
  const Clock &begin = begins[b];
  return stream < begin.size() && begin[stream] >= position;
}

} // namespace segc
