//===- KernelModel.h - One way to compute an op -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A backend has a list of kernel models. An op may have several, such as a
// direct and a Winograd convolution or a call of a library: each proposes
// strategies with their cost or the reason of its refusal, and the cheapest is
// taken.

#ifndef SEGC_TARGET_KERNELMODEL_H
#define SEGC_TARGET_KERNELMODEL_H

#include "segc/Target/KernelEmission.h"
#include "segc/Target/Strategy.h"
#include <limits>

namespace segc {

class KernelModel;
class TargetBackend;

/// A version of a backend.
struct Target {
  const TargetBackend *backend = nullptr;
  std::shared_ptr<const TargetVersion> version;

  /// "cpu:x86-64-v4"
  std::string spec() const;
};

/// The largest Winograd tiles that may be used: an accuracy class. The root
/// mean square error of an f32 convolution, of its result's, is about 2e-7
/// without, 3e-7 with tiles of 2 and 3e-6 with tiles of 4. Tiles of 6 are for
/// inputs of 8 bits in two dimensions, others have at most 4.
enum class WinogradTiles { Off, F2, F4, F6 };

/// "off", "f2", "f4", "f6"; null for other names.
std::optional<WinogradTiles> lookupWinogradTiles(llvm::StringRef name);

/// What computes convolutions: generated kernels, cuDNN where it can, or
/// whichever is expected to be faster.
enum class ConvImplementation { Generated, Auto, Cudnn };

/// "generated", "auto", "cudnn"; null for other names.
std::optional<ConvImplementation>
lookupConvImplementation(llvm::StringRef name);

/// Threads that kernels may be cut for.
inline constexpr int64_t maxThreads = 4096;

/// What the choice of a strategy may depend on, beside the fusion.
struct StrategyContext {
  Target target;
  WinogradTiles winograd = WinogradTiles::F6;
  /// What may multiply values of 16 bits.
  MultiplyTypeSet multiplyTypes{};
  ConvImplementation conv = ConvImplementation::Generated;
  /// Threads that tasks are cut for; 0: a few numbers alike. Kernels run with
  /// any number, and their results do not depend on it.
  int64_t threads = 0;
  /// The entry computes gradients or changes parameters.
  bool training = false;
  /// The operand that the model prepares is laid out once, not in every step.
  bool constantOperand = false;
  /// Models whose kernels no device has verified may be chosen.
  bool unverifiedKernels = false;

  /// Whether the model's strategies may be chosen.
  bool allows(const KernelModel &model) const;
};

/// A strategy that a model offers for a fusion, or its refusal.
struct StrategyProposal {
  seg::StrategyAttr strategy; ///< Null: refused.
  double seconds = std::numeric_limits<double>::infinity();
  std::string title;  ///< The model, as remarks call it: "winograd of bf16".
  std::string reason; ///< What it costs, or why it is refused.
};

class KernelModel {
public:
  virtual ~KernelModel();

  /// Whether it computes fusions with such roots. That of pointwise ops alone
  /// computes none.
  virtual bool computes(mlir::OperationName root) const { return false; }
  /// The kind of its strategies for such a root; models of one root have
  /// different ones.
  virtual llvm::StringRef kind(mlir::OperationName root) const {
    return root.stripDialect();
  }
  /// The kind of its strategies for fusions without a root.
  virtual llvm::StringRef kindWithoutRoot() const { return pointwiseKind; }
  /// What its strategies have beside the memory of every strategy. They are
  /// checked before `emit`, which relies on their types and ranges.
  virtual llvm::ArrayRef<StrategyParameter> parameters() const { return {}; }

  /// Whether its kernels rest on how instructions behave that no device has
  /// confirmed. They are chosen where StrategyContext::unverifiedKernels allows
  /// them.
  virtual bool isUnverified() const { return false; }
  /// Whether it multiplies quantized factors, and nothing else.
  virtual bool isForQuantizedFactors() const { return false; }
  /// The library that it calls; empty if all its kernels are generated.
  virtual llvm::StringRef library() const { return ""; }
  /// Whether it is expected to compute the root, which nothing is fused with,
  /// faster than others compute it with what can be: seg-fuse leaves it alone.
  virtual bool computesAlone(mlir::Operation *root,
                             const StrategyContext &context) const {
    return false;
  }

  /// Whether pointwise users of the root's result, of its shape, can be
  /// computed in its kernel.
  virtual bool takesEpilogue(mlir::Operation *root) const { return false; }
  /// Whether the kernel of the operand's owner, a root, can compute it with
  /// pointwise ops and rearrangements while it loads it.
  virtual bool takesPrologue(mlir::OpOperand &operand) const { return false; }
  /// Whether the kernel of the root can add up what it computes for the
  /// reduction, tile by tile. The root of pointwise ops alone is null.
  virtual bool takesReduction(mlir::Operation *root,
                              mlir::Operation *reduction) const {
    return false;
  }
  /// The operand that the first launch lays out in the temporary, reading
  /// nothing else; -1 if there is none. Where the operand is a parameter of an
  /// entry that does not train, seg-select-strategy marks the strategy
  /// `prepared`, and the launch moves to the entry `prepare`.
  virtual int64_t preparedOperand(mlir::Operation *root) const { return -1; }

  /// Strategies to choose from, in order of preference where costs are equal.
  /// They depend on nothing but the fusion and the context. By default one
  /// without parameters, at the cost of `seconds`; fusions without a root need
  /// none.
  virtual llvm::SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const;
  /// Those that may turn out to be the fastest, for seg-autotune to measure.
  /// Where there are several, the first dimension of the root's first operand
  /// is the batch.
  virtual llvm::SmallVector<StrategyProposal>
  candidates(seg::FusionOp fusion, const StrategyContext &context) const {
    return propose(fusion, context);
  }
  /// Others like `strategy`, the best of all models, to measure as well.
  virtual llvm::SmallVector<seg::StrategyAttr>
  variations(seg::FusionOp fusion, const StrategyContext &context,
             seg::StrategyAttr strategy) const {
    return {};
  }
  /// A sample of all that can be emitted, whatever it costs, for tests.
  virtual llvm::SmallVector<StrategyProposal>
  samples(seg::FusionOp fusion, const StrategyContext &context) const {
    return propose(fusion, context);
  }

  /// Modelled seconds of the fusion, which may have a strategy, on one core:
  /// by default the roofline of its operations and bytes.
  virtual double seconds(seg::FusionOp fusion,
                         const TargetVersion &version) const;

  /// The most pixels that a task adds up in f32, one after the other, for a
  /// reduction of a tensor of this type in the fusion, which has a strategy:
  /// the error that a check of its kernels allows grows with it.
  virtual int64_t reducedPixels(seg::FusionOp fusion,
                                mlir::RankedTensorType reduced) const {
    return reduced.getNumElements();
  }

  /// Emits the launches by the fusion's strategy. A strategy that cannot be
  /// emitted, and ops around the root that the kernel does not take, are
  /// errors on the ops.
  virtual mlir::LogicalResult emit(KernelEmission &emission) const = 0;
};

/// Models of a backend. Those of one op are in order of preference.
using KernelModels = std::vector<std::unique_ptr<KernelModel>>;

} // namespace segc

#endif // SEGC_TARGET_KERNELMODEL_H
