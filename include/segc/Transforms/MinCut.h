//===- MinCut.h - Minimum s-t cuts ------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_MINCUT_H
#define SEGC_TRANSFORMS_MINCUT_H

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace segc {

/// A network of directed edges between a source and a sink. Capacities are
/// integers, so that a cut is exact and the same everywhere.
class MinCut {
public:
  static constexpr int source = 0, sink = 1;
  /// Capacity of edges that are never cut. Sums of it do not overflow.
  static constexpr int64_t infinite = std::numeric_limits<int64_t>::max() >> 16;

  MinCut() : edgesOf(2) {}
  int addNode();
  void addEdge(int from, int to, int64_t capacity);

  /// Computes the capacity of a minimum cut (Dinic 1970). It may be called
  /// once.
  int64_t solve();
  /// Whether the node is on the source's side of the cut that `solve` found.
  /// That is the smallest source side of all minimum cuts, which is unique.
  bool onSourceSide(int node) const { return level[node] >= 0; }

private:
  struct Edge {
    int to;
    int64_t capacity; ///< Residual capacity.
  };
  /// Computes distances from the source. Returns true if the sink is reached.
  bool findLevels();
  /// Augments the flow along one shortest path. Returns its flow, or 0.
  int64_t augment();

  std::vector<Edge> edges; ///< Edge 2i+1 is the reverse of edge 2i.
  std::vector<std::vector<int>> edgesOf; ///< Indices into `edges`, by node.
  std::vector<int> level;                ///< -1: not reached.
  std::vector<size_t> next;              ///< First edge of each node that is
                                         ///< not exhausted.
};

} // namespace segc

#endif // SEGC_TRANSFORMS_MINCUT_H
