//===- SharedCases.cpp - Cases that the ranks of a command share ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedCases.h"
#include "CaseProgress.h"
#include "RankProcesses.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Version.h"
#include "segc/Runtime/Core/CheckpointFiles.h"

#include <fstream>

using namespace segc;

Json segc::toJson(const Status &status) {
  return {static_cast<int>(status.code()), status.message()};
}

Status segc::statusOf(const Json &json) {
  const auto code = static_cast<StatusCode>(json.at(0).get<int>());
  return code == StatusCode::Ok ? Status()
                                : Status(code, json.at(1).get<std::string>());
}

/// The hash of a file, of which little is in memory at a time.
static StatusOr<std::string> hashOfFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  Sha256 hash;
  std::string piece(size_t{1} << 20, '\0');
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.update({piece.data(), static_cast<size_t>(file.gcount())});
  }
  if (!file.eof())
    return ioError(path + ": cannot be read");
  return hash.hexDigest();
}

/// What all ranks of a command must have alike. The results do not depend on
/// what is left out.
static StatusOr<NamedTexts> settingsOf(const CommandCases::Work &work) {
  SEGC_ASSIGN_OR_RETURN(
      const std::vector<std::string> words,
      wordsOfRank({"--threads", "--device", "--max-memory", "--loader-threads",
                   "--messages", "--nccl", "--collective-timeout"}));
  std::string command;
  for (size_t i = 1; i < words.size(); ++i) // Behind the path of the program.
    command += " " + words[i];
  NamedTexts settings = {{"the version of segrun", versionText()}};
  for (const auto &[option, path] : work.files) {
    if (path.empty())
      continue;
    SEGC_ASSIGN_OR_RETURN(const std::string file, findWeights(path));
    SEGC_ASSIGN_OR_RETURN(std::string hash, hashOfFile(file));
    settings.emplace_back(option + ": the SHA-256", std::move(hash));
  }
  settings.emplace_back("the command", "`segrun" + command + "`");
  return settings;
}

StatusOr<std::unique_ptr<CommandCases>>
SharedCases::join(const Job &job, Work work, Notes &notes,
                  const std::function<Status()> &begin) {
  const std::string folder =
      (job.folder.empty() ? work.folder : job.folder) + "/" + work.task;
  std::unique_ptr<SharedCases> shared(
      new SharedCases(std::move(work), notes, job));
  SEGC_ASSIGN_OR_RETURN(NamedTexts settings, settingsOf(shared->work));
  const bool keepsFolder = !job.folder.empty(); // Who started us reads it.
  SEGC_ASSIGN_OR_RETURN(shared->dealing,
                        Dealing::join(folder,
                                      {job.id, job.rank, job.size, keepsFolder,
                                       shared->work.undo, std::move(settings)},
                                      shared->work.names, begin));
  shared->allNotes = notes.takeEach();
  return std::unique_ptr<CommandCases>(std::move(shared));
}

void SharedCases::fail(const Status &status) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (error.ok())
    error = status;
  dealing->stop();
}

std::optional<int64_t> SharedCases::next(bool wait) {
  for (;;) {
    const StatusOr<std::optional<Dealing::Unit>> unit = dealing->next(wait);
    if (!unit.ok()) {
      fail(unit.status());
      return std::nullopt;
    }
    if (!*unit)
      return std::nullopt;
    // A case that has ended so many ranks is left to its fate.
    if ((*unit)->attempts < work.maxAttempts)
      return (*unit)->index;
    finish((*unit)->index,
           dataLoss("the processes of " + std::to_string(work.maxAttempts) +
                    " ranks ended while they worked on it"));
  }
}

Status SharedCases::record(int64_t index, const Status &status) {
  const Json record = {{"status", toJson(status)},
                       {"value", takeValue(index)},
                       {"notes", notes.takeEach()}};
  // CBOR keeps every number and every byte of a name.
  const std::vector<uint8_t> bytes = Json::to_cbor(record);
  return dealing->finish(index, {bytes.begin(), bytes.end()});
}

void SharedCases::finish(int64_t index, const Status &status) {
  if (Status written = record(index, status); !written.ok())
    fail(written);
}

std::string SharedCases::rankText() const {
  return "rank " + std::to_string(job.rank) + " of " + std::to_string(job.size);
}

Status SharedCases::readRecords() {
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> records,
                        dealing->records());
  for (size_t i = 0; i < records.size(); ++i) {
    const Json record = Json::from_cbor(records[i], /*strict=*/true,
                                        /*allow_exceptions=*/false);
    if (!record.is_object())
      return dataLoss("the record of " + work.names[i] + " is damaged");
    all.push_back({statusOf(record.at("status")), record.at("value")});
    const auto more = record.at("notes").get<NoteList>();
    allNotes.insert(allNotes.end(), more.begin(), more.end());
  }
  return Status::success();
}

std::optional<CommandResult> SharedCases::leave(const Status &status) {
  if (status.code() == StatusCode::Interrupted)
    return Status(StatusCode::Interrupted,
                  "interrupted after " + std::to_string(dealing->finished()) +
                      " of " + std::to_string(work.names.size()) + " " +
                      work.noun);
  const Status own = status.ok() ? error : status;
  if (!own.ok()) {
    printMessage(rankText() + ": " + own.message());
    // A launcher may end all ranks when one exits by an error.
    CommandResult result = Status::success();
    result.exitCode = dealing->withdraw().value_or(CommandResult(own).exitCode);
    return result;
  }
  const StatusOr<bool> ends = dealing->waitForEnd();
  if (!ends.ok())
    return ends.status();
  if (*ends) {
    const Status read = readRecords();
    return read.ok() ? std::nullopt : std::optional(close(read));
  }
  CommandResult result = Status::success();
  result.exitCode = dealing->exitCode().value_or(0);
  return result;
}

CommandResult SharedCases::close(CommandResult result) {
  if (result.status.code() == StatusCode::Interrupted)
    return result;
  // All is printed before another rank may exit.
  result = closeOutput(std::move(result));
  if (!result.status.ok())
    printMessage(result.status.message());
  CommandResult end = dealing->close(result.exitCode);
  if (end.status.ok())
    end.exitCode = result.exitCode;
  return end;
}

void SharedCases::printNotes() {
  const NoteList own = notes.takeEach();
  allNotes.insert(allNotes.end(), own.begin(), own.end());
  Notes merged;
  for (const auto &[where, what] : allNotes)
    merged.add(where, what);
  segc::printNotes(merged.take());
}
