//===- SegrunMain.cpp - Entry point of segrun -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ConfigFile.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Process.h"
#include "segc/Base/Signals.h"
#include "segc/Base/Version.h"
#include "segc/Manual/Manual.h"
#include "segc/Runtime/Distributed/Job.h"
#include "segc/model.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <numeric>
#include <set>
#include <sstream>
#include <unistd.h>

using namespace segc;

CommandResult::CommandResult(Status status)
    : status(std::move(status)), exitCode(this->status.ok() ? 0 : 1) {
  if (this->status.code() == StatusCode::WrongUsage)
    exitCode = 2;
  if (this->status.code() == StatusCode::Interrupted)
    exitCode = 128 + stopSignal();
}

CommandResult CommandResult::partial(Status status) {
  CommandResult result(std::move(status));
  result.exitCode = 3;
  return result;
}

void segc::printMessage(const std::string &message) {
  std::string line = "segrun: ";
  for (size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    char escape[8];
    std::snprintf(escape, sizeof(escape), "\\x%02x", c & 0xff);
    const bool control = (c >= 0 && c < ' ') || c == 0x7f;
    const bool nextOfList = message.compare(i, 3, "\n  ") == 0;
    line += control && !nextOfList ? escape : std::string(1, c);
  }
  std::fprintf(stderr, "%s\n", line.c_str());
}

/// Insertions, deletions and replacements that turn one text into the other.
static size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// All that may stand where an unknown word stood.
static std::vector<std::string> knownWords(const CLI::App &app, bool option) {
  std::vector<std::string> words;
  if (option) {
    for (const CLI::Option *known : app.get_options())
      for (const std::string &name : known->get_lnames())
        words.push_back("--" + name);
  } else {
    for (const CLI::App *known : app.get_subcommands(nullptr))
      words.push_back(known->get_name());
  }
  return words;
}

/// What is wrong with a command line, in one line.
static std::string explain(const CLI::App &root, const CLI::Error &error) {
  std::vector<CLI::App *> parsed =
      const_cast<CLI::App &>(root).get_subcommands();
  const CLI::App &app = parsed.empty() ? root : *parsed.front();
  std::string help = "; see `segrun " +
                     (parsed.empty() ? "" : app.get_name() + " ") + "--help`";
  std::vector<std::string> unknown = root.remaining(/*recurse=*/true);
  if (unknown.empty())
    return error.what() + help;
  auto dashed = std::find_if(unknown.begin(), unknown.end(), [](const auto &w) {
    return w.size() > 1 && w[0] == '-';
  });
  std::string word = dashed == unknown.end() ? unknown.front() : *dashed;
  word = word.substr(0, word.find('='));
  bool option = dashed != unknown.end();
  std::string text = option           ? "unknown option " + word
                     : parsed.empty() ? "unknown command " + word
                                      : "unexpected argument " + word;
  std::string nearest;
  // No more than a slip: --use_xla means no --use_amp.
  size_t least = std::max<size_t>(2, word.size() / 4) + 1;
  for (const std::string &known : knownWords(app, option)) {
    size_t distance = editDistance(word, known);
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  }
  if (!nearest.empty())
    text += "; did you mean " + nearest + "?";
  else if (option)
    text += "; docs/Options.md says what options of the published examples are "
            "called here";
  return text + help;
}

CommandResult segc::closeOutput(CommandResult result) {
  errno = 0;
  if ((std::fflush(stdout) == 0 && !std::ferror(stdout)) || !result.status.ok())
    return result;
  if (errno == EPIPE) {
    result.exitCode = 128 + SIGPIPE; // nobody wants to read on
    return result;
  }
  // It is said once. A failure before the last write has left no reason.
  std::clearerr(stdout);
  return ioError("standard output: cannot write" +
                 (errno ? std::string(": ") + std::strerror(errno) : ""));
}

/// The arguments as a shell takes them.
static std::string commandLineText(int argc, char **argv) {
  std::string text = "segrun";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain =
        !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) ||
                 std::string_view("_-./=,:+@%").find(c) !=
                     std::string_view::npos;
        });
    text += ' ';
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (char c : word)
      text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

/// Several ranks would do the same work, and write the same files.
static Status checkAlone(const std::string &command) {
  const std::optional<Job> job = jobOfEnvironment();
  const std::set<std::string> byRanks = {"train", "predict", "evaluate",
                                         "preprocess", "cross-validate"};
  if (!job || byRanks.count(command))
    return Status::success();
  return wrongUsage(job->launcher + " has started " +
                    std::to_string(job->size) + " of `segrun " + command +
                    "`, which runs in one process; start one, or " +
                    std::to_string(job->size) + " of `segrun train`");
}

static ManualText manualText() {
  ManualText text;
  text.program = "segrun";
  text.version = std::string("segrun ") + versionText();
  text.description =
      "Trains a network that segc(1) compiled, evaluates it, and predicts "
      "labels of scans on their own grid. A model that is given as text "
      "(.mlir) is compiled first, by the segc beside this program or on the "
      "PATH.\n\n"
      "A first run: segc compile vnet.mlir -o vnet.so; segrun train --model "
      "vnet.so --data Task04_Hippocampus --results results; segrun predict "
      "--model vnet.so --checkpoint results --data scan.nii.gz --output masks.";
  text.exitCodes = {
      {"0", "Done."},
      {"1", "Failed; the message says what, where, what was expected and what "
            "to do."},
      {"2", "Wrong usage."},
      {"3", "Some cases failed; they are listed."},
      {"130, 143", "Interrupted, behind a whole checkpoint."}};
  text.seeAlso = {"segc(1)"};
  return text;
}

static CommandResult runCommand(int argc, char **argv) {
  CLI::App app("Trains and runs compiled segmentation networks", "segrun");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("segrun ") + versionText() +
                                        ", models of ABI 1 to " +
                                        std::to_string(SEGC_ABI_VERSION));
  // A script may append options that override its own.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  std::function<CommandResult()> command;
  addCommands(app, commandLineText(argc, argv), command);
  addConfigOption(app);
  addManualOptions(app, manualText(), [](const std::string &manual) {
    std::fputs(manual.c_str(), stdout);
  });
  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return wrongUsage("expected a command");
  }
  SEGC_RETURN_IF_ERROR(checkArguments(argc, argv));
  SEGC_ASSIGN_OR_RETURN(
      std::vector<std::string> words,
      expandConfig(app, std::vector<std::string>(argv + 1, argv + argc)));
  // CLI11 takes them from the back.
  std::reverse(words.begin(), words.end());
  try {
    app.parse(std::move(words));
  } catch (const CLI::Success &success) { // --help, --manual, ...
    std::ostringstream text;
    app.exit(success, text, text);
    std::fputs(text.str().c_str(), stdout);
    return Status::success();
  } catch (const CLI::ParseError &error) {
    return wrongUsage(explain(app, error));
  }
  SEGC_RETURN_IF_ERROR(checkAlone(app.get_subcommands().front()->get_name()));
  return command();
}

static int runSegrun(int argc, char **argv) {
  // What no boundary caught still ends as an error, not as a crash.
  std::set_terminate([] {
    std::fputs("segrun: unexpected error in a thread\n", stderr);
    ::_exit(1);
  });
  CommandResult result =
      closeOutput(withoutExceptions([&] { return runCommand(argc, argv); }));
  if (!result.status.ok())
    printMessage(result.status.message());
  return result.exitCode;
}

int segc::segrunMain(int argc, char **argv) {
  return runProgram([=] { return runSegrun(argc, argv); });
}
