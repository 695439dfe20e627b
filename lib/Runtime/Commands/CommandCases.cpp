//===- CommandCases.cpp - Cases that a command works on -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandCases.h"
#include "CaseProgress.h"
#include "SharedCases.h"
#include "segc/Base/Exceptions.h"

using namespace segc;

namespace {

/// Those of the only process of a command.
class AllCommandCases : public CommandCases {
public:
  AllCommandCases(Work ofWork, Notes &ofNotes)
      : CommandCases(std::move(ofWork), ofNotes),
        queue(static_cast<int64_t>(work.names.size())) {
    all.resize(work.names.size());
  }

  std::optional<int64_t> next(bool wait) override { return queue.next(wait); }
  void finish(int64_t index, const Status &status) override {
    all[static_cast<size_t>(index)] = {status, takeValue(index)};
  }
  void stop() override { queue.stop(); }
  bool isShared() const override { return false; }
  Status exclusively(const std::function<Status()> &function) override {
    return function();
  }

  std::optional<CommandResult> leave(const Status &status) override {
    if (status.ok())
      return std::nullopt;
    if (work.undo)
      work.undo();
    return CommandResult(status);
  }
  CommandResult close(CommandResult result) override { return result; }
  void printNotes() override { segc::printNotes(notes.take()); }

private:
  AllCases queue;
};

} // namespace

StatusOr<std::unique_ptr<CommandCases>>
CommandCases::open(const Job *job, Work work, Notes &notes,
                   const std::function<Status()> &begin) {
  if (job)
    return SharedCases::join(*job, std::move(work), notes, begin);
  if (begin)
    SEGC_RETURN_IF_ERROR(begin());
  return std::unique_ptr<CommandCases>(
      new AllCommandCases(std::move(work), notes));
}

void CommandCases::setValue(int64_t index, Json value) {
  const std::lock_guard<std::mutex> lock(mutex);
  values[index] = std::move(value);
}

Json CommandCases::takeValue(int64_t index) {
  const std::lock_guard<std::mutex> lock(mutex);
  auto value = values.extract(index);
  return value ? std::move(value.mapped()) : Json();
}

Status
CommandCases::forEach(const std::function<Status(int64_t index)> &function) {
  int64_t done = 0;
  while (const std::optional<int64_t> index = next(/*wait=*/true)) {
    const Status status = withoutExceptions([&] { return function(*index); });
    if (status.code() == StatusCode::Interrupted)
      return status;
    finish(*index, status);
    ++done;
  }
  if (!stopSignal())
    return Status::success();
  return {StatusCode::Interrupted,
          "interrupted after " + std::to_string(done) + " of " +
              std::to_string(work.names.size()) + " " + work.noun};
}

std::vector<FailedCase> CommandCases::failures() const {
  std::vector<FailedCase> failures;
  for (size_t i = 0; i < all.size(); ++i)
    if (!all[i].status.ok())
      failures.push_back({work.names[i], all[i].status});
  return failures;
}

std::vector<std::string> segc::caseNames(const Dataset &dataset, Split split) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < dataset.count(split); ++i)
    names.push_back(dataset.caseName(split, i));
  return names;
}
