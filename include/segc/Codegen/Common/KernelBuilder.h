//===- KernelBuilder.h - Kernels of one fusion ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A kernel is a function over flat memrefs that does one task of a
// seg.fusion; the runtime calls it for every task, in any order and on any
// worker. A fusion may need several launches one after another (partial sums,
// then their merge). The same abstraction serves every target: what is
// emitted here is scf, arith, memref and vector only. On the CPU a worker does
// a task, on a GPU a block of threads.

#ifndef SEGC_CODEGEN_COMMON_KERNELBUILDER_H
#define SEGC_CODEGEN_COMMON_KERNELBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Target/KernelEmission.h"
#include "segc/Target/Strategy.h"

namespace segc {

/// The buffers and indices of a kernel. A target defines where each comes from.
struct KernelArguments {
  /// Flat memrefs: inputs and results of the fusion (sized for the largest
  /// batch), the temporary that the launches share (f32) and the scratch memory
  /// of the task (f32). A rank-0 tensor is a memref of one element.
  llvm::SmallVector<mlir::Value> inputs, outputs;
  mlir::Value temp, scratch;
  mlir::Value sums;  ///< Null if the strategy has no `sums_bytes`.
  mlir::Value batch; ///< Samples in this call, of type index.
  mlir::Value task;  ///< Number of the task, of type index.
};

/// Writes the body of one kernel: its buffers, and short spellings for index
/// arithmetic and loops.
class KernelBody {
public:
  KernelBody(mlir::OpBuilder builder, mlir::Location location,
             KernelArguments arguments)
      : b(builder), location(location), arguments(std::move(arguments)) {}

  mlir::OpBuilder &builder() { return b; }
  mlir::Location loc() const { return location; }

  mlir::Value input(unsigned i) const { return arguments.inputs[i]; }
  mlir::Value output(unsigned i) const { return arguments.outputs[i]; }
  mlir::Value temp() const { return arguments.temp; }
  /// The partial results of a reduction's tiles: `sums`, or the temporary where
  /// the strategy does not use that for a filter.
  mlir::Value sums() const {
    return arguments.sums ? arguments.sums : arguments.temp;
  }
  mlir::Value scratch() const { return arguments.scratch; }
  mlir::Value batch() const { return arguments.batch; }
  mlir::Value task() const { return arguments.task; }

  // Index arithmetic, folded where both sides are constant.
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);  ///< Unsigned.
  mlir::Value rem(mlir::Value a, mlir::Value b);  ///< Unsigned.
  mlir::Value min(mlir::Value a, mlir::Value b);  ///< Signed.
  mlir::Value max(mlir::Value a, mlir::Value b);  ///< Signed.
  mlir::Value less(mlir::Value a, mlir::Value b); ///< Signed, i1.
  mlir::Value add(mlir::Value a, int64_t v) { return add(a, index(v)); }
  mlir::Value sub(mlir::Value a, int64_t v) { return sub(a, index(v)); }
  mlir::Value mul(mlir::Value a, int64_t v) { return mul(a, index(v)); }
  mlir::Value div(mlir::Value a, int64_t v) { return div(a, index(v)); }
  mlir::Value rem(mlir::Value a, int64_t v) { return rem(a, index(v)); }
  /// Splits a row-major linear index; the first dimension is not bounded.
  llvm::SmallVector<mlir::Value> delinearize(mlir::Value linear,
                                             llvm::ArrayRef<int64_t> sizes);

