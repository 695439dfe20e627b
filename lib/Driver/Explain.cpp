//===- Explain.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Explain.h"

#include "mlir/IR/Remarks.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Driver/Report/Collect.h"
#include "segc/Driver/Report/KernelRemarks.h"
#include "segc/Driver/Report/Predictions.h"
#include "segc/Program/Manifest.h"
#include "segc/Program/Programs.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <array>
#include <set>

using namespace mlir;

namespace segc {

namespace {

/// Prints each remark on one line.
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

  /// Returns an error if a name matches no op.
  llvm::Error checkNames() const {
    for (size_t i = 0; i < ops.size(); ++i)
      if (!known[i])
        return llvm::createStringError(
            "no decision is about an op with '" + ops[i] +
            "' in its name: expected a part of one of " +
            llvm::join(names, ", "));
    if (!ops.empty() && !printed)
      return llvm::createStringError("no decision is about a pair from '" +
                                     llvm::join(ops, "' to '") + "'");
    return llvm::Error::success();
  }

private:
  /// "producer -> user", or a strategy's "op: ...".
  bool wanted(llvm::StringRef pair) {
    auto [producer, user] = pair.split(" -> ");
    for (llvm::StringRef side : {producer, user}) {
      llvm::StringRef name = side.split(':').first;
      if (name.starts_with("seg."))
        names.insert(name.str());
      for (size_t i = 0; i < ops.size(); ++i)
        known[i] |= side.contains(ops[i]);
    }
    bool isWanted = (ops.empty() || producer.contains(ops[0])) &&
                    (ops.size() < 2 || user.contains(ops[1]));
    printed |= isWanted;
    return isWanted;
  }

  const std::vector<std::string> &ops;
  std::array<bool, 2> known{}; ///< Which of `ops` have matched.
  bool printed = false;
  std::set<std::string> names; ///< Names of ops in all remarks.
};

} // namespace

llvm::Error explain(const CompileOptions &given,
                    const std::vector<std::string> &ops) {
  CompilerContext context(MLIRContext::Threading::DISABLED);
  auto streamer = std::make_unique<LineStreamer>(ops);
  const LineStreamer &printed = *streamer;
  // Remarks of a kind without a pattern are not emitted.
  remark::RemarkCategories categories{std::nullopt, ".*", ".*", ".*", ".*"};
  if (failed(remark::enableOptimizationRemarks(
          context, std::move(streamer),
          std::make_unique<remark::RemarkEmittingPolicyAll>(), categories)))
    return llvm::createStringError("remarks could not be enabled");
  CompileOptions options = given;
  // Explains one version, the widest.
  registerTargets();
  const TargetBackend *backend =
      findTargetBackend(options.targets.empty() ? "" : options.targets.front());
  if (options.cpus.empty() && backend)
    options.targets = {Target{backend, backend->defaultVersion()}.spec()};
  options.pipeline.memoryTable = true;
  auto targets = resolveTargets(options);
  if (!targets)
    return targets.takeError();
  if (llvm::Error error = report::checkDevices(*targets, options))
    return error;
  llvm::Error error = forEachProgram(
      context, options,
      [&](ModuleOp programs, const Target &target, ModuleOp) -> llvm::Error {
        if (failed(verifyModel(programs)))
          return llvm::createStringError("no model can be made of " +
                                         options.input);
        report::KernelRemarks remarks;
        remarks.note(programs, target.version->name);
        report::Report report;
        report.manifest["batch"] = largestBatch(programs);
        report.versions.push_back(
            report::collectVersion({target, programs, ""}));
        remarks.emit(report);
        report::Version &version = report.versions.back();
        if (llvm::Error error =
                addPredictions(version, target, programs, options))
          return error;
        llvm::outs() << predictionText(version, report.batch());
        return llvm::Error::success();
      });
  return error ? std::move(error) : printed.checkNames();
}

} // namespace segc
