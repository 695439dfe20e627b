//===- KernelTest.cpp -----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/LowerToLLVM.h"
#include "segc/Reference/Reference.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>
#include <cmath>
#include <cstring>
#include <random>
#include <thread>

using namespace mlir;

namespace segc::test {

std::string withBatch(StringRef text, int64_t batch) {
  std::string result;
  for (size_t at; (at = text.find("$N")) != StringRef::npos; text = text.drop_front(at + 2))
    result += (text.take_front(at) + std::to_string(batch)).str();
  return result + text.str();
}

std::string activation(const std::string &shape) { return "tensor<$Nx" + shape + "xf32>"; }

std::string fusionFunction(const std::vector<std::string> &inputs, const std::vector<std::string> &results,
                           const std::string &body) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto list = [&](size_t count, llvm::function_ref<void(size_t)> each) {
    llvm::interleaveComma(llvm::seq<size_t>(0, count), os, each);
  };
  auto resultTypes = [&] { list(results.size(), [&](size_t i) { os << results[i]; }); };
  os << "func.func @f(";
  list(inputs.size(), [&](size_t i) { os << "%x" << i << ": " << inputs[i]; });
  os << ") -> (";
  resultTypes();
  os << ") {\n  %f:" << results.size() << " = seg.fusion (";
  list(inputs.size(), [&](size_t i) { os << "%a" << i << " = %x" << i << " : " << inputs[i]; });
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

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

namespace {

constexpr size_t guardBytes = 256;
constexpr uint8_t poison = 0xcd;
constexpr uint32_t poisonFloat = 0x7fcdcdcd;

/// Elements between two guards.
class Buffer {
public:
  Buffer(int64_t elements, Type type) : elements(elements), type(type) {
    bytes = elements * type.getIntOrFloatBitWidth() / 8;
    memory.reset(static_cast<uint8_t *>(std::aligned_alloc(64, (bytes + 2 * guardBytes + 63) / 64 * 64)));
    std::memset(memory.get(), poison, bytes + 2 * guardBytes);
    if (type.isF32())
      for (int64_t i = 0; i < elements; ++i)
        std::memcpy(data() + 4 * i, &poisonFloat, 4);
  }
  uint8_t *data() const { return memory.get() + guardBytes; }

  void set(const Values &values) {
    for (int64_t i = 0; i < elements; ++i) {
      if (type.isF32())
        reinterpret_cast<float *>(data())[i] = static_cast<float>(values[i]);
      else if (type.isInteger(32))
        reinterpret_cast<int32_t *>(data())[i] = static_cast<int32_t>(values[i]);
      else
        reinterpret_cast<int64_t *>(data())[i] = static_cast<int64_t>(values[i]);
    }
  }
  Values get() const {
    Values values(elements);
    for (int64_t i = 0; i < elements; ++i)
      values[i] = type.isF32()           ? reinterpret_cast<float *>(data())[i]
                  : type.isInteger(32) ? reinterpret_cast<int32_t *>(data())[i]
                                         : static_cast<double>(reinterpret_cast<int64_t *>(data())[i]);
    return values;
  }
  bool guardsIntact() const {
    for (size_t i = 0; i < guardBytes; ++i)
      if (memory.get()[i] != poison || data()[bytes + i] != poison)
        return false;
    return true;
  }

private:
  int64_t elements;
  Type type;
  size_t bytes;
  std::unique_ptr<uint8_t, void (*)(void *)> memory{nullptr, &std::free};
};

Buffer bufferFor(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return Buffer(tensor.getNumElements(), tensor.getElementType());
}

DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, seg::SegDialect, vector::VectorDialect>();
  registerLLVMTranslations(registry);
  registerCpuKernels(registry);
  reference::registerReferenceModels(registry);
  return registry;
}

using Launch = void (*)(void **buffers, int64_t batch, int64_t task);

/// `@name.call(buffers, batch, task)` calls `@name` with the pointers unpacked.
void addCaller(llvm::Module &module, StringRef name) {
  llvm::Function *kernel = module.getFunction(name);
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *pointer = llvm::PointerType::getUnqual(context), *i64 = llvm::Type::getInt64Ty(context);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer, i64, i64}, false);
  auto *caller = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name + ".call", module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", caller));
  SmallVector<llvm::Value *> args;
  for (unsigned i = 0; i + 2 < kernel->arg_size(); ++i)
    args.push_back(b.CreateLoad(pointer, b.CreateConstGEP1_64(pointer, caller->getArg(0), i)));
  args.append({caller->getArg(1), caller->getArg(2)});
  b.CreateCall(kernel, args);
  b.CreateRetVoid();
}

