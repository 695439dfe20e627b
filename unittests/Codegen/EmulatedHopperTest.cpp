//===- EmulatedHopperTest.cpp - TMA, mbarriers and wgmma on the host ------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A product of matrices in the NVVM dialect: one warp loads tiles by tensor
// copies, a warpgroup multiplies them. Each operation that orders them is
// deleted in turn, and the emulator reports each deletion.

#include "KernelTest.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;
using segc::test::kernelRegistry;
using segc::test::targetOf;
using testing::HasSubstr;

namespace {

constexpr int64_t rows = 64, columns = 16, depth = 256, stageDepth = 64;

// Factors are bf16, their rows contiguous. A stage has 64 x 64 elements of A
// and 16 x 64 of B; mbarriers lie behind the two stages.
constexpr llvm::StringLiteral product = R"(
!acc = !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32)>
gpu.module @kernels {
  llvm.mlir.global external @segc_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
  llvm.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %n: i64, %a: !llvm.ptr, %b: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    %t = nvvm.read.ptx.sreg.tid.x : i32
    %s = llvm.mlir.addressof @segc_shared : !llvm.ptr<3>
    %0 = llvm.mlir.constant(0 : i32) : i32
    %1 = llvm.mlir.constant(1 : i32) : i32
    %2 = llvm.mlir.constant(2 : i32) : i32
    %3 = llvm.mlir.constant(3 : i32) : i32
    %4 = llvm.mlir.constant(4 : i32) : i32
    %5 = llvm.mlir.constant(5 : i32) : i32
    %16 = llvm.mlir.constant(16 : i32) : i32
    %31 = llvm.mlir.constant(31 : i32) : i32
    %64 = llvm.mlir.constant(64 : i32) : i32
    %128 = llvm.mlir.constant(128 : i32) : i32
    %stage = llvm.mlir.constant(10240 : i32) : i32
    %ticks = llvm.mlir.constant(10000000 : i32) : i32
    %lane = llvm.and %t, %31 : i32
    %isFirst = llvm.icmp "eq" %t, %0 : i32
    %isLane0 = llvm.icmp "eq" %lane, %0 : i32
    llvm.cond_br %isFirst, ^init, ^start
  ^init:
    %f0 = llvm.getelementptr %s[20480] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %e0 = llvm.getelementptr %s[20488] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %f1 = llvm.getelementptr %s[20496] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %e1 = llvm.getelementptr %s[20504] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    nvvm.mbarrier.init %f0, %1 : !llvm.ptr<3>, i32
    nvvm.mbarrier.init %e0, %4 : !llvm.ptr<3>, i32
    nvvm.mbarrier.init %f1, %1 : !llvm.ptr<3>, i32
    nvvm.mbarrier.init %e1, %4 : !llvm.ptr<3>, i32
    nvvm.fence.mbarrier.init
    llvm.br ^start
  ^start:
    nvvm.barrier0
    %multiplies = llvm.icmp "ult" %t, %128 : i32
    llvm.cond_br %multiplies, ^multiply, ^producer
  ^producer:
    llvm.cond_br %isLane0, ^load(%0 : i32), ^end
  ^load(%i: i32):
    %ls = llvm.and %i, %1 : i32
    %lh = llvm.lshr %i, %1 : i32
    %lp = llvm.and %lh, %1 : i32
    %lq = llvm.xor %lp, %1 : i32
    %lb = llvm.mul %ls, %16 : i32
    %lo = llvm.mul %ls, %stage : i32
    %lbarriers = llvm.getelementptr %s[20480] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %lfull = llvm.getelementptr %lbarriers[%lb] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
    %lempty = llvm.getelementptr %lfull[8] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    nvvm.mbarrier.try_wait.parity %lempty, %lq, %ticks : !llvm.ptr<3>, i32, i32
    nvvm.mbarrier.arrive.expect_tx %lfull, %stage : !llvm.ptr<3>, i32
    %la = llvm.getelementptr %s[%lo] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
    %lt = llvm.getelementptr %la[8192] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %ta = llvm.addrspacecast %la : !llvm.ptr<3> to !llvm.ptr<7>
    %tb = llvm.addrspacecast %lt : !llvm.ptr<3> to !llvm.ptr<7>
    %x = llvm.mul %i, %64 : i32
    nvvm.cp.async.bulk.tensor.shared.cluster.global %ta, %a, %lfull, box [%x, %0] : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %tb, %b, %lfull, box [%x, %0] : !llvm.ptr<7>, !llvm.ptr
    %inext = llvm.add %i, %1 : i32
    %imore = llvm.icmp "ult" %inext, %4 : i32
    llvm.cond_br %imore, ^load(%inext : i32), ^end
  ^multiply:
    %zero = llvm.mlir.zero : !acc
    llvm.br ^step(%0, %zero : i32, !acc)
  ^step(%k: i32, %acc: !acc):
    %cs = llvm.and %k, %1 : i32
    %ch = llvm.lshr %k, %1 : i32
    %cp = llvm.and %ch, %1 : i32
    %cb = llvm.mul %cs, %16 : i32
    %co = llvm.mul %cs, %stage : i32
    %barriers = llvm.getelementptr %s[20480] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %full = llvm.getelementptr %barriers[%cb] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
    %empty = llvm.getelementptr %full[8] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    nvvm.mbarrier.try_wait.parity %full, %cp, %ticks : !llvm.ptr<3>, i32, i32
    %ca = llvm.getelementptr %s[%co] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
    %ai = llvm.ptrtoint %ca : !llvm.ptr<3> to i32
    %mask = llvm.mlir.constant(262143 : i32) : i32
    %am = llvm.and %ai, %mask : i32
    %as = llvm.lshr %am, %4 : i32
    %az = llvm.zext %as : i32 to i64
    // 128 bytes of swizzle; 1024 bytes from 8 rows to the next 8.
    %fields = llvm.mlir.constant(4611686293305294848 : i64) : i64
    %descA = llvm.or %az, %fields : i64
    %toB = llvm.mlir.constant(512 : i64) : i64
    %descB = llvm.add %descA, %toB : i64
    %d1 = llvm.mlir.constant(2 : i64) : i64
    %a1 = llvm.add %descA, %d1 : i64
    %a2 = llvm.add %a1, %d1 : i64
    %a3 = llvm.add %a2, %d1 : i64
    %b1 = llvm.add %descB, %d1 : i64
    %b2 = llvm.add %b1, %d1 : i64
    %b3 = llvm.add %b2, %d1 : i64
    nvvm.wgmma.fence.aligned
    %r0 = nvvm.wgmma.mma_async %descA, %descB, %acc, #nvvm.shape<m = 64, n = 16, k = 16>, D [<f32>, #nvvm.wgmma_scale_out<one>], A [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<row>], B [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<col>] : !acc -> !acc
    %r1 = nvvm.wgmma.mma_async %a1, %b1, %r0, #nvvm.shape<m = 64, n = 16, k = 16>, D [<f32>, #nvvm.wgmma_scale_out<one>], A [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<row>], B [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<col>] : !acc -> !acc
    %r2 = nvvm.wgmma.mma_async %a2, %b2, %r1, #nvvm.shape<m = 64, n = 16, k = 16>, D [<f32>, #nvvm.wgmma_scale_out<one>], A [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<row>], B [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<col>] : !acc -> !acc
    %r3 = nvvm.wgmma.mma_async %a3, %b3, %r2, #nvvm.shape<m = 64, n = 16, k = 16>, D [<f32>, #nvvm.wgmma_scale_out<one>], A [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<row>], B [<bf16>, #nvvm.wgmma_scale_in<one>, #nvvm.mma_layout<col>] : !acc -> !acc
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 0
    llvm.cond_br %isLane0, ^release, ^next
  ^release:
    %state = nvvm.mbarrier.arrive %empty : !llvm.ptr<3> -> i64
    llvm.br ^next
  ^next:
    %knext = llvm.add %k, %1 : i32
    %more = llvm.icmp "ult" %knext, %4 : i32
    llvm.cond_br %more, ^step(%knext, %r3 : i32, !acc), ^store
  ^store:
    %warp = llvm.lshr %t, %5 : i32
    %w16 = llvm.mul %warp, %16 : i32
    %g = llvm.lshr %lane, %2 : i32
    %row = llvm.add %w16, %g : i32
    %m = llvm.and %lane, %3 : i32
    %m2 = llvm.mul %m, %2 : i32
    %start = llvm.mul %row, %16 : i32
    %place = llvm.add %start, %m2 : i32
    %to = llvm.getelementptr %out[%place] : (!llvm.ptr, i32) -> !llvm.ptr, f32
)";

