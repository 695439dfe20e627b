//===- SharedCases.h - Cases that the ranks of a command share --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_SHAREDCASES_H
#define SEGC_LIB_RUNTIME_COMMANDS_SHAREDCASES_H

#include "CommandCases.h"
#include "segc/Runtime/Distributed/Dealing.h"

namespace segc {

/// @name A status in a record
/// @{
Json toJson(const Status &status);
Status statusOf(const Json &json);
/// @}

/// The part of one rank in the cases of a command.
class SharedCases : public CommandCases {
public:
  /// Joins the ranks, which find each other in the folder of the work, or that
  /// of the process that started them. The records take the notes with them.
  static StatusOr<std::unique_ptr<CommandCases>>
  join(const Job &job, Work work, Notes &notes,
       const std::function<Status()> &begin);

  std::optional<int64_t> next(bool wait) override;
  void finish(int64_t index, const Status &status) override;
  void stop() override { dealing->stop(); }
  bool isShared() const override { return true; }
  Status exclusively(const std::function<Status()> &function) override {
    return dealing->exclusively(function);
  }

  std::optional<CommandResult> leave(const Status &status) override;
  /// Prints the error of the command first.
  CommandResult close(CommandResult result) override;
  void printNotes() override;

private:
  using NoteList = std::vector<std::pair<std::string, std::string>>;

  SharedCases(Work work, Notes &notes, Job job)
      : CommandCases(std::move(work), notes), job(std::move(job)) {}
  Status record(int64_t index, const Status &status);
  Status readRecords();
  void fail(const Status &status);
  std::string rankText() const;

  Job job;
  std::unique_ptr<Dealing> dealing;
  std::mutex mutex;  // Guards what follows.
  Status error;      ///< Of the dealing.
  NoteList allNotes; ///< Those of the start, then of the records.
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_SHAREDCASES_H
