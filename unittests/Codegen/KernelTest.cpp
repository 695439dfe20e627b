//===- KernelTest.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include "mlir/Parser/Parser.h"
#include "segc/Codegen/CPU/CpuBackend.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/GPU/GpuBackend.h"
#include "segc/Reference/Reference.h"
#include <chrono>
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;

namespace segc::test {

std::string withBatch(StringRef text, int64_t batch) {
  std::string result;
  for (size_t at; (at = text.find("$N")) != StringRef::npos;
       text = text.drop_front(at + 2))
    result += (text.take_front(at) + std::to_string(batch)).str();
  return result + text.str();
}

std::string activation(const std::string &shape) {
  return "tensor<$Nx" + shape + "xf32>";
}
std::string vectorOf(int64_t channels) {
  return "tensor<" + std::to_string(channels) + "xf32>";
}
std::string perSample(int64_t channels) {
  return activation(std::to_string(channels));
}

KernelTestOptions gpuOptions() {
  KernelTestOptions options;
  options.target = "sm_90";
  options.largestBatch = 3;
  options.batch = 2;
  return options;
}

std::string fusionFunction(const std::vector<std::string> &inputs,
                           const std::vector<std::string> &results,
                           const std::string &body) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto list = [&](size_t count, llvm::function_ref<void(size_t)> each) {
    llvm::interleaveComma(llvm::seq<size_t>(0, count), os, each);
  };
  auto resultTypes = [&] {
    list(results.size(), [&](size_t i) { os << results[i]; });
  };
  os << "func.func @f(";
  list(inputs.size(), [&](size_t i) { os << "%x" << i << ": " << inputs[i]; });
  os << ") -> (";
  resultTypes();
  os << ") {\n  %f:" << results.size() << " = seg.fusion (";
  list(inputs.size(), [&](size_t i) {
    os << "%a" << i << " = %x" << i << " : " << inputs[i];
  });
  os << ") -> (";
  resultTypes();
  os << ") {\n" << body << "\n    seg.yield ";
  list(results.size(), [&](size_t i) { os << "%r" << i; });
  os << " : ";
  resultTypes();
  os << "\n  }\n  return ";
  list(results.size(), [&](size_t i) { os << "%f#" << i; });
  os << " : ";
  resultTypes();
  os << "\n}\n";
  return text;
}

static void registerBackends() {
  registerCpuBackend();
  registerGpuBackend();
}

DialectRegistry kernelRegistry() {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, seg::SegDialect>();
  registerBackends();
  for (const TargetBackend *backend : targetBackends())
    backend->registerDialects(registry);
  reference::registerReferenceModels(registry);
  return registry;
}

/// Adds casts to the operands and results of a function's fusion; see
/// KernelTestOptions::narrow.
static void narrowValues(func::FuncOp function,
                         const KernelTestOptions &options) {
  if (options.narrow.empty())
    return;
  Builder b(function.getContext());
  Type element =
      options.narrow == "f16" ? Type(b.getF16Type()) : Type(b.getBF16Type());
  auto isWide = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.getRank() > 2 && tensor.getElementType().isF32();
  };
  auto fusion = *function.getOps<seg::FusionOp>().begin();
  Block &body = fusion.getBody().front();
  OpBuilder inner = OpBuilder::atBlockBegin(&body);
  for (BlockArgument argument : body.getArguments()) {
    if (!isWide(argument.getType()))
      continue;
    auto wide = cast<RankedTensorType>(argument.getType());
    argument.setType(wide.clone(element));
    fusion.getInputs()[argument.getArgNumber()].setType(argument.getType());
    auto cast = seg::CastOp::create(inner, argument.getLoc(), wide, argument);
    argument.replaceAllUsesExcept(cast, cast);
  }
  Operation *yield = body.getTerminator();
  inner.setInsertionPoint(yield);
  for (OpOperand &value : yield->getOpOperands()) {
    if (!options.narrowResults || !isWide(value.get().getType()))
      continue;
    auto wide = cast<RankedTensorType>(value.get().getType());
    value.set(seg::CastOp::create(inner, yield->getLoc(), wide.clone(element),
                                  value.get()));
    fusion.getResult(value.getOperandNumber()).setType(value.get().getType());
  }
  function.setFunctionType(b.getFunctionType(
      function.getBody().front().getArgumentTypes(),
      function.getBody().front().getTerminator()->getOperandTypes()));
}

Target targetOf(StringRef version) {
  registerBackends();
  for (const TargetBackend *backend : targetBackends())
    if (auto known = backend->findVersion(version);
        known && backend->device() != SEGC_DEVICE_CUDA)
      return {backend, known};
  return {};
}

