//===- ToyBackend.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Backend is explained in docs/AddingABackend.md.

#include "ToyBackend.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/Common/JitKernels.h"
#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "segc/Codegen/Common/MachineCode.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace segc::test {
namespace {

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// Convolutions. A task computes the channels of one pixel, one after the
/// other.
struct ConvModel : KernelModel {
  bool computes(OperationName root) const override {
    return root.getTypeID() == TypeID::get<seg::ConvOp>();
  }
  bool takesEpilogue(Operation *) const override { return true; }
  LogicalResult emit(KernelEmission &emission) const override {
    auto conv = cast<seg::ConvOp>(emission.fusion.getRoot());
    ConvProblem problem = convProblem(conv);
    if (problem.groups != 1 || problem.is16BitInput)
      return conv.emitOpError("is no convolution for toys");
    FusionEmitter(emission).launch(
        {0, product(problem.out)}, 0, [&](KernelBody &k) {
          k.loop(k.index(0), k.index(problem.outChannels), 1,
                 [&](Value channel) {
                   emitChannel(k, emission.fusion, conv, problem, channel);
                 });
        });
    return success();
  }

private:
  static void emitChannel(KernelBody &k, seg::FusionOp fusion, seg::ConvOp conv,
                          const ConvProblem &problem, Value channel) {
    SmallVector<Value> at = k.delinearize(
        k.task(), {0, problem.out[0], problem.out[1], problem.out[2]});
    Value zero = k.zeroVector(1);
    Value sum = zero;
    if (Value bias = conv.getBias())
      sum = k.load(inputOf(k, bias), channel, 1);
    // Loops over the taps of the three dimensions, then over the channels.
    auto taps = k.loop(
        k.index(0), k.index(product(problem.taps) * problem.inChannels), 1, sum,
        [&](Value step, ValueRange sums) -> SmallVector<Value> {
          SmallVector<Value> tap = k.delinearize(
              step, {0, problem.taps[1], problem.taps[2], problem.inChannels});
          Value inside, position = at[0];
          for (unsigned d = 0; d < 3; ++d) {
            Value in = k.sub(k.add(k.mul(at[d + 1], problem.strides[d]),
                                   k.mul(tap[d], problem.dilations[d])),
                             problem.low[d]);
            Value within = k.both(k.less(k.index(-1), in),
                                  k.less(in, k.index(problem.in[d])));
            inside = inside ? k.both(inside, within) : within;
            position = k.add(k.mul(position, problem.in[d]), in);
          }
          Value input = k.ifElse(
              inside,
              [&] {
                return k.load(
                    inputOf(k, conv.getInput()),
                    k.add(k.mul(position, problem.inChannels), tap[3]), 1);
              },
              [&] { return k.zeroVector(1); });
          Value number = k.div(step, problem.inChannels);
          Value filter =
              k.load(inputOf(k, conv.getFilter()),
                     k.add(k.mul(number, problem.filterTapStride),
                           k.add(k.mul(tap[3], problem.filterInStride),
                                 k.mul(channel, problem.filterOutStride))),
                     1);
          return {math::FmaOp::create(k.builder(), k.loc(), input, filter,
                                      sums[0])};
        });
    RankedTensorType space = conv.getOutput().getType();
    PointwiseEmitter(k, fusion, space)
        .emit({k.task(), at[0], channel}, 1, Value(),
              {{conv.getOutput(), taps[0]}});
  }
};

/// Softmax. A task computes one pixel with three loops over its channels.
struct SoftmaxModel : KernelModel {
  bool computes(OperationName root) const override {
    return root.getTypeID() == TypeID::get<seg::SoftmaxOp>();
  }
  LogicalResult emit(KernelEmission &emission) const override {
    auto softmax = cast<seg::SoftmaxOp>(emission.fusion.getRoot());
    RankedTensorType type = softmax.getInput().getType();
    int64_t channels = type.getShape().back(),
            pixels = type.getNumElements() / channels / type.getDimSize(0);
    FusionEmitter(emission).launch({0, pixels}, 0, [&](KernelBody &k) {
      seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(1));
      Value first = k.mul(k.task(), channels),
            input = inputOf(k, softmax.getInput()),
            output = outputOf(k, softmax.getOutput());
      auto fold = [&](Value from,
                      llvm::function_ref<Value(Value, Value)> step) {
        return k.loop(k.index(0), k.index(channels), 1, {from},
                      [&](Value c, ValueRange so) -> SmallVector<Value> {
                        return {step(so[0], k.load(input, k.add(first, c), 1))};
                      })[0];
      };
      Value largest = fold(k.load(input, first, 1),
                           [&](Value so, Value x) { return m.max(so, x); });
      Value sum = fold(k.zeroVector(1), [&](Value so, Value x) {
        return m.add(so, m.exp(m.sub(x, largest)));
      });
      k.loop(k.index(0), k.index(channels), 1, [&](Value c) {
        Value x = k.load(input, k.add(first, c), 1);
        k.store(m.div(m.exp(m.sub(x, largest)), sum), output, k.add(first, c));
      });
    });
    return success();
  }
};