struct KernelLaunch {
  TaskCount tasks;
  int64_t scratchBytes;
  Launch launch;
};

} // namespace

struct CompiledFunction::Implementation {
  KernelTestOptions options;
  MLIRContext context{makeRegistry(), MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  std::string kernelText;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::vector<std::vector<KernelLaunch>> launches; // By fusion.

  func::FuncOp function() { return *module->getOps<func::FuncOp>().begin(); }
};

CompiledFunction::CompiledFunction() : self(std::make_unique<Implementation>()) {}
CompiledFunction::~CompiledFunction() = default;
std::string CompiledFunction::kernelText() const { return self->kernelText; }

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static LogicalResult emitFusion(seg::FusionOp fusion, FusionEmitter &emitter, const CpuTarget &target) {
  Operation *root = fusionRoot(fusion);
  if (!root)
    return emitPointwiseFusion(emitter);
  auto kernel = dyn_cast<CpuKernelOpInterface>(root);
  if (!kernel)
    return root->emitOpError("has no CPU kernel");
  if (!fusion.getStrategyAttr())
    fusion.setStrategyAttr(kernel.selectCpuStrategy(fusion, target));
  return kernel.emitCpuKernel(emitter);
}

std::unique_ptr<CompiledFunction>
CompiledFunction::compile(StringRef text, const KernelTestOptions &options, std::string &error) {
  auto fail = [&](const llvm::Twine &what) {
    error = what.str() + (error.empty() ? "" : ": " + error);
    return nullptr;
  };
  std::optional<CpuTarget> target = lookupCpuTarget(options.target);
  if (!target)
    return fail("unknown target " + options.target);

  std::unique_ptr<CompiledFunction> compiled(new CompiledFunction);
  Implementation &self = *compiled->self;
  self.options = options;
  self.context.loadAllAvailableDialects();
  ScopedDiagnosticHandler handler(&self.context, [&](Diagnostic &diagnostic) { error += diagnostic.str() + "\n"; });
  self.module = parseSourceString<ModuleOp>(withBatch(text, options.largestBatch), &self.context);
  if (!self.module)
    return fail("cannot parse the test's text");

  OwningOpRef<ModuleOp> kernels = ModuleOp::create(UnknownLoc::get(&self.context));
  std::vector<std::vector<std::string>> names;
  for (seg::FusionOp fusion : self.function().getOps<seg::FusionOp>()) {
    FusionEmitter emitter(OpBuilder::atBlockEnd(kernels->getBody()), fusion, "k" + std::to_string(names.size()), *target);
    if (failed(emitFusion(fusion, emitter, *target)))
      return fail("emission failed");
    auto &launches = self.launches.emplace_back();
    auto &symbols = names.emplace_back();
    for (func::FuncOp kernel : emitter.kernels()) {
      ArrayRef<int64_t> tasks = kernel->getAttrOfType<DenseI64ArrayAttr>(tasksAttrName).asArrayRef();
      launches.push_back({{tasks[0], tasks[1]}, kernel->getAttrOfType<IntegerAttr>(scratchAttrName).getInt(), nullptr});
      symbols.push_back(kernel.getName().str());
    }
  }
  llvm::raw_string_ostream(self.kernelText) << *kernels;
  if (failed(verify(*kernels)) || failed(lowerKernelsToLLVM(*kernels)))
    return fail("lowering failed");

  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> llvmModule = translateKernels(*kernels, *llvmContext, *target);
  auto machine = createTargetMachine(*target);
  if (!llvmModule || !machine)
    return fail("translation failed");
  for (const auto &symbols : names)
    for (const std::string &symbol : symbols)
      addCaller(*llvmModule, symbol);
  optimizeModule(*llvmModule, **machine);

  llvm::orc::JITTargetMachineBuilder builder(llvmModule->getTargetTriple());
  builder.setCPU(target->llvmCpu);
  auto jit = llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(builder).create();
  if (!jit)
    return fail(llvm::toString(jit.takeError()));
  self.jit = std::move(*jit);
  if (llvm::Error e = self.jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(llvmModule), std::move(llvmContext))))
    return fail(llvm::toString(std::move(e)));
  for (auto [launches, symbols] : llvm::zip_equal(self.launches, names))
    for (auto [launch, symbol] : llvm::zip_equal(launches, symbols)) {
      auto address = self.jit->lookup(symbol + ".call");
      if (!address)
        return fail(llvm::toString(address.takeError()));
      launch.launch = address->toPtr<Launch>();
    }
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
      if (tensor.getElementType().isF32())
        value = static_cast<float>(options.low + (options.high - options.low) * uniform);
      else
        value = std::floor(uniform * options.classes);
    }
    if (auto given = options.inputs.find(i); given != options.inputs.end())
      values = given->second;
  }
  return inputs;
}

