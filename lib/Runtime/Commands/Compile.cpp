//===- Compile.cpp - Compilation of networks before a run -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Compile.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Core/StaticModel.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace segc;
namespace fs = std::filesystem;

extern char **environ;

bool segc::isModuleText(const std::string &path) {
  return fs::path(path).extension() == ".mlir";
}

StatusOr<std::string> segc::findCompiler() {
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
                  " nor on the PATH; install it (docs/Packages.md: the "
                  "package segc, with LLVM 22), or give a .so that was "
                  "compiled elsewhere");
}

/// Waits for the compiler, and ends it where this program is asked to end: it
/// would go on by itself, for a file that nobody takes.
static int waitFor(pid_t child) {
  int ended = 0;
  for (bool asked = false;;) {
    pid_t found = ::waitpid(child, &ended, WNOHANG);
    if (found == child || (found < 0 && errno != EINTR))
      return ended;
    if (stopSignal() && !asked)
      asked = ::kill(child, SIGTERM) == 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Status segc::runSegc(const std::string &what,
                     const std::vector<std::string> &arguments) {
  SEGC_ASSIGN_OR_RETURN(std::string compiler, findCompiler());
  std::vector<std::string> words = {compiler};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> pointers;
  for (std::string &word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  // Before there is a compiler that would outlive this program.
  catchStopSignals();
  pid_t child = 0;
  int error = ::posix_spawn(&child, compiler.c_str(), nullptr, nullptr,
                            pointers.data(), environ);
  if (error != 0)
    return ioError(compiler + ": cannot run: " + std::strerror(error));
  const int ended = waitFor(child);
  if (stopSignal())
    return Status(StatusCode::Interrupted,
                  "interrupted while the network was compiled");
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
    return Status::success();
  std::string how = WIFEXITED(ended)
                        ? "exit code " + std::to_string(WEXITSTATUS(ended))
                        : "signal " + std::to_string(WTERMSIG(ended));
  return Status(StatusCode::Internal, what + ": segc " + arguments.front() +
                                          " ended with " + how +
                                          "; its own message is above");
}

/// The key of a compilation: the text, the compiler and the options.
static StatusOr<std::string> keyOf(const std::string &path,
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
  return key.hexDigest();
}

/// Compiles into a folder of its own.
static StatusOr<CompiledNetwork>
compileInto(PrivateTemporaryFolder folder, const std::string &path,
            const std::vector<std::string> &options) {
  const std::string output = folder.path() + "/model.so";
  std::vector<std::string> arguments = {"compile", path, "-o", output};
  arguments.insert(arguments.end(), options.begin(), options.end());
  SEGC_RETURN_IF_ERROR(runSegc(path, arguments));
  return CompiledNetwork{output, std::move(folder)};
}

/// Whether a cached model may be loaded: written by this user, and whole.
static bool isUsable(const std::string &path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error)))
    return false;
  Status status = fs::is_symlink(fs::symlink_status(path, error))
                      ? invalidArgument(path + ": a symbolic link")
                      : checkPrivate(path);
  if (status.ok())
    status = readModel(path, ModelMachine::This).status();
  if (!status.ok())
    std::fprintf(stderr, "segrun: warning: %s; compiled again\n",
                 status.message().c_str());
  return status.ok();
}

StatusOr<CompiledNetwork>
segc::compileCached(const std::string &path,
                    const std::vector<std::string> &options) {
  SEGC_ASSIGN_OR_RETURN(std::string key, keyOf(path, options));
  StatusOr<std::string> cache = privateCacheFolder();
  // A folder in the cache: another process may be compiling the same, and each
  // renames its own whole.
  auto place = cache ? PrivateTemporaryFolder::create(*cache)
                     : StatusOr<PrivateTemporaryFolder>(cache.status());
  if (!place) {
    std::fprintf(stderr,
                 "segrun: warning: %s; the network is compiled without the "
                 "cache\n",
                 place.status().message().c_str());
    SEGC_ASSIGN_OR_RETURN(PrivateTemporaryFolder folder,
                          PrivateTemporaryFolder::create());
    return compileInto(std::move(folder), path, options);
  }
  const std::string target = *cache + "/" + key + ".so";
  if (isUsable(target))
    return CompiledNetwork{target, std::nullopt};
  SEGC_ASSIGN_OR_RETURN(CompiledNetwork compiled,
                        compileInto(std::move(*place), path, options));
  if (::rename(compiled.path.c_str(), target.c_str()) != 0)
    return compiled; // Not kept, but good.
  return CompiledNetwork{target, std::nullopt};
}
