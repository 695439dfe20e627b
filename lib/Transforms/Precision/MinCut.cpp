//===- MinCut.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/MinCut.h"

#include <algorithm>

using namespace segc;

int MinCut::addNode() {
  edgesOf.emplace_back();
  return static_cast<int>(edgesOf.size()) - 1;
}

void MinCut::addEdge(int from, int to, int64_t capacity) {
  edgesOf[from].push_back(static_cast<int>(edges.size()));
  edges.push_back({to, capacity});
  edgesOf[to].push_back(static_cast<int>(edges.size()));
  edges.push_back({from, 0});
}

bool MinCut::findLevels() {
  level.assign(edgesOf.size(), -1);
  level[source] = 0;
  std::vector<int> queue{source};
  for (size_t i = 0; i < queue.size(); ++i)
    for (int e : edgesOf[queue[i]])
      if (edges[e].capacity > 0 && level[edges[e].to] < 0) {
        level[edges[e].to] = level[queue[i]] + 1;
        queue.push_back(edges[e].to);
      }
  return level[sink] >= 0;
}

// The path is explicit, because recursion could be deep for networks with long
// chains.
int64_t MinCut::augment() {
  std::vector<int> path; // Edges of the path from the source.
  int at = source;
  while (at != sink) {
    if (next[at] < edgesOf[at].size()) {
      int e = edgesOf[at][next[at]];
      if (edges[e].capacity > 0 && level[edges[e].to] == level[at] + 1) {
        path.push_back(e);
        at = edges[e].to;
      } else {
        ++next[at];
      }
      continue;
    }
    if (path.empty())
      return 0;
    // Dead end: the search goes back and does not use that edge again.
    at = edges[path.back() ^ 1].to;
    path.pop_back();
    ++next[at];
  }
  int64_t flow = infinite;
  for (int e : path)
    flow = std::min(flow, edges[e].capacity);
  for (int e : path) {
    edges[e].capacity -= flow;
    edges[e ^ 1].capacity += flow;
  }
  return flow;
}

int64_t MinCut::solve() {
  int64_t total = 0;
  while (findLevels()) {
    next.assign(edgesOf.size(), 0);
    while (int64_t flow = augment())
      total += flow;
  }
  return total;
}
