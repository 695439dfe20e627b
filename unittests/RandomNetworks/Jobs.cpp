//===- Jobs.cpp -----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Jobs.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

#include <sys/wait.h>
#include <unistd.h>

namespace segc::random_networks {

void Jobs::start(uint64_t number, unsigned seconds,
                 const std::function<int()> &body) {
  llvm::outs().flush();
  std::FILE *output = std::tmpfile();
  if (!output)
    llvm::report_fatal_error("cannot make a temporary file");
  pid_t child = fork();
  if (child < 0)
    llvm::report_fatal_error("cannot start a process");
  if (child > 0) {
    running[child] = {number, output};
    return;
  }
  dup2(fileno(output), STDOUT_FILENO);
  dup2(fileno(output), STDERR_FILENO);
  alarm(seconds);
  int code = body();
  llvm::outs().flush();
  llvm::errs().flush();
  _exit(code);
}

std::pair<uint64_t, JobResult> Jobs::wait() {
  int status = 0;
  pid_t child = waitpid(-1, &status, 0);
  auto at = running.find(child);
  if (at == running.end())
    llvm::report_fatal_error("lost a process");
  auto [number, output] = at->second;
  running.erase(at);
  JobResult result;
  result.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  result.end = WIFEXITED(status)
                   ? "exit code " + std::to_string(WEXITSTATUS(status))
                   : "signal " + std::to_string(WTERMSIG(status));
  std::rewind(output);
  char buffer[4096];
  while (size_t bytes = std::fread(buffer, 1, sizeof(buffer), output))
    result.output.append(buffer, bytes);
  std::fclose(output);
  return {number, result};
}

} // namespace segc::random_networks