/// Pointwise fusions. A task computes one element.
struct PointwiseModel : KernelModel {
  LogicalResult emit(KernelEmission &emission) const override {
    FailureOr<PointwiseSpace> space = pointwiseSpace(emission.fusion);
    if (failed(space))
      return failure();
    int64_t size = space->type.getNumElements(),
            samples = space->batched ? space->type.getDimSize(0) : 1,
            channels =
                space->type.getRank() ? space->type.getShape().back() : 1;
    TaskCount tasks =
        space->batched ? TaskCount{0, size / samples} : TaskCount{size, 0};
    FusionEmitter(emission).launch(tasks, 0, [&](KernelBody &k) {
      Value pixel = k.div(k.task(), channels);
      PointwiseEmitter(k, emission.fusion, space->type)
          .emit({pixel, k.div(k.task(), size / samples),
                 k.rem(k.task(), channels)},
                1, Value());
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// The backend
//===----------------------------------------------------------------------===//

class ToyBackend : public TargetBackend {
public:
  ToyBackend() : TargetBackend("toy", {onlyVersion()}, allModels()) {}

  const KernelModel &pointwiseModel() const override { return pointwise; }
  void registerDialects(DialectRegistry &registry) const override {
    registerKernelDialects(registry);
  }
  void populateLowering(OpPassManager &manager) const override {
    populateKernelsToLLVM(manager, ConvertVectorToLLVMPassOptions());
  }
  llvm::Expected<SerializedKernels>
  serialize(ModuleOp kernels, const TargetVersion &,
            const SerializeOptions &options) const override {
    OwningOpRef<ModuleOp> module = kernels.clone();
    llvm::LLVMContext context;
    auto code = translate(*module, context);
    if (!code)
      return code.takeError();
    auto machine = createTargetMachine((*code)->getTargetTriple());
    if (!machine)
      return machine.takeError();
    optimizeModule(**code, **machine, options.optLevel);
    auto bytes = emitMachineCode(**code, **machine, options.assembly);
    if (!bytes)
      return bytes.takeError();
    return SerializedKernels{{std::move(*bytes)}, {}};
  }
  llvm::Expected<std::unique_ptr<LoadedKernels>>
  load(ModuleOp kernels, const TargetVersion &) const override {
    auto context = std::make_unique<llvm::LLVMContext>();
    auto code = translate(kernels, *context);
    if (!code)
      return code.takeError();
    auto machine = createTargetMachine((*code)->getTargetTriple());
    if (!machine)
      return machine.takeError();
    return JitKernels::create(std::move(context), std::move(*code), **machine);
  }

private:
  static std::shared_ptr<const TargetVersion> onlyVersion() {
    auto version = std::make_shared<TargetVersion>();
    version->name = "scalar";
    version->peakFlops = 1e9, version->bytesPerSecond = 1e9;
    return version;
  }
  static KernelModels allModels() {
    KernelModels models;
    models.push_back(std::make_unique<ConvModel>());
    models.push_back(std::make_unique<SoftmaxModel>());
    return models;
  }

  /// Lowers the kernels in place and translates them to LLVM IR.
  llvm::Expected<std::unique_ptr<llvm::Module>>
  translate(ModuleOp kernels, llvm::LLVMContext &context) const {
    PassManager manager(kernels.getContext());
    populateLowering(manager);
    std::unique_ptr<llvm::Module> code;
    if (succeeded(manager.run(kernels)))
      code = translateModuleToLLVMIR(kernels, context);
    if (!code)
      return llvm::createStringError("lowering failed");
    code->setTargetTriple(llvm::Triple(llvm::sys::getDefaultTargetTriple()));
    return code;
  }

  PointwiseModel pointwise;
};

} // namespace

void registerToyBackend() {
  registerTargetBackend(std::make_unique<ToyBackend>());
}

} // namespace segc::test
