//===- CaseProgress.cpp - Progress and faults of cases --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseProgress.h"

#include <cstdio>
#include <unistd.h>

using namespace segc;

std::function<void(int64_t, int64_t)> segc::caseProgress() {
  if (::isatty(STDERR_FILENO) != 1)
    return {};
  return [](int64_t done, int64_t all) {
    std::fprintf(stderr, "\r%lld of %lld cases%s", static_cast<long long>(done),
                 static_cast<long long>(all), done == all ? "\n" : "");
  };
}

void segc::printNotes(const std::vector<std::string> &notes) {
  for (const std::string &text : notes)
    printMessage("warning: " + text);
}

CommandResult segc::faultsResult(const std::vector<CaseFault> &faults,
                                 size_t cases, const std::string &rest) {
  if (faults.empty())
    return Status::success();
  std::string text = std::to_string(faults.size()) + " of " +
                     std::to_string(cases) + " cases cannot be used, " + rest +
                     ":";
  for (const CaseFault &fault : faults)
    text += "\n  case " + fault.name + ": " + fault.status.message();
  return CommandResult::partial(
      Status(faults.front().status.code(), std::move(text)));
}
