//===- SharedCases.h - Cases that the ranks of a command share --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_SHAREDCASES_H
#define SEGC_LIB_RUNTIME_COMMANDS_SHAREDCASES_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Data/CaseQueue.h"
#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Distributed/Dealing.h"
#include "segc/Runtime/Distributed/Job.h"
#include "segc/Runtime/Inference/Predict.h"

#include <map>

namespace segc {

/// @name A status in a record
/// @{
Json toJson(const Status &status);
Status statusOf(const Json &json);
/// @}

/// What the rank that worked on a case says of it.
struct CaseRecord {
  Status status;
  Json value; ///< As the command has it.
};

/// The part of one rank in the cases of a command. Each case is dealt to one
/// rank; when all are done, one of the ranks ends the command with what all of
/// them have recorded, as a single process would.
class SharedCases : public CaseQueue {
public:
  /// Joins the ranks, which find each other in a hidden folder in `place`, or
  /// that of the process that started them. `begin` is called by the first one
  /// only; `notes` are those of the work, which the records take with them.
  static StatusOr<std::unique_ptr<SharedCases>>
  join(const Job &job, const std::string &place, const std::string &task,
       std::vector<std::string> names, Notes &notes,
       const std::function<Status()> &begin = {});

  std::optional<int64_t> next(bool wait) override;
  void finish(int64_t index, const Status &status) override;
  void stop() override { dealing->stop(); }
  bool isShared() const override { return true; }
  /// Of a case that is not finished yet.
  void setValue(int64_t index, Json value);

  /// Ends the work of this rank, which went as `status` says, and waits for
  /// that of the others. Returns what the rank exits with; the one rank that
  /// gets nothing ends the command by close().
  std::optional<CommandResult> leave(const Status &status);
  /// Prints the error of the command, and ends it on all ranks.
  CommandResult close(CommandResult result);

  /// @name For the rank that ends the command
  /// @{
  const std::vector<CaseRecord> &records() const { return all; }
  std::vector<FailedCase> failures() const;
  void printNotes();
  /// @}

private:
  using NoteList = std::vector<std::pair<std::string, std::string>>;

  SharedCases(std::vector<std::string> names, Notes &notes, Job job)
      : names(std::move(names)), notes(notes), job(std::move(job)) {}
  Status record(int64_t index, const Status &status);
  Status readRecords();
  void fail(const Status &status);
  std::string rankText() const;

  std::vector<std::string> names;
  Notes &notes;
  Job job;
  std::unique_ptr<Dealing> dealing;
  std::mutex mutex; // Guards what follows.
  Status error;     ///< Of the dealing.
  std::map<int64_t, Json> values;
  NoteList allNotes; ///< Those of the start, then of the records.
  std::vector<CaseRecord> all;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_SHAREDCASES_H
