//===- ConvBench.cpp - Speed of convolution kernels -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// segc-conv-bench [--threads N] [--seconds S] [--assembly] [--kernel]
// [--strategy TEXT] < convolutions A line is a convolution from the large to
// the small side:
//   OP LARGE TAPS STRIDES PADDING IN OUT BATCH    (2-D and 3-D, lists by 'x')
//   forward 32x32x32 3x3x3 1x1x1 1x1x1 16 16 2
// OP is forward, input_grad, filter_grad or all. Prints the median time and
// rate; how the threads' processor time compares with the FMA peak, which is
// measured before and after each run (so it is meaningful on a busy machine
// too, but does not see idle threads); the time to compile; the strategy.

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "segc/Codegen/CPU/CpuBackend.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Target/Strategy.h"
#include "llvm/ADT/StringExtras.h"
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <numeric>
#include <sstream>

using namespace mlir;
using namespace segc;

namespace {

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Options {
  unsigned threads = 2;
  bool assembly = false, kernel = false;
  std::string strategy;
  double seconds = 0.5;
};

//===----------------------------------------------------------------------===//
// Peak
//===----------------------------------------------------------------------===//

using Vector = float __attribute__((vector_size(64)));

__attribute__((target("avx512f"), noinline)) float
multiplyAdd(int64_t repeats) {
  Vector sums[20], x, y;
  for (int i = 0; i < 16; ++i)
    x[i] = 1, y[i] = 1e-9f * static_cast<float>(i);
  for (Vector &sum : sums)
    sum = y;
  for (int64_t i = 0; i < repeats; ++i)
#pragma clang loop unroll(full)
    for (int j = 0; j < 20; ++j)
      asm volatile("vfmadd231ps %1, %2, %0" : "+v"(sums[j]) : "v"(x), "v"(y));
  float total = 0;
  for (Vector &sum : sums)
    total += sum[0];
  return total;
}

double threadSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

/// GFLOP/s of this core now, from a short burst.
double corePeak() {
  constexpr int64_t repeats = 20'000;
  double start = threadSeconds();
  multiplyAdd(repeats);
  return repeats * 20 * 32.0 / (threadSeconds() - start) * 1e-9;
}

double median(std::vector<double> values) {
  llvm::sort(values);
  return values[values.size() / 2];
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

struct Convolution {
  SmallVector<int64_t> large, taps, strides, pad;
  int64_t in = 0, out = 0, batch = 0;
};

std::string tensor(ArrayRef<int64_t> shape) {
  return "tensor<" + seg::shapeText(shape) + "xf32>";
}

std::string functionText(StringRef op, const Convolution &c,
                         StringRef strategy) {
  auto list = [](ArrayRef<int64_t> values) {
    return "[" +
           llvm::join(llvm::map_range(
                          values, [](int64_t v) { return std::to_string(v); }),
                      ", ") +
           "]";
  };
  auto activation = [&](ArrayRef<int64_t> spatial, int64_t channels) {
    SmallVector<int64_t> shape{c.batch};
    shape.append(spatial.begin(), spatial.end());
    shape.push_back(channels);
    return tensor(shape);
  };
  seg::Shape small =
      seg::convOutputSpatial(c.large, c.taps, c.strides, c.pad, c.pad);
  SmallVector<int64_t> filterShape(c.taps);
  filterShape.append({c.in, c.out});
  std::string large = activation(c.large, c.in),
              result = activation(small, c.out), filter = tensor(filterShape);
  std::string a = large, b = filter, name = "conv";
  if (op == "input_grad")
    a = result, result = large, name = "conv_input_grad";
  else if (op == "filter_grad")
    b = result, result = filter, name = "conv_filter_grad";
  std::string given =
      strategy.empty() ? "" : " attributes {strategy = " + strategy.str() + "}";
  return "func.func @f(%x: " + a + ", %w: " + b + ") -> " + result +
         " {\n%r = seg.fusion (%a = %x : " + a + ", %b = %w : " + b + ") -> (" +
         result + ")" + given + " {\n%y = seg." + name + " %a, %b strides " +
         list(c.strides) + " pad_low " + list(c.pad) + " pad_high " +
         list(c.pad) + " : (" + a + ", " + b + ") -> " + result +
         "\nseg.yield %y : " + result + "\n}\nreturn %r : " + result + "\n}";
}

using Memory = std::unique_ptr<float, void (*)(void *)>;

Memory allocate(int64_t floats) {
  Memory memory(static_cast<float *>(
                    std::aligned_alloc(64, (floats * 4 + 63) / 64 * 64 + 64)),
                &std::free);
  for (int64_t i = 0; i < floats; ++i)
    memory.get()[i] = static_cast<float>(i % 17 - 8) * 0.1f;
  return memory;
}

bool run(StringRef op, const Convolution &c, const Options &options,
         const Target &target, ThreadPool &pool) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, seg::SegDialect>();
  target.backend->registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      functionText(op, c, options.strategy), &context);
  if (!module)
    return false;
  auto fusion = *(*module->getOps<func::FuncOp>().begin())
                     .getOps<seg::FusionOp>()
                     .begin();
  double start = now();
  if (!fusion.getStrategyAttr())
    fusion.setStrategyAttr(selectStrategy(fusion, {target}));
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(UnknownLoc::get(&context));
  KernelEmission emission{fusion, OpBuilder::atBlockEnd(kernels->getBody()),
                          "k", *target.version};
  if (failed(target.backend->emitKernels(emission)))
    return false;
  struct Launch {
    std::string name;
    int64_t tasks, scratch;
    LoadedKernels::Task kernel;
  };
  std::vector<Launch> launches;
  for (const EmittedKernel &kernel : emission.kernels)
    launches.push_back({SymbolTable::getSymbolName(kernel.function).str(),
                        kernel.tasks.fixed + kernel.tasks.perSample * c.batch,
                        kernel.scratchBytes, nullptr});
  if (options.kernel)
    kernels->dump();
  if (options.assembly) {
    SerializeOptions asText;
    asText.assembly = true;
    auto texts = llvm::cantFail(
        target.backend->serialize(*kernels, *target.version, asText));
    llvm::outs() << StringRef(texts.objects.front().data(),
                              texts.objects.front().size());
    return true;
  }
  double emitted = now();
  auto loaded = llvm::cantFail(target.backend->load(*kernels, *target.version));
  for (Launch &launch : launches)
    launch.kernel = llvm::cantFail(loaded->lookup(launch.name));
  double compiled = now();

