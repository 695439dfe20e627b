//===- CommandTest.h - segrun as a program ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_COMMANDS_COMMANDTEST_H
#define SEGC_UNITTESTS_RUNTIME_COMMANDS_COMMANDTEST_H

#include "../FakeRun.h"
#include "segc/Base/Files.h"

#include <csignal>
#include <fcntl.h>
#include <functional>
#include <gmock/gmock.h>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

namespace segc {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// Runs segrun in a separate folder for each test.
struct Command : testing::Test {
  std::string folder = freshFolder(
      testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string output; ///< standard output and error of the process that ended
                      ///< last
  std::map<pid_t, std::string> outputs;
  int started = 0;
  std::string data = SEGC_SOURCE_DIR "/data/Task04_Hippocampus";

  /// Starts segrun. `prepare` runs in the new process, where it may limit
  /// resources.
  pid_t start(const std::vector<std::string> &arguments,
              const std::function<void()> &prepare = {}) {
    // Each process writes to a separate file, because two may run at once.
    const std::string name = folder + "/output" + std::to_string(started++);
    pid_t child = fork();
    if (child != 0) {
      outputs[child] = name;
      return child;
    }
    int file = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(file, 1);
    dup2(file, 2);
    std::vector<char *> words;
    std::string program = SEGC_BINARY_DIR "/bin/segrun";
    words.push_back(program.data());
    std::vector<std::string> copy = arguments;
    for (std::string &word : copy)
      words.push_back(word.data());
    words.push_back(nullptr);
    if (prepare)
      prepare();
    execv(program.c_str(), words.data());
    _exit(127);
  }
  int finish(pid_t child) {
    int ended = 0;
    waitpid(child, &ended, 0);
    auto text = readFile(outputs[child]);
    output = text.ok() ? *text : "";
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -WTERMSIG(ended);
  }
  int run(const std::vector<std::string> &arguments,
          const std::function<void()> &prepare = {}) {
    return finish(start(arguments, prepare));
  }
  std::vector<std::string> trainOn(const std::string &results,
                                   std::vector<std::string> more) {
    std::vector<std::string> words = {"train",
                                      "--model",
                                      fakeModel(),
                                      "--batches",
                                      writeBatches(folder),
                                      "--results",
                                      folder + "/" + results,
                                      "--momentum",
                                      "0.9",
                                      "--threads",
                                      "2"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// Starts a run that continues until it is stopped, and waits until it has
  /// logged a step.
  pid_t startLongRun(const std::string &results,
                     const std::function<void()> &prepare = {}) {
    pid_t child =
        start(trainOn(results, {"--max-steps", "100000000", "--save-every",
                                "1000000000", "--log-every", "100"}),
              prepare);
    waitFor(results + "/train.jsonl", "\"step\":100,");
    return child;
  }
  /// Waits until the file contains the text, for at most five seconds.
  void waitFor(const std::string &name, const std::string &text) {
    for (int i = 0; i < 500 && file(name).find(text) == std::string::npos; ++i)
      usleep(10000);
  }
  std::string file(const std::string &name) {
    auto text = readFile(folder + "/" + name);
    return text.ok() ? *text : "unreadable: " + text.status().message();
  }
};

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_COMMANDS_COMMANDTEST_H
