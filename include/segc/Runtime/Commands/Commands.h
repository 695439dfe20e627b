//===- Commands.h - The commands of segrun ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_COMMANDS_H
#define SEGC_RUNTIME_COMMANDS_COMMANDS_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Commands/Options.h"

namespace segc {

/// How a command ended, as exit code and message: 0 done, 1 failed, 2 wrong
/// usage, 3 some cases failed, 128 + signal interrupted after a clean end.
struct CommandResult {
  CommandResult(Status status);
  static CommandResult partial(Status status);

  Status status;
  int exitCode;
};

/// Prints an error or a warning as one line, or as a list whose lines are
/// indented: names of files may hold line ends, which are escaped.
void printMessage(const std::string &message);

CommandResult runTrain(const TrainOptions &options);
CommandResult runEvaluate(const EvaluateOptions &options);
CommandResult runPredict(const PredictOptions &options);
CommandResult runBenchmark(const BenchmarkOptions &options);
CommandResult runExport(const ExportOptions &options);

/// Parses the command line, runs the command and prints what went wrong, if
/// anything did. The answer is the exit code.
int segrunMain(int argc, char **argv);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_COMMANDS_H