  auto floatsOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getNumElements();
  };
  int64_t tempBytes = fusion.getTempBytes();
  Memory a = allocate(floatsOf(fusion.getInputs()[0])),
         b = allocate(floatsOf(fusion.getInputs()[1])),
         y = allocate(floatsOf(fusion.getOutputs()[0])),
         temp = allocate(tempBytes / 4);
  int64_t scratchBytes = 64;
  for (const Launch &launch : launches)
    scratchBytes = std::max(scratchBytes, launch.scratch);
  std::vector<Memory> scratch;
  for (unsigned i = 0; i < pool.workers(); ++i)
    scratch.push_back(allocate(scratchBytes / 4));

  void *buffers[] = {a.get(), b.get(), y.get(), temp.get()};
  uint64_t bytes[] = {4 * uint64_t(floatsOf(fusion.getInputs()[0])),
                      4 * uint64_t(floatsOf(fusion.getInputs()[1])),
                      4 * uint64_t(floatsOf(fusion.getOutputs()[0])),
                      uint64_t(tempBytes)};
  double gflop = fusion.flops() * 1e-9;
  std::vector<double> times, first, shares, busy(pool.workers());
  double begin = now();
  while (times.size() < 5 ||
         (now() - begin < options.seconds && times.size() < 2000)) {
    double peak = corePeak(), launchStart = now();
    llvm::fill(busy, 0.0);
    for (const Launch &launch : launches) {
      pool.parallelFor(launch.tasks, [&](int64_t task, uint32_t worker) {
        double taskStart = threadSeconds();
        TaskCall call;
        call.buffers = buffers;
        call.bytes = bytes;
        call.scratch = scratch[worker].get();
        call.batch = c.batch;
        call.task = task;
        call.tasks = launch.tasks;
        if (Status status = launch.kernel(call); !status.ok())
          llvm::report_fatal_error(llvm::StringRef(status.message()));
        busy[worker] += threadSeconds() - taskStart;
      });
      if (&launch == &launches.front())
        first.push_back(now() - launchStart);
    }
    times.push_back(now() - launchStart);
    peak = (peak + corePeak()) / 2;
    shares.push_back(gflop / std::accumulate(busy.begin(), busy.end(), 0.0) /
                     peak);
  }
  std::string strategy;
  llvm::raw_string_ostream(strategy) << fusion.getStrategyAttr();
  std::printf("%-11s %-10s k%-5s s%-5s %3ld->%-3ld b%ld %8.3f ms (first launch "
              "%.3f) %6.1f GFLOP/s, %3.0f%% of peak; "
              "emit %.0f compile %.0f ms; tasks %ld; %s\n",
              op.str().c_str(), seg::shapeText(c.large).c_str(),
              seg::shapeText(c.taps).c_str(), seg::shapeText(c.strides).c_str(),
              c.in, c.out, c.batch, median(times) * 1e3, median(first) * 1e3,
              gflop / median(times), 100 * median(shares),
              (emitted - start) * 1e3, (compiled - emitted) * 1e3,
              launches[launches.size() > 1 && op != "filter_grad"].tasks,
              strategy.c_str());
  std::fflush(stdout);
  return true;
}

SmallVector<int64_t> parseSizes(StringRef text) {
  SmallVector<int64_t> sizes;
  for (StringRef part : llvm::split(text, 'x'))
    sizes.push_back(std::stoll(part.str()));
  return sizes;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    StringRef argument = argv[i];
    if (argument == "--threads" && i + 1 < argc)
      options.threads = std::stoi(argv[++i]);
    else if (argument == "--strategy" && i + 1 < argc)
      options.strategy = argv[++i];
    else if (argument == "--seconds" && i + 1 < argc)
      options.seconds = std::stod(argv[++i]);
    else if (argument == "--assembly")
      options.assembly = true;
    else if (argument == "--kernel")
      options.kernel = true;
    else {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      return 2;
    }
  }
  registerCpuBackend();
  Target target = llvm::cantFail(resolveTarget("cpu:x86-64-v4"));
  if (std::string missing = target.backend->missingFeature(*target.version);
      !missing.empty()) {
    std::fprintf(stderr, "%s\n", missing.c_str());
    return 1;
  }
  ThreadPool pool(options.threads);
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string op, large, taps, strides, pad;
    Convolution c;
    if (!(words >> op >> large >> taps >> strides >> pad >> c.in >> c.out >>
          c.batch))
      continue;
    c.large = parseSizes(large), c.taps = parseSizes(taps),
    c.strides = parseSizes(strides), c.pad = parseSizes(pad);
    for (StringRef each : {"forward", "input_grad", "filter_grad"})
      if ((op == "all" || op == each) && !run(each, c, options, target, pool))
        return 1;
  }
  return 0;
}
