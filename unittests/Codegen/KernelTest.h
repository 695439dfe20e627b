//===- KernelTest.h - Compiling and running test kernels --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A test gives the text of a function of seg.fusion ops, with `$N` for the
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
// Kernels are compiled with `$N` the largest batch, run with n samples and
// compared with the reference evaluation of the text with `$N` = n.

#ifndef SEGC_UNITTESTS_CODEGEN_KERNELTEST_H
#define SEGC_UNITTESTS_CODEGEN_KERNELTEST_H

#include "segc/Codegen/Common/KernelRunner.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace segc::test {

/// Elements of one tensor; f32 values, labels and counters are all exact.
using Values = std::vector<double>;

struct KernelTestOptions {
  /// A version of the CPU, or of a GPU: then kernels are emulated.
  std::string target = "x86-64-v4";
  int64_t largestBatch = 2;
  /// Samples of the call.
  int64_t batch = 2;
  /// Allowed difference: tolerance * (1 + |expected|).
  double tolerance = 1e-5;
  /// Labels are drawn from [0, classes), floats from [low, high).
  int64_t classes = 3;
  double low = -1, high = 1;
  /// Floats take only so many values, so that some are equal; 0: any.
  int64_t levels = 0;
  /// Values of some arguments instead of random ones (of the largest batch).
  std::map<unsigned, Values> inputs;
  /// "f16" or "bf16": activations and filters lie in memory as that, and so do
  /// results if `narrowResults`. The function is rewritten with casts.
  std::string narrow;
  bool narrowResults = true;
  /// Gives fusions their strategies, where not the text or the default does.
  std::function<void(seg::FusionOp)> choose;
  /// Result i lies in the memory of argument j.
  std::map<unsigned, unsigned> inPlace;
};

/// The kernels of one function, in memory.
class CompiledFunction {
public:
  /// Null with `error` set if the text, a strategy or the lowering is at fault.
  static std::unique_ptr<CompiledFunction>
  compile(llvm::StringRef text, const KernelTestOptions &options,
          std::string &error);
  ~CompiledFunction();

  using Order = KernelRunner::Order;
  /// Runs every launch of every fusion. Elements that are not written are
  /// NaN (0x7fcdcdcd). An access outside a buffer's elements sets `error`.
  std::vector<Values> run(const std::vector<Values> &inputs, Order order,
                          std::string &error);

  /// Random arguments by the options.
  std::vector<Values> makeInputs() const;
  /// Milliseconds of the fastest of `repeats` runs on one thread.
  double measure(const std::vector<Values> &inputs, int repeats);
  /// The kernels in the dialects they are emitted in.
  std::string kernelText() const;

private:
  CompiledFunction();
  struct Implementation;
  std::unique_ptr<Implementation> self;
};

/// Compiles, runs in three orders of tasks (equal bits are demanded), compares
/// with the reference; an empty string if all is well.
std::string checkKernels(llvm::StringRef text,
                         const KernelTestOptions &options = {});

/// As checkKernels, against results computed by `expect` from the arguments
/// (of the largest batch); results may be shorter than the largest batch's.
std::string checkKernelsAgainst(
    llvm::StringRef text, const KernelTestOptions &options,
    const std::function<std::vector<Values>(const std::vector<Values> &)>
        &expect);

/// A function of one seg.fusion: `body` names the inputs %a0, %a1, ... and
/// what it yields %r0, %r1, ...
std::string fusionFunction(const std::vector<std::string> &inputs,
                           const std::vector<std::string> &results,
                           const std::string &body);

/// What a context for such texts needs.
mlir::DialectRegistry kernelRegistry();

/// The target that has a version of this name.
Target targetOf(llvm::StringRef version);

/// "tensor<$Nx5x7x3xf32>" for "5x7x3"; all of it is given for other types.
std::string activation(const std::string &shape);

/// `text` with every `$N` replaced.
std::string withBatch(llvm::StringRef text, int64_t batch);

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_KERNELTEST_H
