//===- KernelBuilder.h - Kernels of one fusion -----*- C++ -*-===//
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

/// What a kernel works on; a target says where each comes from.
struct KernelArguments {
  /// Flat memrefs: inputs and results of the fusion (elements of the largest
  /// batch), the launches' common temporary (f32) and memory of the task's own
  /// (f32). A rank-0 tensor is a memref of one element.
  llvm::SmallVector<mlir::Value> inputs, outputs;
  mlir::Value temp, scratch;
  mlir::Value sums;  ///< Null if the strategy has no `sums_bytes`.
  mlir::Value batch; ///< Samples in this call, of type index.
  mlir::Value task;  ///< Which task this is, of type index.
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
  /// What tiles leave of a reduction: the temporary, unless that is a filter's.
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
  /// A loop that carries values and returns their last ones.
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
  /// `value`, f32 or what the memory holds, as it is stored there.
  mlir::Value asStored(mlir::Value value, mlir::Value memref);
  mlir::Value loadScalar(mlir::Value memref, mlir::Value index);
  void storeScalar(mlir::Value value, mlir::Value memref, mlir::Value index);
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  /// The scalar in all lanes of `type`, or itself if that is no vector.
  mlir::Value broadcast(mlir::Value scalar, mlir::Type type);
  mlir::Value zeroVector(int64_t lanes);
  mlir::Value scalarConstant(double value);
  /// Lanes [0, count) on.
  mlir::Value prefixMask(mlir::Value count, int64_t lanes);

protected:
  /// Whether `load` and `store` without a mask are at multiples of their size.
  bool alignedVectors = false;

private:
  /// Of an access by a vector of this type.
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

/// Vector or scalar, f32 to f64 and back.
mlir::Value toDouble(KernelBody &k, mlir::Value value);
mlir::Value toFloat(KernelBody &k, mlir::Value value);
mlir::Value doubleConstant(KernelBody &k, double value);
mlir::Value indexToDouble(KernelBody &k, mlir::Value index);
mlir::Value loadDouble(KernelBody &k, mlir::Value memref, mlir::Value index);
/// Arithmetic on f64 scalars.
seg::PointwiseMath doubles(KernelBody &k);

/// What the emitters of every target have: the fusion, its strategy and the
/// buffers of its kernels.
class FusionEmitterBase {
public:
  seg::FusionOp getFusion() { return fusion; }
  const TargetVersion &getVersion() const { return emission.version; }
  /// The strategy's integer `name`; it is a bug if it is missing.
  int64_t strategyInt(llvm::StringRef name);
  llvm::ArrayRef<int64_t> strategyInts(llvm::StringRef name);

protected:
  explicit FusionEmitterBase(KernelEmission &emission)
      : emission(emission), builder(emission.builder), fusion(emission.fusion) {
  }

  /// Inputs, outputs and temporary, as memrefs.
  llvm::SmallVector<mlir::Type> bufferTypes();
  /// Those of the function's arguments that are such memrefs.
  KernelArguments bufferArguments(mlir::ValueRange arguments);

  KernelEmission &emission;
  mlir::OpBuilder &builder;
  seg::FusionOp fusion;
};

/// Collects the launches of one fusion. Emitters of roots get one of these.
class FusionEmitter : public FusionEmitterBase {
public:
  explicit FusionEmitter(KernelEmission &emission)
      : FusionEmitterBase(emission) {}

  /// Adds a kernel. `scratchBytes` is what a worker needs. Its task count and
  /// scratch size are also attributes of the function, `seg.tasks` = [fixed,
  /// perSample] and `seg.scratch_bytes`.
  void launch(TaskCount tasks, int64_t scratchBytes,
              llvm::function_ref<void(KernelBody &)> body);
};

/// What distinguishes two fusions' kernels: ops, types, attributes and how
/// values flow, but not where they live.
std::string kernelKey(seg::FusionOp fusion);
/// Name of the kernels of the `index`-th distinct fusion.
std::string kernelName(seg::FusionOp fusion, size_t index);

/// Names of the attributes above.
inline constexpr llvm::StringLiteral tasksAttrName = "seg.tasks";
inline constexpr llvm::StringLiteral scratchAttrName = "seg.scratch_bytes";

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_KERNELBUILDER_H