/// Stores accumulator 4 j + 2 h + i in row 8 h and column 8 j + i from `to`.
std::string productText() {
  std::string text = product.str();
  for (int i = 0; i < columns / 2; ++i) {
    std::string n = std::to_string(i);
    text += "    %v" + n + " = llvm.extractvalue %r3[" + n +
            "] : !acc\n    %p" + n + " = llvm.getelementptr %to[" +
            std::to_string(i / 2 % 2 * 8 * columns + i / 4 * 8 + i % 2) +
            "] : (!llvm.ptr) -> !llvm.ptr, f32\n    llvm.store %v" + n +
            ", %p" + n + " : f32, !llvm.ptr\n";
  }
  return text + "    llvm.br ^end\n  ^end:\n    llvm.return\n  }\n}\n";
}

bool ordersWork(Operation *op) {
  return isa<NVVM::Barrier0Op, NVVM::MBarrierInitOp, NVVM::FenceMbarrierInitOp,
             NVVM::MBarrierTryWaitParityOp, NVVM::MBarrierArriveExpectTxOp,
             NVVM::MBarrierArriveOp, NVVM::WgmmaFenceAlignedOp,
             NVVM::WgmmaGroupSyncAlignedOp, NVVM::WgmmaWaitGroupSyncOp>(op);
}

