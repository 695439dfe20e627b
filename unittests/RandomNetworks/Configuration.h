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

/// Compiler options and settings of the run.
struct Configuration {
  CompileOptions compile;     ///< Compiler options without input and output.
  int64_t batch = 0;          ///< Samples of a call; 0 means the model's batch.
  unsigned threads = 1;       ///< Threads of the host.
  std::string device = "cpu"; ///< That runs the model.
  /// The limit of --fit-memory relative to the largest arena without it; 0
  /// means no limit.
  double memoryShare = 0;
};

/// Returns the instruction sets that this processor supports and that have
/// instructions for these types of products, the best last.
std::vector<std::string> runnableCpus(MultiplyTypeSet types = {});

/// Draws an instruction set of this processor, or a version of an emulated GPU,
/// a precision, and whether Winograd tiles, strategies, fusions and memory
/// planning are on or off.
Configuration drawConfiguration(uint64_t seed, int64_t networkBatch,
                                bool emulated = false);

/// Makes the compiler draw the strategies of convolutions, from the candidates
/// or from all that these options allow. The cost model would choose only few
/// of them, because sizes are small.
void varyStrategies(CompileOptions &options, uint64_t seed, bool every);

/// Makes the compiler quantize factors behind the phase `fusion`, so that the
/// reference can do the same (isQuantization), and strategies of what is
/// quantized can be drawn.
void quantizeProducts(CompileOptions &options);
/// Whether this is the pipeline of passes that quantizeProducts inserts.
bool isQuantization(llvm::StringRef passes);

/// Returns the options of `segc compile`.
std::string commandLine(const CompileOptions &options);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_CONFIGURATION_H
