//===- Log.cpp - Log and progress of a run --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Log.h"
#include "segc/Base/Files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace segc;

static constexpr std::string_view linePrefix = "DLLL ";

double segc::recordedFloat(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", static_cast<double>(value));
  return std::strtod(text, nullptr);
}

std::string segc::durationText(double seconds) {
  auto whole = static_cast<int64_t>(seconds);
  char text[48];
  if (whole >= 3600)
    std::snprintf(text, sizeof(text), "%lld:%02d:%02d",
                  static_cast<long long>(whole / 3600),
                  static_cast<int>(whole / 60 % 60),
                  static_cast<int>(whole % 60));
  else
    std::snprintf(text, sizeof(text), "%d:%02d", static_cast<int>(whole / 60),
                  static_cast<int>(whole % 60));
  return text;
}

std::vector<OrderedJson> segc::readLog(const std::string &path) {
  std::vector<OrderedJson> records;
  StatusOr<std::string> text = readFile(path);
  if (!text.ok())
    return records;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const size_t brace = line.find('{');
    if (brace == std::string::npos)
      continue;
    OrderedJson record = OrderedJson::parse(line.substr(brace), nullptr, false);
    if (record.is_object())
      records.push_back(std::move(record));
  }
  return records;
}

/// Whether a line stays when a run goes on after `keepSteps` steps.
static bool staysInLog(std::string_view line, int64_t keepSteps) {
  if (line.substr(0, linePrefix.size()) != linePrefix)
    return false;
  Json record = Json::parse(line.substr(linePrefix.size()), nullptr, false);
  if (record.is_discarded()) // the line that a crash cut off
    return false;
  auto step = record.find("step");
  return step == record.end() || !step->is_number() ||
         step->get<int64_t>() <= keepSteps;
}

static Status trimLog(const std::string &path, int64_t keepSteps) {
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path));
  std::string kept;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    std::string_view line(text.data() + begin, end - begin);
    if (line.back() == '\n' && staysInLog(line, keepSteps))
      kept += line;
    begin = end;
  }
  return kept == text ? Status::success() : writeFileAtomically(path, kept);
}

StatusOr<RunLog> RunLog::open(const std::string &path, int64_t keepSteps) {
  RunLog log;
  log.terminal = ::isatty(STDERR_FILENO);
  log.path = path;
  if (path.empty())
    return log;
  if (keepSteps > 0 && pathExists(path))
    SEGC_RETURN_IF_ERROR(trimLog(path, keepSteps));
  // Not blocking: a pipe that nobody reads would keep us for ever.
  int file = ::open(path.c_str(),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK |
                        (keepSteps > 0 ? 0 : O_TRUNC),
                    0666);
  struct stat info;
  log.file = file < 0 ? nullptr : ::fdopen(file, "a");
  if (!log.file || ::fstat(file, &info) != 0)
    return ioError(path + ": cannot create: " + std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return ioError(path + ": expected a regular file");
  return log;
}

RunLog RunLog::silent() {
  RunLog log;
  log.isSilent = true;
  return log;
}

RunLog::RunLog(RunLog &&other) noexcept
    : path(std::move(other.path)), file(other.file),
      events(std::move(other.events)), started(other.started),
      terminal(other.terminal), lineOpen(other.lineOpen),
      isSilent(other.isSilent) {
  other.file = nullptr;
  other.lineOpen = false;
}

RunLog::~RunLog() {
  endProgress();
  if (file)
    std::fclose(file);
}

Status RunLog::write(OrderedJson record) {
  if (!file)
    return Status::success();
  auto now = std::chrono::system_clock::now();
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                    now.time_since_epoch())
                    .count();
  std::time_t whole = micros / 1000000;
  std::tm parts = {};
  ::localtime_r(&whole, &parts);
  char date[64], text[96];
  std::strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &parts);
  std::snprintf(text, sizeof(text), "%s.%06d", date,
                static_cast<int>(micros % 1000000));
  char stamp[40], elapsed[40];
  std::snprintf(stamp, sizeof(stamp), "%.6f",
                static_cast<double>(micros) * 1e-6);
  std::snprintf(
      elapsed, sizeof(elapsed), "%.6f",
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started)
          .count());
  OrderedJson full = {
      {"timestamp", stamp}, {"datetime", text}, {"elapsedtime", elapsed}};
  full.update(record);
  std::string line = std::string(linePrefix) + jsonText(full) + "\n";
  bool wrote = std::fwrite(line.data(), 1, line.size(), file) == line.size() &&
               std::fflush(file) == 0;
  return wrote ? Status::success()
               : ioError(path + ": cannot write: " + std::strerror(errno));
}

ValueGroup segc::groupOf(const std::string &name) {
  if (name.find("loss") != std::string::npos && name != "loss_scale")
    return ValueGroup::Loss;
  return name.find("dice") != std::string::npos ? ValueGroup::Dice
                                                : ValueGroup::Other;
}

/// Adds the numbers of a record, lists by their indices. Records of other
/// things than steps have none.
static Status addToEvents(EventFile &events, double time,
                          const OrderedJson &step, const OrderedJson &data) {
  if (!step.is_number_integer() || !data.is_object())
    return Status::success();
  EventFile::Scalars values;
  for (const auto &[name, value] : data.items()) {
    const ValueGroup group = groupOf(name);
    const std::string tag = (group == ValueGroup::Loss   ? "loss/"
                             : group == ValueGroup::Dice ? "dice/"
                                                         : "run/") +
                            name;
    if (value.is_number())
      values.emplace_back(tag, value.get<double>());
    for (size_t i = 0; value.is_array() && i < value.size(); ++i)
      if (value[i].is_number())
        values.emplace_back(tag + "/" + std::to_string(i),
                            value[i].get<double>());
  }
  return events.addScalars(time, step.get<int64_t>(), values);
}

/// In seconds since 1970.
static double timeNow() {
  return std::chrono::duration<double>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Status RunLog::openEvents(const std::string &folder) {
  SEGC_ASSIGN_OR_RETURN(EventFile opened, EventFile::create(folder, timeNow()));
  for (const OrderedJson &record : readLog(path)) {
    const OrderedJson none;
    const std::string stamp = record.value("timestamp", "");
    SEGC_RETURN_IF_ERROR(
        addToEvents(opened, std::strtod(stamp.c_str(), nullptr),
                    record.value("step", none), record.value("data", none)));
  }
  SEGC_RETURN_IF_ERROR(opened.flush());
  removeOtherEventFiles(opened);
  events.emplace(std::move(opened));
  return Status::success();
}

Status RunLog::picture(int64_t step, const std::string &tag,
                       std::string_view png) {
  if (!events)
    return Status::success();
  SEGC_RETURN_IF_ERROR(events->addImage(timeNow(), step, tag, png));
  return events->flush();
}

Status RunLog::record(const OrderedJson &step, const OrderedJson &data) {
  SEGC_RETURN_IF_ERROR(
      write({{"type", "LOG"}, {"step", step}, {"data", data}}));
  if (!events)
    return Status::success();
  SEGC_RETURN_IF_ERROR(addToEvents(*events, timeNow(), step, data));
  return events->flush();
}

Status RunLog::metadata(const std::string &metric, const OrderedJson &data) {
  return write({{"type", "METADATA"}, {"metric", metric}, {"metadata", data}});
}

void RunLog::progress(const std::string &text, bool important) {
  if (isSilent)
    return;
  if (terminal) {
    std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
    lineOpen = true;
  } else if (important) {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

void RunLog::endProgress() {
  if (lineOpen)
    std::fputc('\n', stderr);
  lineOpen = false;
}