class EmulatedHopper : public testing::Test {
protected:
  EmulatedHopper()
      : context(kernelRegistry(), MLIRContext::Threading::DISABLED),
        in((rows + columns) * depth), out(rows * columns) {
    context.loadAllAvailableDialects();
    kernels = parseSourceString<ModuleOp>(productText(), &context);
    auto fill = [&](int64_t first, int64_t count, int factor, int modulus) {
      for (int64_t i = 0; i < count; ++i) {
        float value = static_cast<float>(i * factor % modulus);
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof(bits));
        in[first + i] = static_cast<uint16_t>(bits >> 16);
      }
    };
    fill(0, rows * depth, 5, 7);
    fill(rows * depth, columns * depth, 3, 5);
  }

  /// Runs the kernel with all interleavings, without the ordering operation of
  /// this number. Returns the error of the first that has one.
  std::string runWithout(size_t number) {
    OwningOpRef<ModuleOp> damaged = kernels->clone();
    SmallVector<Operation *> ops;
    damaged->walk([&](Operation *op) {
      if (ordersWork(op))
        ops.push_back(op);
    });
    orderingOps = ops.size();
    if (number < ops.size())
      ops[number]->erase();
    Target target = targetOf("sm_90a");
    auto library = target.backend->load(*damaged, *target.version);
    if (!library)
      return llvm::toString(library.takeError());
    auto task = (*library)->lookup("k");
    if (!task)
      return llvm::toString(task.takeError());
    segc_tensor_map maps[] = {mapOf(0, rows), mapOf(rows * depth * 2, columns)};
    void *buffers[] = {in.data(), out.data(), &maps[0], &maps[1]};
    uint64_t bytes[] = {in.size() * 2, out.size() * 4};
    TaskCall call;
    call.buffers = buffers;
    call.bytes = bytes;
    call.batch = call.tasks = 1;
    call.threads = 160;
    call.sharedBytes = 20512;
    for (; call.interleaving < target.backend->interleavings();
         ++call.interleaving) {
      counts = {};
      call.counts = &counts;
      if (Status status = (*task)(call); !status.ok())
        return status.message();
    }
    return "";
  }

  static segc_tensor_map mapOf(uint64_t offset, uint64_t rows) {
    segc_tensor_map map = {};
    map.type = SEGC_BF16;
    map.rank = map.sample_dimension = 2;
    map.swizzle = 128;
    map.offset = offset;
    map.sizes[0] = depth;
    map.sizes[1] = rows;
    map.strides[0] = 2;
    map.strides[1] = depth * 2;
    map.box[0] = stageDepth;
    map.box[1] = rows;
    map.steps[0] = map.steps[1] = 1;
    return map;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> kernels;
  std::vector<uint16_t> in;
  std::vector<float> out;
  size_t orderingOps = 0;
  KernelCounts counts; ///< Of the last run.
};

TEST_F(EmulatedHopper, MultipliesMatrices) {
  ASSERT_TRUE(kernels);
  ASSERT_EQ(runWithout(~size_t(0)), "");
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      int64_t sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += (row * depth + k) * 5 % 7 * ((column * depth + k) * 3 % 5);
      ASSERT_EQ(out[row * columns + column], sum) << row << ", " << column;
    }
  EXPECT_EQ(counts.tensorFlops, uint64_t(2) * rows * columns * depth);
  EXPECT_EQ(counts.globalBytesRead, uint64_t(rows + columns) * depth * 2);
  EXPECT_EQ(counts.globalBytesWritten, uint64_t(rows) * columns * 4);
}

TEST_F(EmulatedHopper, EachDeletionIsReported) {
  ASSERT_TRUE(kernels);
  ASSERT_EQ(runWithout(~size_t(0)), "");
  EXPECT_EQ(orderingOps, 13u);
  for (size_t i = 0; i < orderingOps; ++i)
    EXPECT_THAT(runWithout(i), HasSubstr("kernel k, block 0"))
        << "without ordering operation " << i;
}

} // namespace