  void loop(mlir::Value low, mlir::Value high, int64_t step,
            llvm::function_ref<void(mlir::Value)> body);
  /// An scf.for with iteration arguments. It returns their final values.
  llvm::SmallVector<mlir::Value>
  loop(mlir::Value low, mlir::Value high, int64_t step, mlir::ValueRange init,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                         mlir::ValueRange)>
           body);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> then);
  /// The value of one of two branches.
  mlir::Value ifElse(mlir::Value condition,
                     llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);
  mlir::Value both(mlir::Value a, mlir::Value b); ///< Two conditions.

  // Vectors of f32. A null mask means all lanes; masked lanes load zero. Memory
  // may hold 16-bit floats (seg::storageType): what is loaded is widened, what
  // is stored is rounded.
  mlir::VectorType vectorType(int64_t lanes);
  mlir::Value load(mlir::Value memref, mlir::Value index, int64_t lanes,
                   mlir::Value mask = {});
  void store(mlir::Value value, mlir::Value memref, mlir::Value index,
             mlir::Value mask = {});
  /// `value`, converted from f32 to the element type of `memref` where they
  /// differ.
  mlir::Value asStored(mlir::Value value, mlir::Value memref);
  mlir::Value loadScalar(mlir::Value memref, mlir::Value index);
  /// Fetches an element that will be loaded into the caches, on CPUs: into the
  /// first one with a locality of 3, else from the second one on.
  void prefetch(mlir::Value memref, mlir::Value index, unsigned locality);
  void storeScalar(mlir::Value value, mlir::Value memref, mlir::Value index);
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  /// The scalar in all lanes of `type`, or the scalar itself if `type` is no
  /// vector.
  mlir::Value broadcast(mlir::Value scalar, mlir::Type type);
  mlir::Value zeroVector(int64_t lanes);
  mlir::Value scalarConstant(double value);
  /// A mask whose lanes [0, count) are set.
  mlir::Value prefixMask(mlir::Value count, int64_t lanes);

protected:
  /// Whether addresses of `load` and `store` without a mask are multiples of
  /// the vector size.
  bool alignedVectors = false;

private:
  /// The alignment of an access by a vector of this type.
  llvm::MaybeAlign alignment(mlir::VectorType type) const {
    return alignedVectors ? llvm::MaybeAlign(type.getNumElements() *
                                             type.getElementTypeBitWidth() / 8)
                          : llvm::MaybeAlign();
  }

  mlir::OpBuilder b;
  mlir::Location location;
  KernelArguments arguments;
};

/// The fusion's memory of an operand of the root.
mlir::Value inputOf(KernelBody &k, mlir::Value operand);
/// The fusion's memory of a value it computes; null if it is not yielded.
mlir::Value outputOf(KernelBody &k, mlir::Value result);
/// The memory of a value that the fusion reads or yields.
mlir::Value memoryOf(KernelBody &k, mlir::Value value);

/// Conversions of a vector or scalar between f32 and f64.
mlir::Value toDouble(KernelBody &k, mlir::Value value);
mlir::Value toFloat(KernelBody &k, mlir::Value value);
mlir::Value doubleConstant(KernelBody &k, double value);
mlir::Value indexToDouble(KernelBody &k, mlir::Value index);
mlir::Value loadDouble(KernelBody &k, mlir::Value memref, mlir::Value index);
/// Arithmetic on f64 scalars.
seg::PointwiseMath doubles(KernelBody &k);

/// The part of an emitter that all targets share: the fusion, its strategy and
/// the buffers of its kernels.
class FusionEmitterBase {
public:
  seg::FusionOp getFusion() { return fusion; }
  const TargetVersion &getVersion() const { return emission.version; }

protected:
  explicit FusionEmitterBase(KernelEmission &emission)
      : emission(emission), builder(emission.builder), fusion(emission.fusion) {
  }

  /// Inputs, outputs and temporary, as memrefs.
  llvm::SmallVector<mlir::Type> bufferTypes();
  /// The buffers among the arguments of a kernel.
  KernelArguments bufferArguments(mlir::ValueRange arguments);

  KernelEmission &emission;
  mlir::OpBuilder &builder;
  seg::FusionOp fusion;
};

/// Collects the launches of one fusion. Kernel models emit into it.
class FusionEmitter : public FusionEmitterBase {
public:
  explicit FusionEmitter(KernelEmission &emission)
      : FusionEmitterBase(emission) {}

  /// Adds a kernel. `scratchBytes` is the scratch memory that a worker needs.
  /// Its task count and scratch size are also attributes of the function,
  /// `seg.tasks` = [fixed, perSample] and `seg.scratch_bytes`.
  void launch(TaskCount tasks, int64_t scratchBytes,
              llvm::function_ref<void(KernelBody &)> body);
};

/// A key that is equal for fusions with the same kernels. It is made of ops,
/// types, attributes and the flow of values, not of buffers' places.
std::string kernelKey(seg::FusionOp fusion);
/// Name of the kernels of the `index`-th distinct fusion.
std::string kernelName(seg::FusionOp fusion, size_t index);

/// Names of the attributes above.
inline constexpr llvm::StringLiteral tasksAttrName = "seg.tasks";
inline constexpr llvm::StringLiteral scratchAttrName = "seg.scratch_bytes";

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_KERNELBUILDER_H
