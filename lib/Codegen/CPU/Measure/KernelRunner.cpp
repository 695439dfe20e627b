//===- KernelRunner.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/KernelRunner.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "segc/Codegen/CPU/LowerToLLVM.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>
#include <cstring>
#include <thread>

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static constexpr size_t guardBytes = 256;
static constexpr uint8_t poison = 0xcd;
static constexpr uint32_t poisonFloat = 0x7fcdcdcd;

/// A NaN in f16 and in bf16.
static constexpr uint16_t poisonHalf = 0x7fcd;

static bool is16Bit(Type type) { return type.isF16() || type.isBF16(); }

static uint16_t toHalf(double value, Type type) {
  APFloat half(value);
  bool losesInfo;
  half.convert(cast<FloatType>(type).getFloatSemantics(),
               APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(half.bitcastToAPInt().getZExtValue());
}

static double fromHalf(uint16_t bits, Type type) {
  return APFloat(cast<FloatType>(type).getFloatSemantics(), APInt(16, bits))
      .convertToDouble();
}

GuardedBuffer::GuardedBuffer(int64_t elements, Type type)
    : elements(elements), type(type),
      bytes(elements * type.getIntOrFloatBitWidth() / 8),
      memory(nullptr, &std::free) {
  memory.reset(static_cast<uint8_t *>(
      std::aligned_alloc(64, (bytes + 2 * guardBytes + 63) / 64 * 64)));
  std::memset(memory.get(), poison, bytes + 2 * guardBytes);
  if (type.isF32())
    for (int64_t i = 0; i < elements; ++i)
      std::memcpy(data() + 4 * i, &poisonFloat, 4);
  if (is16Bit(type))
    for (int64_t i = 0; i < elements; ++i)
      std::memcpy(data() + 2 * i, &poisonHalf, 2);
}

uint8_t *GuardedBuffer::data() const { return memory.get() + guardBytes; }

void GuardedBuffer::set(ArrayRef<double> values) {
  for (int64_t i = 0; i < elements; ++i) {
    if (type.isF32())
      reinterpret_cast<float *>(data())[i] = static_cast<float>(values[i]);
    else if (is16Bit(type))
      reinterpret_cast<uint16_t *>(data())[i] = toHalf(values[i], type);
    else if (type.isInteger(32))
      reinterpret_cast<int32_t *>(data())[i] = static_cast<int32_t>(values[i]);
    else
      reinterpret_cast<int64_t *>(data())[i] = static_cast<int64_t>(values[i]);
  }
}

std::vector<double> GuardedBuffer::get() const {
  std::vector<double> values(elements);
  for (int64_t i = 0; i < elements; ++i)
    values[i] =
        type.isF32()   ? reinterpret_cast<float *>(data())[i]
        : is16Bit(type) ? fromHalf(reinterpret_cast<uint16_t *>(data())[i], type)
        : type.isInteger(32)
            ? reinterpret_cast<int32_t *>(data())[i]
            : static_cast<double>(reinterpret_cast<int64_t *>(data())[i]);
  return values;
}

bool GuardedBuffer::guardsIntact() const {
  for (size_t i = 0; i < guardBytes; ++i)
    if (memory.get()[i] != poison || data()[bytes + i] != poison)
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Machine code
//===----------------------------------------------------------------------===//

struct KernelLibrary::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

KernelLibrary::KernelLibrary() : self(std::make_unique<Implementation>()) {}
KernelLibrary::~KernelLibrary() = default;

/// `@name.call(buffers, batch, task)` calls `@name` with the pointers unpacked.
static void addCaller(llvm::Module &module, StringRef name) {
  llvm::Function *kernel = module.getFunction(name);
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *pointer = llvm::PointerType::getUnqual(context),
             *i64 = llvm::Type::getInt64Ty(context);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {pointer, i64, i64}, false);
  auto *caller = llvm::Function::Create(type, llvm::Function::ExternalLinkage,
                                        name + ".call", module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", caller));
  SmallVector<llvm::Value *> args;
  for (unsigned i = 0; i + 2 < kernel->arg_size(); ++i)
    args.push_back(b.CreateLoad(
        pointer, b.CreateConstGEP1_64(pointer, caller->getArg(0), i)));
  args.append({caller->getArg(1), caller->getArg(2)});
  b.CreateCall(kernel, args);
  b.CreateRetVoid();
}

/// Names the functions in the library's scope.
static llvm::Error define(llvm::orc::LLJIT &jit,
                          KernelLibrary::Functions functions) {
  llvm::orc::SymbolMap symbols;
  for (auto [name, address] : functions)
    symbols[jit.mangleAndIntern(name)] = {
        llvm::orc::ExecutorAddr::fromPtr(address),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  return jit.getMainJITDylib().define(
      llvm::orc::absoluteSymbols(std::move(symbols)));
}

llvm::Expected<std::unique_ptr<KernelLibrary>>
KernelLibrary::load(ModuleOp kernels, const CpuTarget &target,
                    Functions functions) {
  if (failed(verify(kernels)) || failed(lowerKernelsToLLVM(kernels)))
    return llvm::createStringError("lowering failed");
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module =
      translateKernels(kernels, *context, target);
  if (!module)
    return llvm::createStringError("translation failed");
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  for (auto kernel : kernels.getOps<LLVM::LLVMFuncOp>())
    if (!kernel.isExternal())
      addCaller(*module, kernel.getName());
  optimizeModule(*module, **machine);

  llvm::orc::JITTargetMachineBuilder builder(module->getTargetTriple());
  builder.setCPU(target.llvmCpu);
  if (!target.llvmFeatures.empty())
    builder.addFeatures({target.llvmFeatures});
  auto made =
      llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(builder).create();
  if (!made)
    return made.takeError();
  std::unique_ptr<KernelLibrary> library(new KernelLibrary);
  library->self->jit = std::move(*made);
  if (llvm::Error error = define(*library->self->jit, functions))
    return error;
  if (llvm::Error error = library->self->jit->addIRModule(
          llvm::orc::ThreadSafeModule(std::move(module), std::move(context))))
    return error;
  return library;
}

llvm::Expected<KernelLibrary::Entry> KernelLibrary::lookup(StringRef kernel) {
  auto address = self->jit->lookup((kernel + ".call").str());
  if (!address)
    return address.takeError();
  return address->toPtr<Entry>();
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

namespace {

struct KernelLaunch {
  TaskCount tasks;
  int64_t scratchBytes;
  std::string symbol;
  KernelLibrary::Entry call;
  KernelRunner::TaskFunction task = nullptr; ///< Instead of `call`.

  /// `buffers` end with the scratch.
  void run(std::vector<void *> &buffers, int64_t batch, int64_t at) const {
    if (task)
      task(buffers.data(), buffers.back(), batch, at);
    else
      call(buffers.data(), batch, at);
  }
};

struct FusionLaunches {
  std::vector<KernelLaunch> launches;
  int64_t tempBytes = 0, sumsBytes = 0;
};

KernelLaunch launchOf(Operation *kernel, StringRef symbol) {
  ArrayRef<int64_t> tasks =
      kernel->getAttrOfType<DenseI64ArrayAttr>(tasksAttrName).asArrayRef();
  return {{tasks[0], tasks[1]},
          kernel->getAttrOfType<IntegerAttr>(scratchAttrName).getInt(),
          symbol.str(),
          nullptr};
}

FusionLaunches launchesOf(seg::FusionOp fusion) {
  FusionLaunches result;
  result.tempBytes = strategyBytes(fusion.getStrategyAttr(), strategyTempName);
  result.sumsBytes = strategyBytes(fusion.getStrategyAttr(), strategySumsName);
  return result;
}

LogicalResult emitFusion(seg::FusionOp fusion, FusionEmitter &emitter,
                         const CpuTarget &target) {
  auto kernel = dyn_cast_or_null<CpuKernelOpInterface>(fusion.getRoot());
  if (kernel && !fusion.getStrategyAttr())
    fusion.setStrategyAttr(kernel.selectCpuStrategy(fusion, {target}));
  return emitCpuFusion(emitter);
}

FailureOr<FusionLaunches> emitLaunches(seg::FusionOp fusion, ModuleOp kernels,
                                       const Twine &symbol,
                                       const CpuTarget &target) {
  FusionEmitter emitter(OpBuilder::atBlockEnd(kernels.getBody()), fusion,
                        symbol.str(), target);
  if (failed(emitFusion(fusion, emitter, target)))
    return failure();
  FusionLaunches result = launchesOf(fusion);
  for (func::FuncOp kernel : emitter.kernels())
    result.launches.push_back(launchOf(kernel, kernel.getName()));
  return result;
}

} // namespace

struct KernelRunner::Implementation {
  std::string text;
  std::unique_ptr<KernelLibrary> library;
  std::vector<FusionLaunches> fusions;
  Type f32;
};

KernelRunner::KernelRunner() : self(std::make_unique<Implementation>()) {}
KernelRunner::~KernelRunner() = default;
StringRef KernelRunner::text() const { return self->text; }

llvm::Expected<std::unique_ptr<KernelRunner>>
KernelRunner::compile(ArrayRef<seg::FusionOp> fusions,
                      const CpuTarget &target) {
  std::unique_ptr<KernelRunner> runner(new KernelRunner);
  Implementation &self = *runner->self;
  if (fusions.empty())
    return runner;
  MLIRContext *context = fusions.front()->getContext();
  self.f32 = Float32Type::get(context);
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(UnknownLoc::get(context));
  for (seg::FusionOp fusion : fusions) {
    auto launches = emitLaunches(fusion, *kernels,
                                 "k" + Twine(self.fusions.size()), target);
    if (failed(launches))
      return llvm::createStringError("emission failed");
    self.fusions.push_back(std::move(*launches));
  }
  llvm::raw_string_ostream(self.text) << *kernels;
  if (llvm::Error error = runner->link(*kernels, target))
    return error;
  return runner;
}

llvm::Error KernelRunner::link(ModuleOp kernels, const CpuTarget &target) {
  auto library = KernelLibrary::load(kernels, target);
  if (!library)
    return library.takeError();
  self->library = std::move(*library);
  for (FusionLaunches &fusion : self->fusions)
    for (KernelLaunch &launch : fusion.launches) {
      auto entry = self->library->lookup(launch.symbol);
      if (!entry)
        return entry.takeError();
      launch.call = *entry;
    }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<KernelRunner>>
KernelRunner::load(ModuleOp outlined, ArrayRef<seg::FusionOp> fusions,
                   ArrayRef<std::string> symbols, const CpuTarget &target,
                   const TaskLookup &lookup) {
  std::unique_ptr<KernelRunner> runner(new KernelRunner);
  runner->self->f32 = Float32Type::get(outlined.getContext());
  for (auto [fusion, symbol] : llvm::zip_equal(fusions, symbols)) {
    FusionLaunches &launches =
        runner->self->fusions.emplace_back(launchesOf(fusion));
    while (true) {
      size_t count = launches.launches.size();
      std::string name = symbol + (count ? "_" + std::to_string(count) : "");
      Operation *kernel = outlined.lookupSymbol(name);
      if (!kernel && count)
        break;
      if (!kernel || !kernel->hasAttr(tasksAttrName) ||
          !kernel->hasAttr(scratchAttrName))
        return llvm::createStringError("there is no kernel " + name +
                                       ": they are those of another plan");
      launches.launches.push_back(launchOf(kernel, name));
      if (!lookup)
        continue;
      launches.launches.back().task = lookup(name);
      if (!launches.launches.back().task)
        return llvm::createStringError("there is no machine code of " + name +
                                       ": it is that of another plan");
    }
  }
  if (lookup)
    return runner;
  OwningOpRef<ModuleOp> kernels = outlined.clone();
  if (llvm::Error error = runner->link(*kernels, target))
    return error;
  return runner;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

static bool runLaunch(const KernelLaunch &kernel, std::vector<void *> buffers,
                      Type f32, int64_t batch, KernelRunner::Order order) {
  int64_t tasks = kernel.tasks.fixed + kernel.tasks.perSample * batch;
  auto worker = [&](int64_t first, int64_t step, bool &intact) {
    GuardedBuffer scratch(kernel.scratchBytes / 4, f32);
    std::vector<void *> pointers = buffers; // Each worker has its own scratch.
    pointers.push_back(scratch.data());
    for (int64_t task = first; task >= 0 && task < tasks; task += step)
      kernel.run(pointers, batch, task);
    intact = scratch.guardsIntact();
  };
  bool intact = true, otherIntact = true;
  if (order == KernelRunner::Order::TwoThreads) {
    std::thread other([&] { worker(1, 2, otherIntact); });
    worker(0, 2, intact);
    other.join();
  } else if (order == KernelRunner::Order::Reverse) {
    worker(tasks - 1, -1, intact);
  } else {
    worker(0, 1, intact);
  }
  return intact && otherIntact;
}

bool KernelRunner::run(size_t fusion, ArrayRef<void *> operands, int64_t batch,
                       Order order) {
  const FusionLaunches &launches = self->fusions[fusion];
  GuardedBuffer temporary(launches.tempBytes / 4, self->f32),
      sums(launches.sumsBytes / 4, self->f32);
  std::vector<void *> buffers(operands.begin(), operands.end());
  buffers.push_back(temporary.data());
  if (launches.sumsBytes)
    buffers.push_back(sums.data());
  bool intact = true;
  for (const KernelLaunch &launch : launches.launches)
    intact &= runLaunch(launch, buffers, self->f32, batch, order);
  return intact && temporary.guardsIntact() && sums.guardsIntact();
}

//===----------------------------------------------------------------------===//
// Timing
//===----------------------------------------------------------------------===//

namespace {

/// What a fusion's launches read and write, kept from one run to the next.
struct TimedMemory {
  GuardedBuffer temporary, sums;
  std::vector<GuardedBuffer> scratch;        ///< For each worker.
  std::vector<std::vector<void *>> pointers; ///< For each worker.
};

} // namespace

std::function<double()> KernelRunner::timer(size_t fusion,
                                            ArrayRef<void *> operands,
                                            int64_t batch, size_t first,
                                            ThreadPool &pool) const {
  const FusionLaunches &launches = self->fusions[fusion];
  int64_t scratchBytes = 0;
  for (const KernelLaunch &launch : launches.launches)
    scratchBytes = std::max(scratchBytes, launch.scratchBytes);
  std::shared_ptr<TimedMemory> memory(
      new TimedMemory{GuardedBuffer(launches.tempBytes / 4, self->f32),
                      GuardedBuffer(launches.sumsBytes / 4, self->f32),
                      {},
                      {}});
  for (unsigned worker = 0; worker < pool.workers(); ++worker) {
    memory->scratch.emplace_back(scratchBytes / 4, self->f32);
    auto &pointers = memory->pointers.emplace_back(operands.vec());
    pointers.push_back(memory->temporary.data());
    if (launches.sumsBytes)
      pointers.push_back(memory->sums.data());
    pointers.push_back(memory->scratch.back().data());
  }
  auto run = [memory, batch, &pool](ArrayRef<KernelLaunch> kernels) {
    auto start = std::chrono::steady_clock::now();
    for (const KernelLaunch &kernel : kernels)
      pool.parallelFor(kernel.tasks.fixed + kernel.tasks.perSample * batch,
                       [&](int64_t task, uint32_t worker) {
                         kernel.run(memory->pointers[worker], batch, task);
                       });
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  ArrayRef<KernelLaunch> all = launches.launches;
  run(all.take_front(first));
  return [run, timed = all.drop_front(first)] { return run(timed); };
}

} // namespace segc
