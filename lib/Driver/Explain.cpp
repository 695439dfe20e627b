//===- Explain.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Explain.h"

#include "mlir/IR/Remarks.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Driver/Manifest.h"
#include "segc/Driver/Report/Collect.h"
#include "segc/Driver/Report/KernelRemarks.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace segc {

namespace {

/// Prints remarks as they come, one line each.
class LineStreamer : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit LineStreamer(const std::vector<std::string> &ops) : ops(ops) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string line;
    llvm::raw_string_ostream out(line);
    out << remark.getRemarkName() << ": " << remark.getLocation();
    llvm::StringRef pair;
    for (const auto &arg : remark.getArgs()) {
      out << "  " << arg.key << "=" << arg.val;
      if (arg.key == "Remark")
        pair = arg.val;
    }
    if (wanted(pair))
      llvm::outs() << line << "\n";
  }

private:
  /// "producer -> user", or a strategy's "op: ...".
  bool wanted(llvm::StringRef pair) const {
    auto [producer, user] = pair.split(" -> ");
    if (ops.size() > 0 && !producer.contains(ops[0]))
      return false;
    return ops.size() < 2 || user.contains(ops[1]);
  }

  const std::vector<std::string> &ops;
};

} // namespace

llvm::Error explain(const CompileOptions &given,
                    const std::vector<std::string> &ops) {
  CompilerContext context(MLIRContext::Threading::DISABLED);
  // A kind of remark that is not named is not made.
  remark::RemarkCategories categories{std::nullopt, ".*", ".*", ".*", ".*"};
  if (failed(remark::enableOptimizationRemarks(
          context, std::make_unique<LineStreamer>(ops),
          std::make_unique<remark::RemarkEmittingPolicyAll>(), categories)))
    return llvm::createStringError("remarks could not be enabled");
  CompileOptions options = given;
  // Of several versions one: the widest.
  if (options.cpus.empty())
    options.cpus = {options.pipeline.cpu};
  options.pipeline.memoryTable = true;
  return forEachPlan(
      context, options,
      [&](ModuleOp planned, const CpuTarget &target) -> llvm::Error {
        report::KernelRemarks remarks;
        remarks.note(planned, target.name);
        report::Report report;
        std::vector<report::Entry> entries = report::collectPlan(planned);
        if (llvm::Error error = outlineKernels(planned, options, target))
          return error;
        ModelVersion version{target, planned, ""};
        report.manifest["batch"] = largestBatch(planned);
        report.versions.push_back(
            report::collectVersion(std::move(entries), version));
        remarks.emit(report);
        return llvm::Error::success();
      });
}

} // namespace segc
