//===- KernelTest.h - Compiling and running test kernels --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A test passes the text of a function of seg.fusion ops, with `$N` for the
// number of samples:
//
//   func.func @f(%x: tensor<$Nx5x7x3xf32>) -> tensor<$Nx5x7x3xf32> {
//     %r = seg.fusion (%a = %x : tensor<$Nx5x7x3xf32>) ->
//     (tensor<$Nx5x7x3xf32>) {
//       %y = seg.softmax %a : tensor<$Nx5x7x3xf32>
//       seg.yield %y : tensor<$Nx5x7x3xf32>
//     }
//     return %r : tensor<$Nx5x7x3xf32>
//   }
//
// Kernels are compiled with `$N` = the largest batch, run with n samples, and
// compared with the reference evaluation of the text with `$N` = n.

#ifndef SEGC_UNITTESTS_CODEGEN_KERNELTEST_H
#define SEGC_UNITTESTS_CODEGEN_KERNELTEST_H

#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Reference/Reference.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace segc::test {

/// Elements of one tensor. Doubles represent f32 values, labels and counters
/// exactly.
using Values = std::vector<double>;

struct KernelTestOptions {
  /// A version of the CPU or of an emulated GPU.
  std::string target = "x86-64-v4";
  int64_t largestBatch = 2;
  /// Samples of the call.
  int64_t batch = 2;
  /// Allowed difference: tolerance * (1 + |expected|).
  double tolerance = 1e-5;
  /// Labels are drawn from [0, classes), floats from [low, high).
  int64_t classes = 3;
  double low = -1, high = 1;
  /// Number of different floats, so that some are equal; 0 means any.
  int64_t levels = 0;
  /// Values of some arguments, for the largest batch. Others are random.
  std::map<unsigned, Values> inputs;
  /// Whether the reference rounds each value to its type.
  reference::Precision precision = reference::Precision::Exact;
  /// "f16" or "bf16": the type of activations and filters in memory, and with
  /// `narrowResults` of results. The function is rewritten with casts.
  std::string narrow;
  bool narrowResults = true;
  /// Sets the strategies of fusions, instead of the text or the default.
  std::function<void(seg::FusionOp)> choose;
  /// Result i is computed in the memory of argument j.
  std::map<unsigned, unsigned> inPlace;
};

/// The compiled kernels of one function.
class CompiledFunction {
public:
  /// Returns null and sets `error` if the text, a strategy or the lowering is
  /// wrong.
  static std::unique_ptr<CompiledFunction>
  compile(llvm::StringRef text, const KernelTestOptions &options,
          std::string &error);
  ~CompiledFunction();

  using Order = KernelRunner::Order;
  /// Runs all launches of all fusions. Elements that are not written are NaN
  /// (0x7fcdcdcd). An access outside a buffer's elements sets `error`.
  std::vector<Values> run(const std::vector<Values> &inputs, Order order,
                          std::string &error, unsigned interleaving = 0);
  /// Those of the target's threads (TargetBackend.h).
  unsigned interleavings() const;

  /// Draws random arguments by the options.
  std::vector<Values> makeInputs() const;
  /// Returns the milliseconds of the fastest of `repeats` runs on one thread.
  double measure(const std::vector<Values> &inputs, int repeats);
  /// Returns the kernels in the dialects in which they are emitted.
  std::string kernelText() const;

private:
  CompiledFunction();
  struct Implementation;
  std::unique_ptr<Implementation> self;
};

/// Compiles the kernels, runs them in three orders of tasks and with all
/// interleavings of the target's threads, whose results must be equal in all
/// bits, and compares with the reference. Returns an error,
/// empty if there is none.
std::string checkKernels(llvm::StringRef text,
                         const KernelTestOptions &options = {});

/// Like checkKernels, but compares with the results that `expect` computes from
/// the arguments of the largest batch. Results may be shorter than those of the
/// largest batch.
std::string checkKernelsAgainst(
    llvm::StringRef text, const KernelTestOptions &options,
    const std::function<std::vector<Values>(const std::vector<Values> &)>
        &expect);

/// Returns a function of one seg.fusion. `body` names the inputs %a0, %a1, ...
/// and the yielded values %r0, %r1, ...
std::string fusionFunction(const std::vector<std::string> &inputs,
                           const std::vector<std::string> &results,
                           const std::string &body);

/// Returns the options of an emulated GPU, with fewer samples than the largest
/// batch.
KernelTestOptions gpuOptions();

/// Returns the dialects and interfaces that such texts need.
mlir::DialectRegistry kernelRegistry();

/// Returns the target with a version of this name.
Target targetOf(llvm::StringRef version);

/// Returns "tensor<$Nx5x7x3xf32>" for "5x7x3".
std::string activation(const std::string &shape);

/// Returns the type of one value for each channel, and for each channel of each
/// sample: "tensor<7xf32>", "tensor<$Nx7xf32>".
std::string vectorOf(int64_t channels);
std::string perSample(int64_t channels);

/// Returns `text` with every `$N` replaced.
std::string withBatch(llvm::StringRef text, int64_t batch);

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_KERNELTEST_H
