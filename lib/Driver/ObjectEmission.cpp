//===- ObjectEmission.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/ObjectEmission.h"

#include "MemoryFile.h"
#include "Outputs.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Threading.h"
#include "segc/Codegen/CPU/LowerToLLVM.h"
#include "segc/Runtime/Core/StaticModel.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Program.h"
#include "llvm/Target/TargetMachine.h"
#include <sys/resource.h>

using namespace mlir;

namespace segc {

/// Deals the functions of a lowered module to `parts` modules of about equal
/// size: code generation takes time in proportion to the ops.
static std::vector<OwningOpRef<ModuleOp>> partition(ModuleOp module,
                                                    unsigned parts) {
  std::vector<OwningOpRef<ModuleOp>> modules(parts);
  for (auto &part : modules)
    part = ModuleOp::create(module.getLoc());
  std::vector<std::pair<size_t, LLVM::LLVMFuncOp>> functions;
  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (!function) {
      // Constant tables are private: every part has its own.
      for (auto &part : modules)
        part->push_back(op.clone());
      continue;
    }
    size_t ops = 0;
    function.walk([&](Operation *) { ++ops; });
    functions.push_back({ops, function});
  }
  llvm::stable_sort(functions,
                    [](auto &a, auto &b) { return a.first > b.first; });
  std::vector<size_t> load(parts);
  for (auto &[ops, function] : functions) {
    size_t lightest = std::min_element(load.begin(), load.end()) - load.begin();
    load[lightest] += ops;
    modules[lightest]->push_back(function->clone());
  }
  return modules;
}

static llvm::Expected<Bytes> generate(ModuleOp part,
                                      const ModelVersion &version,
                                      unsigned optLevel, bool assembly) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateKernels(part, context, version.target);
  if (!module)
    return llvm::createStringError("the kernels do not translate to LLVM IR");
  addKernelWrappers(*module, version.symbolPrefix);
  auto machine = createTargetMachine(version.target);
  if (!machine)
    return machine.takeError();
  optimizeModule(*module, **machine, optLevel);
  return emitMachineCode(*module, **machine, assembly);
}

llvm::Expected<std::vector<Bytes>> emitKernels(const ModelVersion &version,
                                               unsigned jobs, unsigned optLevel,
                                               bool assembly) {
  OwningOpRef<ModuleOp> lowered = ModuleOp(version.module).clone();
  // With --from llvm they are in the LLVM dialect already.
  bool inFunc = !lowered->getOps<func::FuncOp>().empty();
  if (inFunc && failed(lowerKernelsToLLVM(*lowered)))
    return llvm::createStringError("the kernels do not lower to LLVM");
  // Each part is a file that is open while it is linked.
  constexpr unsigned maxParts = 64;
  std::vector<OwningOpRef<ModuleOp>> parts =
      partition(*lowered, std::clamp(jobs, 1u, maxParts));
  std::vector<Bytes> results(parts.size());
  std::vector<std::string> errors(parts.size());
  // All parts use the context. Where passes run one after the other, for the
  // order of their remarks, its tables have no locks.
  MLIRContext *context = lowered->getContext();
  bool locked = context->isMultithreadingEnabled();
  context->enableMultithreading();
  parallelFor(context, 0, parts.size(), [&](size_t i) {
    llvm::Expected<Bytes> bytes =
        generate(*parts[i], version, optLevel, assembly);
    if (bytes)
      results[i] = std::move(*bytes);
    else
      errors[i] = llvm::toString(bytes.takeError());
  });
  context->enableMultithreading(locked);
  for (const std::string &error : errors)
    if (!error.empty())
      return llvm::createStringError(error);
  return results;
}

llvm::Expected<Bytes> emitModelObject(llvm::ArrayRef<ModelVersion> versions,
                                      const ModelContents &contents) {
  llvm::LLVMContext context;
  auto module = buildModelModule(context, versions, contents);
  if (!module)
    return module.takeError();
  // The support code must run on any x86-64: it says what is missing.
  CpuTarget baseline;
  baseline.name = baseline.llvmCpu = "x86-64";
  auto machine = createTargetMachine(baseline);
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

/// Why a run of the linker failed, in one line: what it leaves when it dies is
/// of no use to anybody.
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

/// Runs lld on files in memory: no name of the user's and no disk is involved.
static llvm::Expected<std::string> link(llvm::ArrayRef<Bytes> objects) {
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
  for (const Bytes &object : objects) {
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

llvm::Error linkModel(llvm::ArrayRef<Bytes> objects, llvm::StringRef output) {
  llvm::Expected<std::string> model = link(objects);
  if (!model)
    return llvm::createStringError("cannot link " + output + ": " +
                                   llvm::toString(model.takeError()));
  *model += checksumTrailer(*model);
  // What the loader would refuse is refused here.
  if (auto read = parseModel(*model, output.str()); !read)
    return llvm::createStringError("the model could not be loaded: " +
                                   read.status().message());
  return writeOutput(output, *model);
}

} // namespace segc
