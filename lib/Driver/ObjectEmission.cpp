//===- ObjectEmission.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/ObjectEmission.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Threading.h"
#include "segc/Codegen/CPU/LowerToLLVM.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Target/TargetMachine.h"

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
  std::vector<OwningOpRef<ModuleOp>> parts =
      partition(*lowered, std::max(1u, jobs));
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

static llvm::Error writeBytes(llvm::StringRef path,
                              llvm::ArrayRef<char> bytes) {
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (error)
    return llvm::createStringError(error, "cannot write " + path);
  out.write(bytes.data(), bytes.size());
  out.close();
  if (out.has_error()) {
    std::error_code failure = out.error();
    out.clear_error();
    return llvm::createStringError(failure, "cannot write " + path + ": " +
                                                failure.message());
  }
  return llvm::Error::success();
}

static llvm::Expected<std::string> findLinker() {
  for (llvm::StringRef name : {SEGC_LLD_PATH, "ld.lld-22", "ld.lld"})
    if (auto found = llvm::sys::findProgramByName(name))
      return *found;
  return llvm::createStringError(
      "no linker: expected ld.lld-22 in the PATH; install the package lld-22");
}

/// Writes the inputs of the link into `directory` and runs lld.
static llvm::Error linkIn(llvm::StringRef directory,
                          llvm::ArrayRef<Bytes> objects,
                          llvm::StringRef output) {
  auto linker = findLinker();
  if (!linker)
    return linker.takeError();
  auto inDirectory = [&](const llvm::Twine &name) {
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    return path.str().str();
  };
  std::string exports = inDirectory("exports.map"),
              log = inDirectory("link.log");
  static constexpr llvm::StringLiteral map =
      "{ global: segc_model_query; local: *; };\n";
  if (llvm::Error error =
          writeBytes(exports, llvm::ArrayRef<char>(map.data(), map.size())))
    return error;
  std::vector<std::string> arguments = {*linker,
                                        "-shared",
                                        "--version-script=" + exports,
                                        "-z",
                                        "relro",
                                        "-z",
                                        "now",
                                        "--hash-style=gnu",
                                        "--build-id=sha1",
                                        "-o",
                                        output.str()};
  for (size_t i = 0; i < objects.size(); ++i) {
    std::string path = inDirectory("part" + llvm::Twine(i) + ".o");
    if (llvm::Error error = writeBytes(path, objects[i]))
      return error;
    arguments.push_back(path);
  }
  std::vector<llvm::StringRef> argv(arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> redirects[] = {
      std::nullopt, llvm::StringRef(log), llvm::StringRef(log)};
  std::string message;
  if (llvm::sys::ExecuteAndWait(*linker, argv, std::nullopt, redirects, 0, 0,
                                &message)) {
    if (auto text = llvm::MemoryBuffer::getFile(log))
      message += (*text)->getBuffer().str();
    return llvm::createStringError("linking " + output + " failed: " + message);
  }
  return llvm::Error::success();
}

llvm::Error linkModel(llvm::ArrayRef<Bytes> objects, llvm::StringRef output) {
  llvm::SmallString<128> directory;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("segc-link", directory))
    return llvm::createStringError(error, "cannot make a temporary directory");
  std::string temporary = (output + ".tmp").str();
  llvm::Error error = linkIn(directory, objects, temporary);
  llvm::sys::fs::remove_directories(directory);
  if (error) {
    llvm::sys::fs::remove(temporary);
    return error;
  }
  if (std::error_code failure = llvm::sys::fs::rename(temporary, output))
    return llvm::createStringError(failure, "cannot write " + output + ": " +
                                                failure.message());
  return llvm::Error::success();
}

} // namespace segc
