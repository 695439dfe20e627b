//===- KernelRunner.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/KernelRunner.h"

#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include <chrono>
#include <cmath>
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

/// Bits that are a NaN in f16 and in bf16.
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

/// The integer, or NaN if nobody has written it.
template <typename T>
static double integerAt(const uint8_t *data, int64_t i) {
  T value, unwritten;
  std::memcpy(&value, data + i * sizeof(T), sizeof(T));
  std::memset(&unwritten, poison, sizeof(T));
  return value == unwritten ? NAN : static_cast<double>(value);
}

std::vector<double> GuardedBuffer::get() const {
  std::vector<double> values(elements);
  for (int64_t i = 0; i < elements; ++i)
    values[i] = type.isF32() ? reinterpret_cast<float *>(data())[i]
                : is16Bit(type)
                    ? fromHalf(reinterpret_cast<uint16_t *>(data())[i], type)
                : type.isInteger(32) ? integerAt<int32_t>(data(), i)
                                     : integerAt<int64_t>(data(), i);
  return values;
}

bool GuardedBuffer::guardsIntact() const {
  for (size_t i = 0; i < guardBytes; ++i)
    if (memory.get()[i] != poison || data()[bytes + i] != poison)
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

namespace {

struct KernelLaunch {
  TaskCount tasks;
  int64_t scratchBytes, threads, sharedBytes;
  bool dependent;
  std::string symbol;
  std::vector<segc_tensor_map> maps;
  LoadedKernels::Task run;

  /// The call of a task, with these buffers and the tensor maps behind them;
  /// scratch and task are still missing.
  TaskCall call(int64_t batch, std::vector<void *> &buffers,
                ArrayRef<uint64_t> bytes) const {
    buffers.resize(bytes.size());
    for (const segc_tensor_map &map : maps)
      buffers.push_back(const_cast<segc_tensor_map *>(&map));
    TaskCall result;
    result.buffers = buffers;
    result.bytes = bytes;
    result.batch = batch;
    result.tasks = tasks.fixed + tasks.perSample * batch;
    result.threads = threads;
    result.sharedBytes = sharedBytes;
    result.dependent = dependent;
    return result;
  }
};

struct FusionLaunches {
  std::vector<KernelLaunch> launches;
  int64_t tempBytes = 0, sumsBytes = 0;
  std::vector<uint64_t> bytes; ///< Of each buffer.
};

/// Tensor maps for the emulator, which takes the bytes of an element from the
/// strides.
std::vector<segc_tensor_map> mapsOf(ArrayRef<exec::TensorMapAttr> maps) {
  std::vector<segc_tensor_map> result;
  for (exec::TensorMapAttr map : maps) {
    segc_tensor_map &made = result.emplace_back();
    made.operand = map.getOperand();
    made.rank = map.getSizes().size();
    made.swizzle = map.getSwizzle();
    made.offset = map.getOffset();
    made.sample_dimension = map.getSamples();
    llvm::copy(map.getSizes(), made.sizes);
    llvm::copy(map.getStrides(), made.strides);
    llvm::copy(map.getBox(), made.box);
    llvm::copy(map.getSteps(), made.steps);
  }
  return result;
}

KernelLaunch launchOf(exec::KernelAttr kernel, StringRef symbol) {
  return {{kernel.getTasks(), kernel.getTasksPerSample(), kernel.getSlice()},
          kernel.getScratch(),
          kernel.getThreads(),
          kernel.getShared(),
          kernel.getDependent(),
          symbol.str(),
          mapsOf(kernel.getMaps()),
          nullptr};
}

FusionLaunches launchesOf(seg::FusionOp fusion) {
  FusionLaunches result;
  result.tempBytes = fusion.getTempBytes();
  result.sumsBytes = fusion.getSumsBytes();
  auto add = [&](TypeRange types) {
    for (Type type : types) {
      auto tensor = cast<RankedTensorType>(type);
      result.bytes.push_back(tensor.getNumElements() *
                             tensor.getElementTypeBitWidth() / 8);
    }
  };
  add(fusion.getInputs().getTypes());
  add(fusion->getResultTypes());
  result.bytes.push_back(result.tempBytes);
  if (result.sumsBytes)
    result.bytes.push_back(result.sumsBytes);
  return result;
}

FailureOr<FusionLaunches> emitLaunches(seg::FusionOp fusion, ModuleOp kernels,
                                       const Twine &symbol,
                                       const Target &target) {
  if (fusion.getRoot() && !fusion.getStrategyAttr())
    if (seg::StrategyAttr strategy = selectStrategy(fusion, {target}))
      fusion.setStrategyAttr(strategy);
  KernelEmission emission{fusion, target.backend->kernelBuilder(kernels),
                          symbol.str(), *target.version};
  // With the waits of dependent launches, which an emulator checks.
  emission.dependent = true;
  if (failed(target.backend->emitKernels(emission)))
    return failure();
  FusionLaunches result = launchesOf(fusion);
  for (const EmittedKernel &kernel : emission.kernels)
    result.launches.push_back(
        {kernel.tasks, kernel.scratchBytes, kernel.threads, kernel.sharedBytes,
         kernel.dependent, SymbolTable::getSymbolName(kernel.function).str(),
         mapsOf(kernel.tensorMaps), nullptr});
  return result;
}

} // namespace

struct KernelRunner::Implementation {
  std::string text;
  std::unique_ptr<LoadedKernels> library;
  std::vector<FusionLaunches> fusions;
  Type f32;
};

KernelRunner::KernelRunner() : self(std::make_unique<Implementation>()) {}
KernelRunner::~KernelRunner() = default;
StringRef KernelRunner::text() const { return self->text; }

llvm::Expected<std::unique_ptr<KernelRunner>>
KernelRunner::compile(ArrayRef<seg::FusionOp> fusions, const Target &target) {
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

llvm::Error KernelRunner::link(ModuleOp kernels, const Target &target) {
  auto library = target.backend->load(kernels, *target.version);
  if (!library)
    return library.takeError();
  self->library = std::move(*library);
  for (FusionLaunches &fusion : self->fusions)
    for (KernelLaunch &launch : fusion.launches) {
      auto entry = self->library->lookup(launch.symbol);
      if (!entry)
        return entry.takeError();
      launch.run = std::move(*entry);
    }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<KernelRunner>>
KernelRunner::load(ModuleOp module, ArrayRef<seg::FusionOp> fusions,
                   ArrayRef<std::string> symbols, const Target &target,
                   const TaskLookup &lookup) {
  std::unique_ptr<KernelRunner> runner(new KernelRunner);
  runner->self->f32 = Float32Type::get(module.getContext());
  Operation *parent =
      target.backend->kernelBuilder(module).getBlock()->getParentOp();
  for (auto [fusion, symbol] : llvm::zip_equal(fusions, symbols)) {
    FusionLaunches &launches =
        runner->self->fusions.emplace_back(launchesOf(fusion));
    while (true) {
      size_t count = launches.launches.size();
      std::string name = symbol + (count ? "_" + std::to_string(count) : "");
      Operation *kernel = SymbolTable::lookupSymbolIn(parent, name);
      if (!kernel && count)
        break;
      exec::KernelAttr attr = exec::kernelAttrOf(kernel);
      if (!attr)
        return llvm::createStringError("there is no kernel " + name +
                                       "; the kernels belong to another plan");
      launches.launches.push_back(launchOf(attr, name));
      if (!lookup)
        continue;
      segc_kernel_fn function = lookup(name);
      if (!function)
        return llvm::createStringError("there is no machine code of " + name +
                                       "; it belongs to another plan");
      launches.launches.back().run = target.backend->taskOf(function, name);
    }
  }
  if (lookup)
    return runner;
  OwningOpRef<ModuleOp> kernels = module.clone();
  if (llvm::Error error = runner->link(*kernels, target))
    return error;
  return runner;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Runs all tasks of a launch. `call` has what they share but the scratch.
static Status runLaunch(const KernelLaunch &kernel, const TaskCall &call,
                        Type f32, KernelRunner::Order order) {
  auto worker = [&](int64_t first, int64_t step, Status &status) {
    GuardedBuffer scratch(kernel.scratchBytes / 4, f32);
    TaskCall own = call;
    own.scratch = scratch.data();
    for (own.task = first;
         own.task >= 0 && own.task < call.tasks && status.ok();
         own.task += step)
      status = kernel.run(own);
    if (status.ok() && !scratch.guardsIntact())
      status = internalError("access outside the scratch");
  };
  Status status, otherStatus;
  if (order == KernelRunner::Order::TwoThreads) {
    std::thread other([&] { worker(1, 2, otherStatus); });
    worker(0, 2, status);
    other.join();
  } else if (order == KernelRunner::Order::Reverse) {
    worker(call.tasks - 1, -1, status);
  } else {
    worker(0, 1, status);
  }
  return status.ok() ? otherStatus : status;
}

/// Runs a launch, or two of a GPU's kernel that may be launched in parts.
static Status runInParts(const KernelLaunch &kernel, TaskCall call, Type f32,
                         KernelRunner::Order order) {
  const int64_t all = call.tasks;
  if (kernel.threads && kernel.tasks.slice && all > 1) {
    call.tasks = all / 2;
    SEGC_RETURN_IF_ERROR(runLaunch(kernel, call, f32, order));
    call.first = call.tasks;
    call.tasks = all - call.first;
  }
  return runLaunch(kernel, call, f32, order);
}

Status KernelRunner::run(size_t fusion, ArrayRef<void *> operands,
                         int64_t batch, Order order, unsigned interleaving) {
  const FusionLaunches &launches = self->fusions[fusion];
  GuardedBuffer temporary(launches.tempBytes / 4, self->f32),
      sums(launches.sumsBytes / 4, self->f32);
  std::vector<void *> buffers(operands.begin(), operands.end());
  buffers.push_back(temporary.data());
  if (launches.sumsBytes)
    buffers.push_back(sums.data());
  for (const KernelLaunch &launch : launches.launches) {
    TaskCall call = launch.call(batch, buffers, launches.bytes);
    call.interleaving = interleaving;
    SEGC_RETURN_IF_ERROR(runInParts(launch, call, self->f32, order));
  }
  if (!temporary.guardsIntact() || !sums.guardsIntact())
    return internalError("access outside the temporary");
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Counting
//===----------------------------------------------------------------------===//

/// Adds what `weight` tasks do that do what this one did.
static void addTimes(KernelCounts &sum, const KernelCounts &one,
                     uint64_t weight) {
  for (uint64_t KernelCounts::*count :
       {&KernelCounts::globalBytesRead, &KernelCounts::globalBytesWritten,
        &KernelCounts::globalSectorsRead, &KernelCounts::globalSectorsWritten,
        &KernelCounts::sharedBytesRead, &KernelCounts::sharedBytesWritten,
        &KernelCounts::tensorFlops})
    sum.*count += one.*count * weight;
}

llvm::Expected<std::vector<KernelCounts>>
KernelRunner::count(size_t fusion, int64_t batch, int64_t tasks) const {
  const FusionLaunches &launches = self->fusions[fusion];
  // Pages that nobody writes take no memory, however large the operands are.
  std::vector<std::unique_ptr<void, void (*)(void *)>> memory;
  std::vector<void *> buffers;
  for (uint64_t bytes : launches.bytes) {
    llvm::Align alignment(64);
    memory.emplace_back(std::calloc(bytes + alignment.value(), 1), &std::free);
    void *start = memory.back().get();
    if (!start)
      return llvm::createStringError("no memory for an operand of " +
                                     std::to_string(bytes) + " bytes");
    buffers.push_back(
        reinterpret_cast<void *>(llvm::alignAddr(start, alignment)));
  }
  std::vector<KernelCounts> result;
  for (const KernelLaunch &launch : launches.launches) {
    std::vector<void *> own = buffers;
    TaskCall call = launch.call(batch, own, launches.bytes);
    GuardedBuffer scratch(launch.scratchBytes / 4, self->f32);
    call.scratch = scratch.data();
    KernelCounts &sum = result.emplace_back();
    // Each of the tasks stands for those from its part's first on. They are not
    // at the same place of their parts, which begin at multiples of the phases
    // of a gradient that have different numbers of taps.
    int64_t parts = std::min(tasks, call.tasks);
    for (int64_t part = 0; part < parts; ++part) {
      int64_t first = call.tasks * part / parts,
              end = call.tasks * (part + 1) / parts;
      KernelCounts one;
      call.counts = &one;
      call.task = std::min((first + end) / 2 + part, end - 1);
      if (Status status = launch.run(call); !status.ok())
        return llvm::createStringError(status.message());
      addTimes(sum, one, end - first);
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Timing
//===----------------------------------------------------------------------===//

namespace {

/// The memory of a fusion's launches, which is kept between the runs.
struct TimedMemory {
  GuardedBuffer temporary, sums;
  std::vector<GuardedBuffer> scratch; ///< Scratch memory of each worker.
  std::vector<void *> buffers;
  std::vector<uint64_t> bytes;
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
                      operands.vec(),
                      launches.bytes});
  for (unsigned worker = 0; worker < pool.workers(); ++worker)
    memory->scratch.emplace_back(scratchBytes / 4, self->f32);
  memory->buffers.push_back(memory->temporary.data());
  if (launches.sumsBytes)
    memory->buffers.push_back(memory->sums.data());
  auto run = [memory, batch, &pool](ArrayRef<KernelLaunch> kernels) {
    auto start = std::chrono::steady_clock::now();
    for (const KernelLaunch &kernel : kernels) {
      TaskCall shared = kernel.call(batch, memory->buffers, memory->bytes);
      pool.parallelFor(shared.tasks, [&](int64_t task, uint32_t worker) {
        TaskCall call = shared;
        call.scratch = memory->scratch[worker].data();
        call.task = task;
        // Kernels are correct where they are measured.
        (void)kernel.run(call);
      });
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  ArrayRef<KernelLaunch> all = launches.launches;
  run(all.take_front(first));
  return [run, timed = all.drop_front(first)] { return run(timed); };
}

} // namespace segc