static void runLaunch(const KernelLaunch &kernel, std::vector<void *> buffers, Type f32, int64_t batch,
                      CompiledFunction::Order order, std::string &error) {
  int64_t tasks = kernel.tasks.fixed + kernel.tasks.perSample * batch;
  auto worker = [&](int64_t first, int64_t step, bool &intact) {
    Buffer scratch(kernel.scratchBytes / 4, f32);
    std::vector<void *> pointers = buffers; // Each worker has its own scratch.
    pointers.push_back(scratch.data());
    for (int64_t task = first; task >= 0 && task < tasks; task += step)
      kernel.launch(pointers.data(), batch, task);
    intact = scratch.guardsIntact();
  };
  bool intact = true, otherIntact = true;
  if (order == CompiledFunction::Order::TwoThreads) {
    std::thread other([&] { worker(1, 2, otherIntact); });
    worker(0, 2, intact);
    other.join();
  } else if (order == CompiledFunction::Order::Reverse) {
    worker(tasks - 1, -1, intact);
  } else {
    worker(0, 1, intact);
  }
  if (!intact || !otherIntact)
    error = "access outside the scratch";
}

std::vector<Values> CompiledFunction::run(const std::vector<Values> &inputs, Order order, std::string &error) {
  func::FuncOp function = self->function();
  llvm::DenseMap<Value, Buffer *> memory;
  std::vector<std::unique_ptr<Buffer>> buffers;
  auto allocate = [&](Value value) {
    buffers.push_back(std::make_unique<Buffer>(bufferFor(value.getType())));
    memory[value] = buffers.back().get();
  };
  for (auto [argument, values] : llvm::zip_equal(function.getArguments(), inputs)) {
    allocate(argument);
    memory[argument]->set(values);
  }
  auto returned = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  for (auto [result, argument] : self->options.inPlace)
    memory[returned.getOperand(result)] = memory[function.getArgument(argument)];

  for (auto [fusion, launches] : llvm::zip_equal(function.getOps<seg::FusionOp>(), self->launches)) {
    std::vector<void *> pointers;
    for (Value input : fusion.getInputs())
      pointers.push_back(memory[input]->data());
    for (Value output : fusion.getOutputs()) {
      if (!memory.count(output))
        allocate(output);
      pointers.push_back(memory[output]->data());
    }
    int64_t tempBytes = 0;
    if (DictionaryAttr strategy = fusion.getStrategyAttr())
      if (auto attr = strategy.getAs<IntegerAttr>(strategyTempName))
        tempBytes = attr.getInt();
    Type f32 = Float32Type::get(&self->context);
    buffers.push_back(std::make_unique<Buffer>(tempBytes / 4, f32));
    pointers.push_back(buffers.back()->data());
    for (const KernelLaunch &kernel : launches)
      runLaunch(kernel, pointers, f32, self->options.batch, order, error);
  }
  for (const auto &buffer : buffers)
    if (!buffer->guardsIntact())
      error = "access outside a buffer";
  std::vector<Values> results;
  for (Value value : returned.getOperands())
    results.push_back(memory[value]->get());
  return results;
}

