//===- CommandCases.h - Cases that a command works on -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_COMMANDCASES_H
#define SEGC_LIB_RUNTIME_COMMANDS_COMMANDCASES_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Data/CaseQueue.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Distributed/Job.h"
#include "segc/Runtime/Inference/Predict.h"

#include <functional>
#include <map>
#include <mutex>

namespace segc {

/// The name of the work behind which a command is done.
inline constexpr const char *mainTask = "cases";

/// What became of a case.
struct CaseRecord {
  Status status;
  Json value; ///< As the command has it.
};

/// The cases of a command: this process works on all of them or, as one of
/// several ranks, on those that are dealt to it. When all are done, one process
/// ends the command with what is recorded of each, whoever worked on it.
class CommandCases : public CaseQueue {
public:
  struct Work {
    std::string folder; ///< Hidden, where ranks of a launcher find each other.
    std::string task = mainTask; ///< Tells works of one command apart.
    std::vector<std::string> names;
    /// Undoes what was done of the cases, where the last process leaves a
    /// command that is not closed.
    std::function<void()> undo = {};
    int64_t maxAttempts = 2;    ///< Of ranks that end while they are at a case.
    std::string noun = "cases"; ///< What the cases are.
    /// What all ranks need the same content of, by the option that names it: a
    /// file, or a checkpoint, of which its weights count. Empty paths do not.
    NamedTexts files = {};
  };

  /// Without a job all cases are this process's. `begin` is called before the
  /// first case, by one of all ranks; `notes` are those of the work.
  static StatusOr<std::unique_ptr<CommandCases>>
  open(const Job *job, Work work, Notes &notes,
       const std::function<Status()> &begin = {});

  /// Of a case that is not finished yet.
  void setValue(int64_t index, Json value);
  /// Works on one case after the other until none is left. What `function`
  /// returns is what became of the case, unless it was interrupted.
  Status forEach(const std::function<Status(int64_t index)> &function);

  /// Calls `function` while no other process of the command does.
  virtual Status exclusively(const std::function<Status()> &function) = 0;

  /// Ends the work of this process, which went as `status` says, and waits for
  /// that of other ranks. Returns what the process exits with; the one process
  /// that gets nothing ends the command by close().
  virtual std::optional<CommandResult> leave(const Status &status) = 0;
  /// Ends the command, on all ranks.
  virtual CommandResult close(CommandResult result) = 0;

  /// @name For the process that ends the command
  /// @{
  const std::vector<CaseRecord> &records() const { return all; }
  std::vector<FailedCase> failures() const;
  virtual void printNotes() = 0;
  /// @}

protected:
  CommandCases(Work work, Notes &notes) : work(std::move(work)), notes(notes) {}
  Json takeValue(int64_t index);

  Work work;
  Notes &notes;
  std::vector<CaseRecord> all;

private:
  std::mutex mutex; // Guards what follows.
  std::map<int64_t, Json> values;
};

/// The names of the cases of a split.
std::vector<std::string> caseNames(const Dataset &dataset, Split split);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_COMMANDCASES_H
