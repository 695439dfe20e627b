//===- LowerToPTX.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/LowerToPTX.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/Passes.h"
#include "segc/Codegen/GPU/GpuBackend.h"
#include "segc/Codegen/GPU/Passes.h"
#include "segc/Target/TargetBackend.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_LOWERGPUTONVVMPASS
#define GEN_PASS_DEF_WRITEPTXPASS
#include "segc/Codegen/GPU/Passes.h.inc"

namespace {

/// Shared memory is one external symbol.
struct SharedMemoryLowering
    : ConvertOpToLLVMPattern<gpu::DynamicSharedMemoryOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(gpu::DynamicSharedMemoryOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    LLVM::GlobalOp symbol =
        sharedMemorySymbol(op->getParentOfType<gpu::GPUModuleOp>());
    auto memref = MemRefDescriptor::poison(
        rewriter, loc, getTypeConverter()->convertType(op.getType()));
    Value start = LLVM::AddressOfOp::create(rewriter, loc, symbol);
    auto constant = [&](int64_t value) {
      return createIndexAttrConstant(rewriter, loc, getIndexType(), value);
    };
    memref.setAllocatedPtr(rewriter, loc, start);
    memref.setAlignedPtr(rewriter, loc, start);
    memref.setOffset(rewriter, loc, constant(0));
    memref.setSize(rewriter, loc, 0, constant(0));
    memref.setStride(rewriter, loc, 0, constant(1));
    rewriter.replaceOp(op, Value(memref));
    return success();
  }
};

struct LowerGpuToNVVMPass : impl::LowerGpuToNVVMPassBase<LowerGpuToNVVMPass> {
  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(&getContext(), options);
    configureGpuToNVVMTypeConverter(converter);
    RewritePatternSet patterns(&getContext());
    // These patterns need a higher benefit than those of
    // populateGpuToNVVMConversionPatterns, which call a library where NVPTX has
    // an instruction.
    populateMathToLLVMConversionPatterns(converter, patterns,
                                         /*approximateLog1p=*/false,
                                         /*benefit=*/10);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    vector::populateVectorMaskMaterializationPatterns(
        patterns, /*force32BitVectorIndices=*/true);
    populateGpuToNVVMConversionPatterns(converter, patterns);
    populateNVGPUToNVVMConversionPatterns(converter, patterns);
    patterns.add<SharedMemoryLowering>(converter, /*benefit=*/10);
    ConversionTarget target(getContext());
    target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
    target.addLegalOp<gpu::GPUModuleOp>();
    if (failed(
            applyFullConversion(getOperation(), target, std::move(patterns))))
      return signalPassFailure();
    for (auto kernel : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (!kernel.isExternal())
        markTensorMaps(kernel);
  }

  /// Addresses behind the numbers are those of tensor maps, passed by value:
  /// instructions take the address of the parameter.
  static void markTensorMaps(LLVM::LLVMFuncOp kernel) {
    constexpr int64_t bytes = 128, alignment = 64;
    Builder b(kernel.getContext());
    bool behind = false;
    for (BlockArgument argument : kernel.getArguments()) {
      if (argument.getType().isInteger(64)) {
        behind = true;
      } else if (behind) {
        unsigned i = argument.getArgNumber();
        kernel.setArgAttr(
            i, LLVM::LLVMDialect::getByValAttrName(),
            TypeAttr::get(LLVM::LLVMArrayType::get(b.getI8Type(), bytes)));
        kernel.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                          b.getI64IntegerAttr(alignment));
        kernel.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                          b.getUnitAttr());
      }
    }
  }
};

struct WritePTXPass : impl::WritePTXPassBase<WritePTXPass> {
  using WritePTXPassBase::WritePTXPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    for (const TargetBackend *backend : targetBackends())
      backend->registerDialects(registry);
  }

  void runOnOperation() override {
    FailureOr<Target> target =
        resolveTarget(getOperation(), (gpuBackendName + ":" + chip).str());
    if (failed(target) || failed(write(*target)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  LogicalResult write(const Target &target) {
    std::error_code error;
    llvm::ToolOutputFile file(output, error, llvm::sys::fs::OF_Text);
    if (error)
      return getOperation().emitError("cannot write ")
             << output << ": " << error.message();
    SerializeOptions asText;
    asText.assembly = true;
    auto texts =
        target.backend->serialize(getOperation(), *target.version, asText);
    if (!texts)
      return getOperation().emitError(llvm::toString(texts.takeError()));
    for (const CodeBytes &text : texts->objects)
      file.os() << StringRef(text.data(), text.size());
    file.keep();
    return success();
  }
};

} // namespace

LLVM::GlobalOp sharedMemorySymbol(gpu::GPUModuleOp kernels) {
  if (auto known = kernels.lookupSymbol<LLVM::GlobalOp>(sharedMemoryName))
    return known;
  // Upstream's is aligned to 16 bytes; swizzled tiles of tensor cores need
  // 1024.
  OpBuilder b = OpBuilder::atBlockBegin(kernels.getBody());
  return LLVM::GlobalOp::create(
      b, kernels.getLoc(),
      LLVM::LLVMArrayType::get(b.getI8Type(), /*numElements=*/0),
      /*isConstant=*/false, LLVM::Linkage::External, sharedMemoryName,
      Attribute(), /*alignment=*/1024,
      static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared));
}

void populateLowerToNVVM(OpPassManager &manager) {
  // Functions of their own are taken by several threads.
  OpPassManager &module = manager.nest<gpu::GPUModuleOp>();
  OpPassManager &kernels = module.nest<gpu::GPUFuncOp>();
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createLoopInvariantCodeMotionPass());
  kernels.addPass(createSCFToControlFlowPass());
  module.addPass(createNarrowIndicesPass());
  module.addNestedPass<gpu::GPUFuncOp>(createCSEPass());
  module.addPass(createLowerGpuToNVVMPass());
  // Descriptors of memrefs leave parts that nothing reads.
  OpPassManager &lowered = module.nest<LLVM::LLVMFuncOp>();
  lowered.addPass(createReconcileUnrealizedCastsPass());
  lowered.addPass(createCanonicalizerPass());
}

void populateEmitPTX(OpPassManager &manager, const GpuTarget &target) {
  // Instructions that LLVM has no intrinsics for become inline PTX.
  manager.nest<gpu::GPUModuleOp>().addPass(createConvertNVVMToLLVMPass());
  GpuNVVMAttachTargetOptions attach;
  attach.chip = target.name;
  attach.optLevel = 3;
  manager.addPass(createGpuNVVMAttachTarget(attach));
  GpuModuleToBinaryPassOptions binary;
  binary.compilationTarget = "isa"; // Emitting PTX does not need the CUDA
                                    // toolkit.
  manager.addPass(createGpuModuleToBinaryPass(binary));
}

} // namespace segc
