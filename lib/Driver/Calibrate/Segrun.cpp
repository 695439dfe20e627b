//===- Segrun.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Segrun.h"

#include "Interruption.h"
#include "segc/Base/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

namespace segc {

/// Returns the path of the program, which is beside this one or on the PATH.
static llvm::Expected<std::string> findSegrun() {
  // An address of this program, which finds the program.
  static int here;
  std::string self = llvm::sys::fs::getMainExecutable("segc", &here);
  llvm::StringRef folder = llvm::sys::path::parent_path(self);
  if (auto found = llvm::sys::findProgramByName("segrun", folder))
    return *found;
  if (auto found = llvm::sys::findProgramByName("segrun"))
    return *found;
  return llvm::createStringError(
      "--calibrate: segrun, which predicts the cases, is neither beside " +
      self + " nor on the PATH; install it");
}

llvm::Error runSegrun(const std::vector<std::string> &words,
                      Interruption &interruption) {
  llvm::Expected<std::string> program = findSegrun();
  if (!program)
    return program.takeError();
  std::vector<llvm::StringRef> arguments = {*program};
  llvm::append_range(arguments, words);
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(""), llvm::StringRef(""), std::nullopt};
  std::string message;
  llvm::sys::ProcessInfo run =
      llvm::sys::ExecuteNoWait(*program, arguments, std::nullopt, redirects,
                               /*MemoryLimit=*/0, &message);
  int code = -1;
  if (run.Pid != llvm::sys::ProcessInfo::InvalidPid) {
    interruption.setChild(run.Pid);
    code = llvm::sys::Wait(run, std::nullopt, &message).ReturnCode;
    interruption.setChild(0);
  }
  if (code == 0)
    return llvm::Error::success();
  return llvm::createStringError(
      "`segrun " + llvm::join(words, " ") + "` ended with " +
      (message.empty() ? "exit code " + std::to_string(code) : message) +
      "; its own message is above");
}

llvm::Expected<Json> readJson(const std::string &path) {
  StatusOr<std::string> text = readFile(path);
  StatusOr<Json> json =
      text.ok() ? parseJson(*text, path) : StatusOr<Json>(text.status());
  if (!json.ok())
    return llvm::createStringError(json.status().message());
  return std::move(*json);
}

} // namespace segc
