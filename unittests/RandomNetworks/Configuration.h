//===- Configuration.h - Options of a random network ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_CONFIGURATION_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_CONFIGURATION_H

#include "Draws.h"

#include "segc/Driver/CompileSession.h"

namespace segc::random_networks {

/// Compiler options and what the model is run with.
struct Configuration {
  CompileOptions compile; ///< Without input and output.
  int64_t batch = 0;      ///< Samples of a call; 0: the model's.
  unsigned threads = 1;   ///< Of the host.
  /// --fit-memory, of the largest arena without it; 0: no limit.
  double memoryShare = 0;
};

/// Instruction sets that this processor has, best last.
std::vector<std::string> runnableCpus();

/// Of these instruction sets, with every precision, Winograd tiles, strategies,
/// fusions and memory plans on and off.
Configuration drawConfiguration(uint64_t seed, int64_t networkBatch);

/// Strategies of convolutions are drawn, from candidates or from every one that
/// these options allow: the cost model chooses among few where sizes are small.
void varyStrategies(CompileOptions &options, uint64_t seed, bool every);

/// The compiler's options, as `segc compile` takes them.
std::string commandLine(const CompileOptions &options);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_CONFIGURATION_H
