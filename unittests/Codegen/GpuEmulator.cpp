//===- GpuEmulator.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuEmulator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Verifier.h"
#include "segc/Codegen/CPU/LowerToLLVM.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include <algorithm>
#include <numeric>
#include <random>
#include <ucontext.h>

using namespace mlir;

namespace segc::test {

static constexpr llvm::StringLiteral threadName = "segc_emulated_thread";
static constexpr llvm::StringLiteral barrierName = "segc_emulated_barrier";

//===----------------------------------------------------------------------===//
// Threads of a block
//===----------------------------------------------------------------------===//

namespace {

/// Runs the threads of a block as fibers on the caller's thread.
class EmulatedBlock {
public:
  EmulatedBlock(int64_t threads, std::function<void()> kernel)
      : kernel(std::move(kernel)), fibers(threads) {}

  /// `next` orders the threads of each phase between barriers. Returns false if
  /// some threads end where others wait.
  bool run(llvm::function_ref<void(std::vector<int64_t> &)> next);

  static int64_t thread() { return current->running; }
  static void barrier() {
    EmulatedBlock &block = *current;
    swapcontext(&block.fibers[block.running].context, &block.scheduler);
  }

private:
  static constexpr size_t stackBytes = 64 << 10;
  struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack{new char[stackBytes]};
    bool done = false;
  };
  static void start() {
    EmulatedBlock &block = *current;
    block.kernel();
    block.fibers[block.running].done = true;
  }

  static thread_local EmulatedBlock *current;
  std::function<void()> kernel;
  std::vector<Fiber> fibers;
  ucontext_t scheduler;
  int64_t running = 0;
};

thread_local EmulatedBlock *EmulatedBlock::current = nullptr;

bool EmulatedBlock::run(llvm::function_ref<void(std::vector<int64_t> &)> next) {
  current = this;
  for (Fiber &fiber : fibers) {
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = stackBytes;
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, start, 0);
  }
  std::vector<int64_t> order(fibers.size());
  std::iota(order.begin(), order.end(), 0);
  while (true) {
    next(order);
    for (int64_t thread : order) {
      running = thread;
      swapcontext(&scheduler, &fibers[thread].context);
    }
    size_t done = llvm::count_if(fibers, [](Fiber &f) { return f.done; });
    if (done)
      return done == fibers.size();
  }
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Returns the memref of a kernel's shared memory; null if it has none.
memref::ViewOp sharedMemoryOf(gpu::GPUFuncOp kernel) {
  memref::ViewOp found;
  kernel.walk([&](memref::ViewOp view) { found = view; });
  return found;
}

/// Makes a kernel with the signature of the CPU's: the block is the task,
/// shared memory is the scratch, threads and barriers are calls. The body of
/// the GPU's kernel is moved.
func::FuncOp toCpuKernel(gpu::GPUFuncOp kernel, OpBuilder &b) {
  Location loc = kernel.getLoc();
  Type index = b.getIndexType();
  Region &body = kernel.getBody();
  Block &entry = body.front();
  unsigned batch = kernel.getNumArguments() - 1;
  memref::ViewOp shared = sharedMemoryOf(kernel);
  Value scratch = entry.addArgument(
      MemRefType::get({shared ? shared.getType().getDimSize(0) : 0},
                      b.getF32Type()),
      loc);
  if (shared) {
    Value memory = shared.getSource();
    shared.replaceAllUsesWith(scratch);
    shared.erase();
    memory.getDefiningOp()->erase();
  }
  // The arguments are inputs, outputs, temporary, scratch, batch and task.
  BlockArgument oldBatch = entry.getArgument(batch);
  BlockArgument newBatch = entry.addArgument(index, loc);
  oldBatch.replaceAllUsesWith(newBatch);
  entry.eraseArgument(batch);
  Value task = entry.addArgument(index, loc);

  body.walk([&](Operation *op) {
    OpBuilder inner(op);
    if (isa<gpu::BlockIdOp>(op)) {
      op->replaceAllUsesWith(ValueRange(task));
    } else if (isa<gpu::ThreadIdOp>(op)) {
      op->replaceAllUsesWith(
          func::CallOp::create(inner, loc, threadName, TypeRange(index)));
    } else if (isa<gpu::BarrierOp>(op)) {
      func::CallOp::create(inner, loc, barrierName, TypeRange());
    } else if (isa<gpu::ReturnOp>(op)) {
      func::ReturnOp::create(inner, loc);
    } else {
      return;
    }
    op->erase();
  });
  auto function = func::FuncOp::create(
      b, loc, kernel.getName(),
      b.getFunctionType(entry.getArgumentTypes(), TypeRange()));
  function.getBody().takeBody(body);
  return function;
}

struct Launch {
  std::string symbol;
  TaskCount tasks;
  int64_t threads, sharedFloats;
  LoadedKernels::Task call = nullptr;
};

Launch launchOf(gpu::GPUFuncOp kernel) {
  ArrayRef<int64_t> tasks =
      kernel->getAttrOfType<DenseI64ArrayAttr>(tasksAttrName).asArrayRef();
  memref::ViewOp shared = sharedMemoryOf(kernel);
  return {kernel.getName().str(),
          {tasks[0], tasks[1]},
          kernel.getKnownBlockSize()->front(),
          shared ? shared.getType().getDimSize(0) : 0};
}

} // namespace

