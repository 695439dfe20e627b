//===- MinCutTest.cpp - Minimum cuts against all cuts ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/MinCut.h"

#include "gtest/gtest.h"
#include <random>

using namespace segc;

namespace {

struct Edge {
  int from, to;
  int64_t capacity;
};

struct Cuts {
  int64_t least = MinCut::infinite;
  uint32_t smallest = 0; ///< Nodes that are on the source's side in all minimum
                         ///< cuts.
};

/// Tries all partitions of `nodes` nodes in addition to the source and the
/// sink.
Cuts allCuts(int nodes, const std::vector<Edge> &edges) {
  Cuts cuts;
  for (uint32_t choice = 0; choice < 1u << nodes; ++choice) {
    uint32_t side = choice << 2 | 1u << MinCut::source;
    int64_t capacity = 0;
    for (const Edge &edge : edges)
      if ((side >> edge.from & 1) && !(side >> edge.to & 1))
        capacity += edge.capacity;
    if (capacity < cuts.least)
      cuts = {capacity, side};
    else if (capacity == cuts.least)
      cuts.smallest &= side;
  }
  return cuts;
}

TEST(MinCut, IsMinimalWithTheSmallestSourceSide) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 500; ++trial) {
    int nodes = 1 + random() % 8;
    std::vector<Edge> edges;
    for (int count = random() % 30; count > 0; --count) {
      Edge edge{static_cast<int>(random() % (nodes + 2)),
                static_cast<int>(random() % (nodes + 2)),
                // There are few different capacities, so that several cuts are
                // minimal.
                static_cast<int64_t>(random() % 4)};
      // Some edges must not be cut, but no chain of them.
      if (random() % 16 == 0 && edge.from > MinCut::sink &&
          edge.to > MinCut::sink)
        edge.capacity = MinCut::infinite;
      edges.push_back(edge);
    }
    MinCut network;
    for (int i = 0; i < nodes; ++i)
      EXPECT_EQ(network.addNode(), i + 2);
    for (const Edge &edge : edges)
      network.addEdge(edge.from, edge.to, edge.capacity);
    Cuts expected = allCuts(nodes, edges);
    EXPECT_EQ(network.solve(), expected.least) << "trial " << trial;
    for (int node = 0; node < nodes + 2; ++node)
      EXPECT_EQ(network.onSourceSide(node), expected.smallest >> node & 1)
          << "trial " << trial << ", node " << node;
  }
}

TEST(MinCut, TakesLongChains) {
  MinCut network;
  int last = MinCut::source;
  for (int i = 0; i < 100000; ++i) {
    int node = network.addNode();
    network.addEdge(last, node, i == 70000 ? 3 : 5);
    last = node;
  }
  network.addEdge(last, MinCut::sink, 5);
  EXPECT_EQ(network.solve(), 3);
  EXPECT_TRUE(network.onSourceSide(70001));
  EXPECT_FALSE(network.onSourceSide(70002));
}

TEST(MinCut, WithoutAPathNothingIsCut) {
  MinCut network;
  int node = network.addNode();
  network.addEdge(MinCut::source, node, 2);
  EXPECT_EQ(network.solve(), 0);
  EXPECT_TRUE(network.onSourceSide(node));
  EXPECT_FALSE(network.onSourceSide(MinCut::sink));
}

} // namespace