struct CompiledFunction::Implementation {
  KernelTestOptions options;
  MLIRContext context{kernelRegistry(), MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  Target target;
  std::unique_ptr<KernelRunner> runner;

  llvm::Error compile();
  func::FuncOp function() { return *module->getOps<func::FuncOp>().begin(); }
};

CompiledFunction::CompiledFunction()
    : self(std::make_unique<Implementation>()) {}
CompiledFunction::~CompiledFunction() = default;
std::string CompiledFunction::kernelText() const {
  return self->runner->text().str();
}
unsigned CompiledFunction::interleavings() const {
  return self->target.backend->interleavings();
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

llvm::Error CompiledFunction::Implementation::compile() {
  auto fusions = llvm::to_vector(function().getOps<seg::FusionOp>());
  target = targetOf(options.target);
  if (!target.version)
    return llvm::createStringError("unknown target " + options.target);
  auto compiled = KernelRunner::compile(fusions, target);
  if (!compiled)
    return compiled.takeError();
  runner = std::move(*compiled);
  return llvm::Error::success();
}

std::unique_ptr<CompiledFunction>
CompiledFunction::compile(StringRef text, const KernelTestOptions &options,
                          std::string &error) {
  auto fail = [&](const llvm::Twine &what) {
    error = what.str() + (error.empty() ? "" : ": " + error);
    return nullptr;
  };
  std::unique_ptr<CompiledFunction> compiled(new CompiledFunction);
  Implementation &self = *compiled->self;
  self.options = options;
  self.context.loadAllAvailableDialects();
  ScopedDiagnosticHandler handler(&self.context, [&](Diagnostic &diagnostic) {
    error += diagnostic.str() + "\n";
  });
  self.module = parseSourceString<ModuleOp>(
      withBatch(text, options.largestBatch), &self.context);
  if (!self.module)
    return fail("cannot parse the test's text");
  narrowValues(self.function(), options);
  if (options.choose)
    for (auto fusion : self.function().getOps<seg::FusionOp>())
      options.choose(fusion);
  if (llvm::Error failure = self.compile())
    return fail(llvm::toString(std::move(failure)));
  error.clear();
  return compiled;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

std::vector<Values> CompiledFunction::makeInputs() const {
  std::vector<Values> inputs;
  std::mt19937 generator(17);
  const KernelTestOptions &options = self->options;
  for (auto [i, type] : llvm::enumerate(self->function().getArgumentTypes())) {
    auto tensor = cast<RankedTensorType>(type);
    Values &values = inputs.emplace_back(tensor.getNumElements());
    for (double &value : values) {
      double uniform = generator() * 0x1p-32;
      if (options.levels)
        uniform = std::floor(uniform * options.levels) / options.levels;
      auto kind = *reference::elementKind(tensor.getElementType());
      value =
          reference::isFloat(kind)
              ? reference::roundTo(
                    kind, options.low + (options.high - options.low) * uniform)
              : std::floor(uniform * options.classes);
    }
    if (auto given = options.inputs.find(i); given != options.inputs.end())
      values = given->second;
  }
  return inputs;
}

std::vector<Values> CompiledFunction::run(const std::vector<Values> &inputs,
                                          Order order, std::string &error,
                                          unsigned interleaving) {
  func::FuncOp function = self->function();
  llvm::DenseMap<Value, GuardedBuffer *> memory;
  std::vector<std::unique_ptr<GuardedBuffer>> buffers;
  auto allocate = [&](Value value) {
    buffers.push_back(std::make_unique<GuardedBuffer>(
        cast<RankedTensorType>(value.getType())));
    memory[value] = buffers.back().get();
  };
  for (auto [argument, values] :
       llvm::zip_equal(function.getArguments(), inputs)) {
    allocate(argument);
    memory[argument]->set(values);
  }
  auto returned =
      cast<func::ReturnOp>(function.getBody().front().getTerminator());
  for (auto [result, argument] : self->options.inPlace)
    memory[returned.getOperand(result)] =
        memory[function.getArgument(argument)];

  for (auto [index, fusion] :
       llvm::enumerate(function.getOps<seg::FusionOp>())) {
    std::vector<void *> pointers;
    for (Value input : fusion.getInputs())
      pointers.push_back(memory[input]->data());
    for (Value output : fusion.getOutputs()) {
      if (!memory.count(output))
        allocate(output);
      pointers.push_back(memory[output]->data());
    }
    if (Status status = self->runner->run(index, pointers, self->options.batch,
                                          order, interleaving);
        !status.ok())
      error = status.message();
  }
  for (const auto &buffer : buffers)
    if (!buffer->guardsIntact())
      error = "access outside a buffer";
  std::vector<Values> results;
  for (Value value : returned.getOperands())
    results.push_back(memory[value]->get());
  return results;
}

double CompiledFunction::measure(const std::vector<Values> &inputs,
                                 int repeats) {
  double best = INFINITY;
  std::string error;
  for (int i = 0; i < repeats; ++i) {
    auto start = std::chrono::steady_clock::now();
    run(inputs, Order::Forward, error);
    best = std::min(best, std::chrono::duration<double, std::milli>(
                              std::chrono::steady_clock::now() - start)
                              .count());
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

static bool sameBits(const std::vector<Values> &a,
                     const std::vector<Values> &b) {
  for (auto [x, y] : llvm::zip_equal(a, b))
    if (std::memcmp(x.data(), y.data(), x.size() * sizeof(double)))
      return false;
  return true;
}

/// Elements of `actual` after those of `expected` belong to samples outside the
/// call, which must not be written.
static std::string compare(const std::vector<Values> &expected,
                           const std::vector<Values> &actual,
                           const KernelTestOptions &options) {
  if (expected.size() != actual.size())
    return "expected " + std::to_string(expected.size()) + " results, got " +
           std::to_string(actual.size());
  for (size_t r = 0; r < expected.size(); ++r) {
    size_t wrong = 0;
    std::string first;
    for (size_t i = 0; i < expected[r].size(); ++i) {
      double e = expected[r][i], a = actual[r][i];
      bool equal =
          std::isfinite(e)
              ? std::fabs(e - a) <= options.tolerance * (1 + std::fabs(e))
              : std::isnan(e) == std::isnan(a) && (std::isnan(e) || e == a);
      if (!equal && !wrong++)
        first = "element " + std::to_string(i) + ": expected " +
                std::to_string(e) + ", got " + std::to_string(a);
    }
    if (wrong)
      return "result " + std::to_string(r) + ": " + std::to_string(wrong) +
             " of " + std::to_string(expected[r].size()) +
             " elements differ; " + first;
    if (options.inPlace.count(r))
      continue;
    for (size_t i = expected[r].size(); i < actual[r].size(); ++i)
      if (!std::isnan(actual[r][i]))
        return "result " + std::to_string(r) + ": element " +
               std::to_string(i) + " of an absent sample was written";
  }
  return "";
}

std::string checkKernelsAgainst(
    StringRef text, const KernelTestOptions &options,
    const std::function<std::vector<Values>(const std::vector<Values> &)>
        &expect) {
  std::string error;
  std::unique_ptr<CompiledFunction> compiled =
      CompiledFunction::compile(text, options, error);
  if (!compiled)
    return error;
  std::vector<Values> inputs = compiled->makeInputs();
  constexpr CompiledFunction::Order orders[] = {
      CompiledFunction::Order::Forward, CompiledFunction::Order::Reverse,
      CompiledFunction::Order::TwoThreads};
  std::vector<Values> actual = compiled->run(inputs, orders[0], error);
  unsigned interleavings = compiled->interleavings(),
           runs = std::max<unsigned>(interleavings, std::size(orders));
  for (unsigned i = 1; i < runs && error.empty(); ++i)
    if (!sameBits(actual, compiled->run(inputs, orders[i % std::size(orders)],
                                        error, i % interleavings)) &&
        error.empty())
      return interleavings > 1
                 ? "results depend on the order of tasks or threads"
                 : "results depend on the order of tasks";
  if (!error.empty())
    return error;
  return compare(expect(inputs), actual, options);
}

std::string checkKernels(StringRef text, const KernelTestOptions &options) {
  return checkKernelsAgainst(
      text, options, [&](const std::vector<Values> &inputs) {
        MLIRContext context(kernelRegistry(), MLIRContext::Threading::DISABLED);
        auto module = parseSourceString<ModuleOp>(
            withBatch(text, options.batch), &context);
        func::FuncOp function = *module->getOps<func::FuncOp>().begin();
        narrowValues(function, options);
        std::vector<reference::HostTensor> tensors;
        for (auto [type, values] :
             llvm::zip_equal(function.getArgumentTypes(), inputs)) {
          auto tensor = cast<RankedTensorType>(type);
          auto kind = *reference::elementKind(tensor.getElementType());
          reference::HostTensor &host =
              tensors.emplace_back(tensor.getShape(), kind);
          for (int64_t i = 0; i < host.size(); ++i)
            if (reference::isFloat(kind))
              host[i] = values[i];
            else
              host.integers()[i] = static_cast<int64_t>(values[i]);
        }
        std::vector<Values> expected;
        auto results =
            reference::evaluate(function, tensors, options.precision);
        if (succeeded(results))
          for (const reference::HostTensor &result : *results)
            if (reference::isFloat(result.kind()))
              expected.push_back(result.values().vec());
            else
              expected.emplace_back(result.integers().begin(),
                                    result.integers().end());
        return expected;
      });
}

} // namespace segc::test
