//===- EmulatedKernelsTest.cpp - Kernels of a GPU on the host -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels in the NVVM dialect, through the backend `cuda-emulated`: what they
// compute, and that a kernel with a fault is reported with its operation.

#include "KernelTest.h"

#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <numeric>

using namespace mlir;
using namespace segc;
using segc::test::kernelRegistry;
using segc::test::targetOf;
using testing::HasSubstr;

namespace {

/// A kernel of two operands of 64 floats, for 64 threads.
std::string kernelText(llvm::StringRef body) {
  return (R"(gpu.module @kernels {
  llvm.mlir.global external @segc_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
  llvm.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %n: i64) attributes {gpu.kernel, nvvm.kernel} {
    %t = nvvm.read.ptx.sreg.tid.x : i32
    %s = llvm.mlir.addressof @segc_shared : !llvm.ptr<3>
    %one = llvm.mlir.constant(1 : i32) : i32
    %all = llvm.mlir.constant(-1 : i32) : i32
    %last = llvm.mlir.constant(31 : i32) : i32
    %63 = llvm.mlir.constant(63 : i32) : i32
    %from = llvm.getelementptr %in[%t] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    %to = llvm.getelementptr %out[%t] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    %own = llvm.getelementptr %s[%t] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %r = llvm.sub %63, %t : i32
    %other = llvm.getelementptr %s[%r] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
)" + body +
          R"(
    llvm.return
  }
}
)")
      .str();
}

class EmulatedKernels : public testing::Test {
protected:
  EmulatedKernels() { std::iota(std::begin(in), std::end(in), 0); }

  /// Runs the kernel with all interleavings. Returns the error of the first
  /// that has one.
  std::string run(llvm::StringRef body, int64_t sharedBytes = 4096) {
    MLIRContext context(kernelRegistry(), MLIRContext::Threading::DISABLED);
    context.loadAllAvailableDialects();
    auto module = parseSourceString<ModuleOp>(kernelText(body), &context);
    if (!module)
      return "cannot parse the kernel";
    Target target = targetOf("sm_80");
    auto library = target.backend->load(*module, *target.version);
    if (!library)
      return llvm::toString(library.takeError());
    auto task = (*library)->lookup("k");
    if (!task)
      return llvm::toString(task.takeError());
    void *buffers[] = {in, out};
    uint64_t bytes[] = {sizeof(in), sizeof(out)};
    TaskCall call;
    call.buffers = buffers;
    call.bytes = bytes;
    call.tasks = 1;
    call.threads = 64;
    call.sharedBytes = sharedBytes;
    EXPECT_EQ(target.backend->interleavings(), 8u);
    for (; call.interleaving < target.backend->interleavings();
         ++call.interleaving) {
      if (isCounted)
        call.counts = &(counts = {});
      if (Status status = (*task)(call); !status.ok())
        return status.message();
    }
    return "";
  }

  alignas(64) float in[64], out[64] = {};
  bool isCounted = false;
  KernelCounts counts; ///< Of the last run.
};

constexpr llvm::StringLiteral store = R"(
    %v = llvm.load %from : !llvm.ptr -> f32
    llvm.store %v, %own : f32, !llvm.ptr<3>)";
constexpr llvm::StringLiteral load = R"(
    %w = llvm.load %other : !llvm.ptr<3> -> f32
    llvm.store %w, %to : f32, !llvm.ptr)";

TEST_F(EmulatedKernels, ReverseABlock) {
  EXPECT_EQ(run((store + "\nnvvm.barrier0\n" + load).str()), "");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(out[i], 63 - i);
}

// The lanes of a warp share sectors of 32 bytes.
TEST_F(EmulatedKernels, AccessesAreCounted) {
  isCounted = true;
  EXPECT_EQ(run((store + "\nnvvm.barrier0\n" + load).str()), "");
  EXPECT_EQ(counts.globalBytesRead, 256u);
  EXPECT_EQ(counts.globalSectorsRead, 8u);
  EXPECT_EQ(counts.globalBytesWritten, 256u);
  EXPECT_EQ(counts.globalSectorsWritten, 8u);
  EXPECT_EQ(counts.sharedBytesRead, 256u);
  EXPECT_EQ(counts.sharedBytesWritten, 256u);
  EXPECT_EQ(counts.tensorFlops, 0u);
  // Every lane reads the same element.
  EXPECT_EQ(run(R"(%v = llvm.load %in : !llvm.ptr -> f32
    llvm.store %v, %to : f32, !llvm.ptr)"),
            "");
  EXPECT_EQ(counts.globalBytesRead, 256u);
  EXPECT_EQ(counts.globalSectorsRead, 2u) << "one for each warp";
}

TEST_F(EmulatedKernels, AMissingBarrierIsReported) {
  EXPECT_THAT(run((store + load).str()),
              testing::AllOf(HasSubstr("kernel k, block 0, thread "),
                             HasSubstr("llvm.load #"),
                             HasSubstr("of shared memory, which nobody has "
                                       "written")));
}

TEST_F(EmulatedKernels, AnAccessBehindAnOperandIsReported) {
  EXPECT_THAT(
      run(R"(%next = llvm.getelementptr %from[1] : (!llvm.ptr) -> !llvm.ptr, f32
    %v = llvm.load %next : !llvm.ptr -> f32
    llvm.store %v, %to : f32, !llvm.ptr)"),
      testing::AllOf(HasSubstr("thread 63: llvm.load #"),
                     HasSubstr("reads 4 bytes at byte 256 of operand 0, which "
                               "has 256")));
}

