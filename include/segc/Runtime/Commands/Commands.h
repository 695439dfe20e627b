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

/// Exit code and message of a command: 0 done, 1 failed, 2 wrong usage, 3 some
/// cases failed, 128 + signal interrupted after a checkpoint.
struct CommandResult {
  CommandResult(Status status);
  static CommandResult partial(Status status);

  Status status;
  int exitCode;
};

/// Prints an error or a warning as one line, or as a list with indented lines.
/// Line ends in names of files are escaped.
void printMessage(const std::string &message);

/// Writes what was printed. If it cannot be, that is the error of a command
/// which had none, as it is with a file.
CommandResult closeOutput(CommandResult result);

CommandResult runTrain(const TrainOptions &options);
CommandResult runCrossValidate(const CrossValidateOptions &options);
CommandResult runEvaluate(const EvaluateOptions &options);
CommandResult runPredict(const PredictOptions &options);
CommandResult runBenchmark(const BenchmarkOptions &options);
CommandResult runCheck(const CheckOptions &options);
CommandResult runPlan(const PlanOptions &options);
CommandResult runPreprocess(const PreprocessOptions &options);
CommandResult runExport(const ExportOptions &options);
CommandResult runImport(const ImportOptions &options);

/// Parses the command line, runs the command and prints its error, if any.
/// Returns the exit code.
int segrunMain(int argc, char **argv);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_COMMANDS_H
