//===- Compile.cpp - Models that are still text ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Compile.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace segc;
namespace fs = std::filesystem;

extern char **environ;

bool segc::isModuleText(const std::string &path) {
  return fs::path(path).extension() == ".mlir";
}

Expected<std::string> segc::findCompiler() {
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (!error && ::access((self.parent_path() / "segc").c_str(), X_OK) == 0)
    return (self.parent_path() / "segc").string();
  const char *variable = std::getenv("PATH");
  std::string path = variable ? variable : "";
  for (size_t begin = 0; begin < path.size();) {
    size_t end = std::min(path.find(':', begin), path.size());
    fs::path candidate = fs::path(path.substr(begin, end - begin)) / "segc";
    if (fs::is_regular_file(candidate, error) &&
        ::access(candidate.c_str(), X_OK) == 0)
      return candidate.string();
    begin = end + 1;
  }
  return notFound("the compiler segc is neither beside " + self.string() +
                  " nor on the PATH; install it, or give a .so that was "
                  "compiled elsewhere");
}

Status segc::runCompiler(const std::vector<std::string> &arguments) {
  SEGC_ASSIGN_OR_RETURN(std::string compiler, findCompiler());
  std::vector<std::string> words = {compiler, "compile"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> pointers;
  for (std::string &word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  int error = ::posix_spawn(&child, compiler.c_str(), nullptr, nullptr,
                            pointers.data(), environ);
  if (error != 0)
    return ioError(compiler + ": cannot run: " + std::strerror(error));
  int ended = 0;
  while (::waitpid(child, &ended, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
    return Status::success();
  std::string how = WIFEXITED(ended)
                        ? "exit code " + std::to_string(WEXITSTATUS(ended))
                        : "signal " + std::to_string(WTERMSIG(ended));
  std::string line;
  for (const std::string &word : words)
    line += (line.empty() ? "" : " ") + word;
  return Status(StatusCode::Internal, "`" + line + "` ended with " + how +
                                          "; its own message is "
                                          "above");
}

Expected<std::string>
segc::compileCached(const std::string &path,
                    const std::vector<std::string> &options) {
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, uint64_t{1} << 30));
  SEGC_ASSIGN_OR_RETURN(std::string compiler, findCompiler());
  struct stat info = {};
  ::stat(compiler.c_str(), &info);
  Sha256 key;
  auto add = [&](const std::string &part) {
    key.update(std::to_string(part.size()) + ":" + part);
  };
  add(text);
  add(compiler);
  add(std::to_string(info.st_size) + "." + std::to_string(info.st_mtim.tv_sec) +
      "." + std::to_string(info.st_mtim.tv_nsec));
  for (const std::string &option : options)
    add(option);
  std::string folder = userCacheDirectory();
  std::string target = folder + "/" + key.hexDigest() + ".so";
  if (fs::exists(target))
    return target;
  SEGC_RETURN_IF_ERROR(createDirectories(folder));
  // Another process may be compiling the same: each renames its own whole.
  std::string fresh = target + ".tmp" + std::to_string(::getpid());
  std::vector<std::string> arguments = {path, "-o", fresh};
  arguments.insert(arguments.end(), options.begin(), options.end());
  Status status = runCompiler(arguments);
  std::error_code error;
  if (status.ok())
    fs::rename(fresh, target, error);
  else
    fs::remove(fresh, error);
  SEGC_RETURN_IF_ERROR(status);
  if (error)
    return ioError(target +
                   ": cannot move the compiled model here: " + error.message());
  return target;
}