//===----------------------------------------------------------------------===//
// Compiling and running
//===----------------------------------------------------------------------===//

struct GpuEmulator::Implementation {
  std::string text;
  std::unique_ptr<LoadedKernels> library;
  std::vector<llvm::SmallVector<Launch>> fusions;
  std::vector<int64_t> tempFloats;
  Type f32;
};

GpuEmulator::GpuEmulator() : self(std::make_unique<Implementation>()) {}
GpuEmulator::~GpuEmulator() = default;
StringRef GpuEmulator::text() const { return self->text; }

static OwningOpRef<ModuleOp> toCpuModule(gpu::GPUModuleOp kernels) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(kernels.getLoc());
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto declare = [&](StringRef name, FunctionType type) {
    func::FuncOp::create(b, kernels.getLoc(), name, type).setPrivate();
  };
  declare(threadName, b.getFunctionType({}, b.getIndexType()));
  declare(barrierName, b.getFunctionType({}, {}));
  for (auto kernel : kernels.getOps<gpu::GPUFuncOp>())
    toCpuKernel(kernel, b);
  return module;
}

llvm::Expected<std::unique_ptr<GpuEmulator>>
GpuEmulator::compile(ArrayRef<seg::FusionOp> fusions, const Target &target) {
  std::unique_ptr<GpuEmulator> emulator(new GpuEmulator);
  Implementation &self = *emulator->self;
  MLIRContext *context = fusions.front()->getContext();
  self.f32 = Float32Type::get(context);
  OpBuilder b(context);
  OwningOpRef<gpu::GPUModuleOp> kernels =
      gpu::GPUModuleOp::create(b, b.getUnknownLoc(), "kernels");
  for (seg::FusionOp fusion : fusions) {
    if (fusion.getRoot() && !fusion.getStrategyAttr())
      if (seg::StrategyAttr strategy = selectStrategy(fusion, {target}))
        fusion.setStrategyAttr(strategy);
    KernelEmission emission{fusion, OpBuilder::atBlockEnd(kernels->getBody()),
                            "k" + std::to_string(self.fusions.size()),
                            *target.version};
    if (failed(target.backend->emitKernels(emission)))
      return llvm::createStringError("emission failed");
    auto functions =
        llvm::map_to_vector(emission.kernels, [](const EmittedKernel &kernel) {
          return cast<gpu::GPUFuncOp>(kernel.function);
        });
    self.fusions.push_back(llvm::map_to_vector(functions, launchOf));
    gpu::GPUFuncOp first = functions.front();
    unsigned temp = first.getNumArguments() - 2;
    self.tempFloats.push_back(
        cast<MemRefType>(first.getArgumentTypes()[temp]).getNumElements());
  }
  if (failed(verify(*kernels)))
    return llvm::createStringError("the kernels are not valid");
  llvm::raw_string_ostream(self.text) << *kernels;

  OwningOpRef<ModuleOp> module = toCpuModule(*kernels);
  std::pair<StringRef, void *> functions[] = {
      {threadName, reinterpret_cast<void *>(&EmulatedBlock::thread)},
      {barrierName, reinterpret_cast<void *>(&EmulatedBlock::barrier)}};
  auto library = loadKernels(*module, *lookupCpuTarget("x86-64-v3"), functions);
  if (!library)
    return library.takeError();
  self.library = std::move(*library);
  for (auto &launches : self.fusions)
    for (Launch &launch : launches) {
      auto entry = self.library->lookup(launch.symbol);
      if (!entry)
        return entry.takeError();
      launch.call = *entry;
    }
  return emulator;
}

bool GpuEmulator::run(size_t fusion, ArrayRef<void *> operands, int64_t batch,
                      KernelRunner::Order order) {
  std::mt19937 generator(5);
  auto arrange = [&](std::vector<int64_t> &numbers) {
    llvm::sort(numbers);
    if (order == KernelRunner::Order::Reverse)
      std::reverse(numbers.begin(), numbers.end());
    else if (order == KernelRunner::Order::TwoThreads)
      std::shuffle(numbers.begin(), numbers.end(), generator);
  };
  GuardedBuffer temporary(self->tempFloats[fusion], self->f32);
  bool sound = true;
  for (const Launch &launch : self->fusions[fusion]) {
    std::vector<int64_t> tasks(launch.tasks.fixed +
                               launch.tasks.perSample * batch);
    std::iota(tasks.begin(), tasks.end(), 0);
    arrange(tasks);
    for (int64_t task : tasks) {
      GuardedBuffer shared(launch.sharedFloats, self->f32);
      std::vector<void *> buffers(operands.begin(), operands.end());
      buffers.push_back(temporary.data());
      buffers.push_back(shared.data());
      EmulatedBlock block(launch.threads,
                          [&] { launch.call(buffers.data(), batch, task); });
      sound &= block.run(arrange) && shared.guardsIntact();
    }
  }
  return sound && temporary.guardsIntact();
}

} // namespace segc::test
