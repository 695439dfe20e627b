//===- Reproducer.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reproducer.h"

#include "mlir/Support/FileUtilities.h"
#include "segc/Driver/UsageError.h"
#include "segc/Transforms/UserLimits.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

namespace segc {

/// The path is beside the output, or beside the input if the output is no
/// regular file, or in the working directory if neither is.
static std::string reproducerPath(const CompileOptions &options) {
  for (const std::string &path : {options.output, options.input}) {
    llvm::sys::fs::file_status status;
    bool exists = !llvm::sys::fs::status(path, status);
    if (!path.empty() && path != "-" &&
        (!exists || llvm::sys::fs::is_regular_file(status)) &&
        !llvm::StringRef(path).starts_with("/dev/"))
      return path + ".reproducer.mlir";
  }
  return "segc.reproducer.mlir";
}

namespace {

struct ReproducerFile : ReproducerStream {
  explicit ReproducerFile(std::unique_ptr<llvm::ToolOutputFile> opened)
      : file(std::move(opened)) {
    file->keep();
  }
  StringRef description() override { return file->getFilename(); }
  raw_ostream &os() override { return file->os(); }

  std::unique_ptr<llvm::ToolOutputFile> file;
};

} // namespace

Reproducer::Reproducer(MLIRContext *context, const CompileOptions &options)
    : ScopedDiagnosticHandler(context), context(context),
      path(reproducerPath(options)) {
  setHandler([this](Diagnostic &diagnostic) {
    if (std::optional<int64_t> needed = userLimitNeeded(diagnostic)) {
      if (!limit || *needed > *userLimitNeeded(*limit))
        limit.emplace(std::move(diagnostic));
      return success();
    }
    return success(
        StringRef(diagnostic.str()).starts_with("Failures have been detected"));
  });
}

ReproducerStreamFactory Reproducer::factory() {
  return [this](std::string &error) -> std::unique_ptr<ReproducerStream> {
    auto file = openOutputFile(path, &error);
    written = file != nullptr;
    return written ? std::make_unique<ReproducerFile>(std::move(file))
                   : nullptr;
  };
}

llvm::Error Reproducer::error(llvm::StringRef phase) {
  if (limit) {
    // The file is written before the error is reported.
    if (written)
      llvm::sys::fs::remove(path);
    setHandler([](Diagnostic &) { return failure(); });
    context->getDiagEngine().emit(std::move(*limit));
    return llvm::make_error<ReportedError>();
  }
  return llvm::createStringError(
      "phase '" + phase + "' failed" +
      (written ? "; to repeat it: segc-opt --run-reproducer " + path : ""));
}

} // namespace segc
