//===- ObjectEmission.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/ObjectEmission.h"

#include "MemoryFile.h"
#include "Outputs.h"
#include "segc/Codegen/Common/MachineCode.h"
#include "segc/Runtime/Core/StaticModel.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Program.h"
#include "llvm/Target/TargetMachine.h"
#include <sys/resource.h>

using namespace mlir;

namespace segc {

/// Of the processor that loads the model: that of its kernels for processors,
/// or of this one where it has none.
static llvm::StringRef architectureOf(llvm::ArrayRef<ModelVersion> versions) {
  for (const ModelVersion &each : versions)
    if (!each.target.version->architecture.empty())
      return each.target.version->architecture;
  return hostArchitecture;
}

llvm::Expected<CodeBytes> emitModelObject(llvm::ArrayRef<ModelVersion> versions,
                                          const ModelContents &contents) {
  llvm::LLVMContext context;
  auto module = buildModelModule(context, versions, contents,
                                 modelSupportBitcode(architectureOf(versions)));
  if (!module)
    return module.takeError();
  // The support code must run on every processor of the architecture, because
  // it reports missing features.
  auto machine = createTargetMachine((*module)->getTargetTriple());
  if (!machine)
    return machine.takeError();
  optimizeModule(**module, **machine);
  return emitMachineCode(**module, **machine, /*assembly=*/false);
}

static llvm::Expected<std::string> findLinker() {
  for (llvm::StringRef name : {SEGC_LLD_PATH, "ld.lld-22", "ld.lld"})
    if (auto found = llvm::sys::findProgramByName(name))
      return *found;
  return llvm::createStringError(
      "no linker: expected ld.lld-22 in the PATH; install the package lld-22");
}

static llvm::Expected<MemoryFile> inMemory(const char *name,
                                           llvm::ArrayRef<char> bytes) {
  llvm::Expected<MemoryFile> file = MemoryFile::create(name);
  if (file)
    if (llvm::Error error = file->write(bytes))
      return std::move(error);
  return file;
}

/// The reason of a failure of the linker in one line, without its stack dump.
static std::string linkFailure(int code, llvm::StringRef message,
                               llvm::StringRef log) {
  struct rlimit limit;
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    return "it is larger than the " + std::to_string(limit.rlim_cur) +
           " bytes that a file may have (ulimit -f)";
  if (code < 0)
    return "the linker ended early (" + message.str() +
           "), perhaps out of memory";
  return log.split('\n').first.str();
}

/// Runs lld on files in memory, independent of paths and disks.
static llvm::Expected<std::string> link(llvm::ArrayRef<CodeBytes> objects) {
  auto linker = findLinker();
  if (!linker)
    return linker.takeError();
  static constexpr llvm::StringLiteral map =
      "{ global: segc_model_query; local: *; };\n";
  auto exports =
      inMemory("exports.map", llvm::ArrayRef<char>(map.data(), map.size()));
  auto output = MemoryFile::create("model.so"),
       log = MemoryFile::create("link.log");
  for (auto *file : {&exports, &output, &log})
    if (!*file)
      return file->takeError();
  std::vector<std::string> arguments = {*linker,
                                        "-shared",
                                        "--version-script=" + exports->path(),
                                        "-z",
                                        "relro",
                                        "-z",
                                        "now",
                                        "--hash-style=gnu",
                                        "--build-id=sha1",
                                        "-o",
                                        "-"};
  std::vector<MemoryFile> parts;
  for (const CodeBytes &object : objects) {
    auto part = inMemory("part.o", object);
    if (!part)
      return part.takeError();
    arguments.push_back(part->path());
    parts.push_back(std::move(*part));
  }
  std::vector<llvm::StringRef> argv(arguments.begin(), arguments.end());
  std::string outputPath = output->path(), logPath = log->path();
  std::optional<llvm::StringRef> redirects[] = {
      std::nullopt, llvm::StringRef(outputPath), llvm::StringRef(logPath)};
  std::string message;
  if (int code = llvm::sys::ExecuteAndWait(*linker, argv, std::nullopt,
                                           redirects, 0, 0, &message)) {
    auto text = log->read();
    if (!text)
      return text.takeError();
    return llvm::createStringError(linkFailure(code, message, *text));
  }
  return output->read();
}

llvm::Error linkModel(llvm::ArrayRef<CodeBytes> objects,
                      llvm::StringRef output) {
  llvm::Expected<std::string> model = link(objects);
  if (!model)
    return llvm::createStringError("cannot link " + output + ": " +
                                   llvm::toString(model.takeError()));
  *model += checksumTrailer(*model);
  // Runs the checks of the loader.
  if (auto read = parseModel(*model, output.str(), ModelMachine::Any); !read)
    return llvm::createStringError("the model could not be loaded: " +
                                   read.status().message());
  return writeOutput(output, *model);
}

} // namespace segc
