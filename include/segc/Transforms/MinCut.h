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
  /// Of edges that are never cut. Sums of it still fit.
  static constexpr int64_t infinite = std::numeric_limits<int64_t>::max() >> 16;

  MinCut() : edgesOf(2) {}
  int addNode();
  void addEdge(int from, int to, int64_t capacity);

  /// The least capacity that parts the source from the sink (Dinic 1970). To
  /// be called once.
  int64_t solve();
  /// Whether the node is on the source's side of the cut that `solve` found:
  /// the smallest such side of all least cuts, which is unique.
  bool onSourceSide(int node) const { return level[node] >= 0; }

private:
  struct Edge {
    int to;
    int64_t capacity; ///< What is left of it.
  };
  /// Distances from the source; true if the sink is reached.
  bool findLevels();
  /// Finds one more path of the shortest length; the flow along it, or 0.
  int64_t augment();

  std::vector<Edge> edges; ///< Edge 2i+1 is the reverse of edge 2i.
  std::vector<std::vector<int>> edgesOf; ///< Indices into `edges`, by node.
  std::vector<int> level;                ///< -1: not reached.
  std::vector<size_t> next;              ///< First edge not yet given up.
};

} // namespace segc

#endif // SEGC_TRANSFORMS_MINCUT_H