TEST_F(EmulatedKernels, AnAccessBeforeAnOperandIsReported) {
  EXPECT_THAT(
      run(R"(%before = llvm.getelementptr %to[-1] : (!llvm.ptr) -> !llvm.ptr, f32
    %v = llvm.load %from : !llvm.ptr -> f32
    llvm.store %v, %before : f32, !llvm.ptr)"),
      testing::AllOf(HasSubstr("thread 0: llvm.store #"),
                     HasSubstr("writes 4 bytes at byte -4 of operand 1")));
}

TEST_F(EmulatedKernels, ConflictsInGlobalMemoryAreReported) {
  EXPECT_THAT(run(R"(%v = llvm.load %from : !llvm.ptr -> f32
    llvm.store %v, %out : f32, !llvm.ptr)"),
              HasSubstr("thread 1: llvm.store #"));
  EXPECT_THAT(run(R"(%v = llvm.load %from : !llvm.ptr -> f32
    llvm.store %v, %to : f32, !llvm.ptr
    %next = llvm.getelementptr %out[%r] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    %w = llvm.load %next : !llvm.ptr -> f32
    llvm.store %w, %own : f32, !llvm.ptr<3>)"),
              HasSubstr("without a barrier between"));
}

TEST_F(EmulatedKernels, AMisalignedVectorIsReported) {
  EXPECT_THAT(
      run(R"(%v = llvm.load %in : !llvm.ptr -> vector<4xf32>
    %odd = llvm.getelementptr %out[1] : (!llvm.ptr) -> !llvm.ptr, f32
    llvm.store %v, %odd : vector<4xf32>, !llvm.ptr)"),
      HasSubstr("writes 16 bytes at an address that is no multiple of 16"));
}

TEST_F(EmulatedKernels, SharedMemoryOfTheLaunchHasBounds) {
  EXPECT_THAT(run((store + "\nnvvm.barrier0\n" + load).str(), 252),
              HasSubstr("writes 4 bytes at byte 252 of shared memory, which "
                        "has 252"));
}

TEST_F(EmulatedKernels, ADivergentBarrierIsReported) {
  EXPECT_THAT(run(R"(%c = llvm.icmp "ult" %t, %63 : i32
    llvm.cond_br %c, ^then, ^rest
  ^then:
    nvvm.barrier0
    llvm.br ^rest
  ^rest:)"),
              HasSubstr("divergent barrier: 63 threads wait at nvvm.barrier0"));
}

TEST_F(EmulatedKernels, ShufflesAndVotes) {
  EXPECT_EQ(run(R"(%v = llvm.load %from : !llvm.ptr -> f32
    %x = nvvm.shfl.sync bfly %all, %v, %one, %last : f32 -> f32
    %p = nvvm.shfl.sync down %all, %x, %one, %last {return_value_and_is_valid} : f32 -> !llvm.struct<(f32, i1)>
    %y = llvm.extractvalue %p[0] : !llvm.struct<(f32, i1)>
    %valid = llvm.extractvalue %p[1] : !llvm.struct<(f32, i1)>
    %ballot = nvvm.vote.sync ballot %all, %valid -> i32
    %bits = llvm.intr.ctpop(%ballot) : (i32) -> i32
    %count = llvm.sitofp %bits : i32 to f32
    %z = llvm.fadd %y, %count : f32
    llvm.store %z, %to : f32, !llvm.ptr)"),
            "");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(out[i], ((i % 32 == 31 ? i : i + 1) ^ 1) + 31) << i;
}

// Each thread copies an element of its own; the copy must be waited for.
TEST_F(EmulatedKernels, AsynchronousCopies) {
  std::string copy = R"(
    %g = llvm.addrspacecast %from : !llvm.ptr to !llvm.ptr<1>
    nvvm.cp.async.shared.global %own, %g, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    )",
              end = ("\nnvvm.barrier0\n" + load).str();
  EXPECT_EQ(run(copy + "nvvm.cp.async.wait.group 0" + end), "");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(out[i], 63 - i);
  EXPECT_THAT(run(copy + "nvvm.cp.async.wait.group 1" + end),
              HasSubstr("which an asynchronous copy of thread"));
}

// Each warp multiplies a matrix of ones by one of twos.
TEST_F(EmulatedKernels, TensorCores) {
  isCounted = true;
  EXPECT_EQ(run(R"(%c = llvm.mlir.constant(0.0 : f32) : f32
    %a = llvm.mlir.constant(0x3f803f80 : i32) : i32
    %b = llvm.mlir.constant(0x40004000 : i32) : i32
    %d = nvvm.mma.sync A[%a, %a, %a, %a] B[%b, %b] C[%c, %c, %c, %c]
      {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>,
       multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>,
       shape = #nvvm.shape<m = 16, n = 8, k = 16>}
      : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    %x = llvm.extractvalue %d[3] : !llvm.struct<(f32, f32, f32, f32)>
    llvm.store %x, %to : f32, !llvm.ptr)"),
            "");
  EXPECT_THAT(out, testing::Each(32.0f));
  EXPECT_EQ(counts.tensorFlops, 2u * 2 * 16 * 8 * 16);
}

// A row of a matrix is eight elements of 16 bits; a lane gets two of them.
TEST_F(EmulatedKernels, LoadMatrix) {
  EXPECT_EQ(run(R"(llvm.store %t, %own : i32, !llvm.ptr<3>
    nvvm.barrier0
    %seven = llvm.mlir.constant(7 : i32) : i32
    %four = llvm.mlir.constant(4 : i32) : i32
    %i = llvm.and %t, %seven : i32
    %j = llvm.mul %i, %four : i32
    %row = llvm.getelementptr %s[%j] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %m = nvvm.ldmatrix %row {num = 1 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> i32
    %x = llvm.sitofp %m : i32 to f32
    llvm.store %x, %to : f32, !llvm.ptr)"),
            "");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(out[i], i % 32);
}

} // namespace
