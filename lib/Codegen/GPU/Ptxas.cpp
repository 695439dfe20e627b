//===- Ptxas.cpp - The assembler of a CUDA toolkit ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/Ptxas.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

namespace segc {

std::optional<std::string> findPtxas() {
  if (auto inPath = llvm::sys::findProgramByName("ptxas"))
    return *inPath;
  std::vector<std::string> folders = {"/usr/local/cuda"};
  if (auto home = llvm::sys::Process::GetEnv("CUDA_HOME"))
    folders.insert(folders.begin(), *home);
  for (const std::string &folder : folders) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, "bin", "ptxas");
    if (llvm::sys::fs::can_execute(path))
      return path.str().str();
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Figures
//===----------------------------------------------------------------------===//

/// The number before `unit` in the line, such as 8 in "8 bytes spill stores";
/// 0 if there is none.
static int64_t numberBefore(llvm::StringRef line, llvm::StringRef unit) {
  size_t end = line.find(unit);
  if (end == llvm::StringRef::npos)
    return 0;
  llvm::StringRef digits = line.take_front(end).rtrim();
  digits = digits.take_back(digits.size() -
                            (digits.find_last_not_of("0123456789") + 1));
  int64_t number = 0;
  digits.getAsInteger(10, number);
  return number;
}

std::vector<KernelResources> parsePtxasLog(llvm::StringRef log) {
  std::vector<KernelResources> kernels;
  llvm::SmallVector<llvm::StringRef> lines;
  log.split(lines, '\n');
  for (llvm::StringRef line : lines) {
    if (size_t at = line.find("Compiling entry function '");
        at != llvm::StringRef::npos)
      kernels.push_back(
          {line.drop_front(at).split('\'').second.split('\'').first.str()});
    if (kernels.empty())
      continue;
    KernelResources &kernel = kernels.back();
    if (line.contains("bytes stack frame")) {
      kernel.stackBytes = numberBefore(line, " bytes stack frame");
      kernel.spillBytes = numberBefore(line, " bytes spill stores") +
                          numberBefore(line, " bytes spill loads");
    }
    if (line.contains(" registers"))
      kernel.registers = numberBefore(line, " registers");
  }
  return kernels;
}

//===----------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------===//

namespace {

/// A file in the temporary folder, removed at the end.
struct TemporaryFile {
  llvm::SmallString<128> path;
  llvm::FileRemover remover;

  static llvm::Expected<std::unique_ptr<TemporaryFile>>
  create(llvm::StringRef suffix, llvm::StringRef text = "") {
    auto file = std::make_unique<TemporaryFile>();
    int descriptor = 0;
    if (std::error_code error = llvm::sys::fs::createTemporaryFile(
            "segc-kernels", suffix, descriptor, file->path))
      return llvm::createStringError(error, "cannot make a temporary file: " +
                                                error.message());
    file->remover.setFile(file->path);
    llvm::raw_fd_ostream out(descriptor, /*shouldClose=*/true);
    out << text;
    out.close();
    if (std::error_code error = out.error()) {
      out.clear_error();
      return llvm::createStringError(error, "cannot write " +
                                                file->path.str().str() + ": " +
                                                error.message());
    }
    return file;
  }

  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> read() const {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    if (!buffer)
      return llvm::createStringError(buffer.getError(), "cannot read " + path);
    return std::move(*buffer);
  }
};

} // namespace

llvm::Expected<AssembledKernels> assemblePtx(const std::string &ptxas,
                                             llvm::StringRef text,
                                             llvm::StringRef chip) {
  auto source = TemporaryFile::create("ptx", text),
       output = TemporaryFile::create("cubin"),
       log = TemporaryFile::create("log");
  for (auto *file : {&source, &output, &log})
    if (!*file)
      return file->takeError();
  std::string arch = ("-arch=" + chip).str();
  llvm::StringRef arguments[] = {ptxas,           arch, "--verbose",
                                 (*source)->path, "-o", (*output)->path};
  std::optional<llvm::StringRef> redirects[] = {
      std::nullopt, (*log)->path.str(), (*log)->path.str()};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt,
                                       redirects, 0, 0, &message);
  auto printed = (*log)->read();
  if (!printed)
    return printed.takeError();
  if (code)
    return llvm::createStringError(
        ptxas + " refuses the kernels for " + chip + ": " +
        (message.empty() ? (*printed)->getBuffer().split('\n').first.str()
                         : message));
  auto cubin = (*output)->read();
  if (!cubin)
    return cubin.takeError();
  llvm::StringRef bytes = (*cubin)->getBuffer();
  return AssembledKernels{CodeBytes(bytes.begin(), bytes.end()),
                          parsePtxasLog((*printed)->getBuffer())};
}

} // namespace segc