double CompiledFunction::measure(const std::vector<Values> &inputs, int repeats) {
  double best = INFINITY;
  std::string error;
  for (int i = 0; i < repeats; ++i) {
    auto start = std::chrono::steady_clock::now();
    run(inputs, Order::Forward, error);
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

static bool sameBits(const std::vector<Values> &a, const std::vector<Values> &b) {
  for (auto [x, y] : llvm::zip_equal(a, b))
    if (std::memcmp(x.data(), y.data(), x.size() * sizeof(double)))
      return false;
  return true;
}

/// `actual` may have more elements: samples past the call's, which must be
/// untouched.
static std::string compare(const std::vector<Values> &expected, const std::vector<Values> &actual,
                           const KernelTestOptions &options) {
  if (expected.size() != actual.size())
    return "expected " + std::to_string(expected.size()) + " results, got " + std::to_string(actual.size());
  for (size_t r = 0; r < expected.size(); ++r) {
    size_t wrong = 0;
    std::string first;
    for (size_t i = 0; i < expected[r].size(); ++i) {
      double e = expected[r][i], a = actual[r][i];
      bool equal = std::isfinite(e) ? std::fabs(e - a) <= options.tolerance * (1 + std::fabs(e))
                                    : std::isnan(e) == std::isnan(a) && (std::isnan(e) || e == a);
      if (!equal && !wrong++)
        first = "element " + std::to_string(i) + ": expected " + std::to_string(e) + ", got " + std::to_string(a);
    }
    if (wrong)
      return "result " + std::to_string(r) + ": " + std::to_string(wrong) + " of " +
             std::to_string(expected[r].size()) + " elements differ; " + first;
    if (options.inPlace.count(r))
      continue;
    for (size_t i = expected[r].size(); i < actual[r].size(); ++i)
      if (!std::isnan(actual[r][i]))
        return "result " + std::to_string(r) + ": element " + std::to_string(i) + " of an absent sample was written";
  }
  return "";
}

std::string checkKernelsAgainst(StringRef text, const KernelTestOptions &options,
                                const std::function<std::vector<Values>(const std::vector<Values> &)> &expect) {
  std::string error;
  std::unique_ptr<CompiledFunction> compiled = CompiledFunction::compile(text, options, error);
  if (!compiled)
    return error;
  std::vector<Values> inputs = compiled->makeInputs();
  std::vector<Values> actual = compiled->run(inputs, CompiledFunction::Order::Forward, error);
  for (auto order : {CompiledFunction::Order::Reverse, CompiledFunction::Order::TwoThreads})
    if (!sameBits(actual, compiled->run(inputs, order, error)))
      return "results depend on the order of tasks";
  if (!error.empty())
    return error;
  return compare(expect(inputs), actual, options);
}

std::string checkKernels(StringRef text, const KernelTestOptions &options) {
  return checkKernelsAgainst(text, options, [&](const std::vector<Values> &inputs) {
    MLIRContext context(makeRegistry(), MLIRContext::Threading::DISABLED);
    auto module = parseSourceString<ModuleOp>(withBatch(text, options.batch), &context);
    func::FuncOp function = *module->getOps<func::FuncOp>().begin();
    std::vector<reference::HostTensor> tensors;
    for (auto [type, values] : llvm::zip_equal(function.getArgumentTypes(), inputs)) {
      auto tensor = cast<RankedTensorType>(type);
      auto kind = *reference::elementKind(tensor.getElementType());
      reference::HostTensor &host = tensors.emplace_back(tensor.getShape(), kind);
      for (int64_t i = 0; i < host.size(); ++i)
        if (reference::isFloat(kind))
          host[i] = values[i];
        else
          host.integers()[i] = static_cast<int64_t>(values[i]);
    }
    std::vector<Values> expected;
    auto results = reference::evaluate(function, tensors);
    if (succeeded(results))
      for (const reference::HostTensor &result : *results)
        expected.push_back(result.values().vec());
    return expected;
  });
}

} // namespace segc::test
