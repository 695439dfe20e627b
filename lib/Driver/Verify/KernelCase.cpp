//===- KernelCase.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Verify/KernelCase.h"

#include "KernelInputs.h"
#include "KernelOperands.h"
#include "ResultCheck.h"
#include "segc/Base/Random.h"
#include "segc/Target/KernelEmission.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include <cmath>
#include <set>

using namespace mlir;

namespace segc {

using reference::HostTensor;

static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static llvm::json::Value arrayOf(ArrayRef<int64_t> numbers) {
  return llvm::json::Array(numbers);
}

static uint64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * tensor.getElementTypeBitWidth() / 8;
}

static llvm::Error write(const Twine &path,
                         llvm::function_ref<void(llvm::raw_ostream &)> text) {
  std::error_code error;
  llvm::raw_fd_ostream out(path.str(), error);
  if (!error) {
    text(out);
    out.close();
    error = out.error();
  }
  return error ? llvm::createStringError(path + ": " + error.message())
               : llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static llvm::json::Object describe(exec::TensorMapAttr map, int64_t batch) {
  SmallVector<int64_t> sizes(map.getSizes());
  if (map.getSamples() < static_cast<int64_t>(sizes.size()))
    sizes[map.getSamples()] *= batch;
  return llvm::json::Object{
      {"operand", map.getOperand()},          {"offset", map.getOffset()},
      {"type", textOf(map.getElement())},     {"sizes", arrayOf(sizes)},
      {"strides", arrayOf(map.getStrides())}, {"box", arrayOf(map.getBox())},
      {"steps", arrayOf(map.getSteps())},     {"swizzle", map.getSwizzle()}};
}

static llvm::json::Object describe(EmittedKernel &kernel, int64_t batch) {
  llvm::json::Array maps;
  for (exec::TensorMapAttr map : kernel.tensorMaps)
    maps.push_back(describe(map, batch));
  return llvm::json::Object{
      {"kernel", SymbolTable::getSymbolName(kernel.function).str()},
      {"blocks", kernel.tasks.fixed + kernel.tasks.perSample * batch},
      {"threads", kernel.threads},
      {"shared", kernel.sharedBytes},
      {"maps", std::move(maps)}};
}

/// Writes the PTX and returns the launches.
static llvm::Expected<llvm::json::Array> writeCode(seg::FusionOp fusion,
                                                   const Target &device,
                                                   int64_t batch,
                                                   const Twine &path) {
  OwningOpRef<ModuleOp> kernels =
      ModuleOp::create(UnknownLoc::get(fusion.getContext()));
  KernelEmission emission{fusion, device.backend->kernelBuilder(*kernels), "k0",
                          *device.version};
  if (failed(device.backend->emitKernels(emission)))
    return llvm::createStringError("no kernels for " + device.spec());
  llvm::json::Array launches;
  for (EmittedKernel &kernel : emission.kernels)
    launches.push_back(describe(kernel, batch));
  SerializeOptions options;
  options.assemble = false;
  auto code = device.backend->serialize(*kernels, *device.version, options);
  if (!code)
    return code.takeError();
  if (code->blobs.size() != 1)
    return llvm::createStringError("expected the PTX of one module, got " +
                                   std::to_string(code->blobs.size()) +
                                   " for " + device.spec());
  const CodeBytes &text = code->blobs.front().code;
  if (llvm::Error error = write(path, [&](llvm::raw_ostream &out) {
        out << StringRef(text.data(), text.size());
      }))
    return error;
  return launches;
}

//===----------------------------------------------------------------------===//
// Inputs and results
//===----------------------------------------------------------------------===//

static llvm::json::Array describeInputs(seg::FusionOp fusion,
                                        const KernelOperands &operands,
                                        int64_t classes) {
  llvm::json::Array inputs;
  for (BlockArgument argument : fusion.getBody().getArguments()) {
    InputDraws draws = inputDraws(argument, classes);
    auto type = cast<RankedTensorType>(argument.getType());
    uint32_t sum = llvm::crc32({operands.input(argument.getArgNumber()).data(),
                                static_cast<size_t>(bytesOf(type))});
    inputs.push_back(llvm::json::Object{{"type", textOf(type.getElementType())},
                                        {"shape", arrayOf(type.getShape())},
                                        {"seed", draws.seed},
                                        {"low", draws.distribution.low},
                                        {"high", draws.distribution.high},
                                        {"step", draws.step},
                                        {"crc32", sum}});
  }
  return inputs;
}

/// Of many elements those at both ends and random ones.
static std::vector<ResultCheck::Interval>
someOf(std::vector<ResultCheck::Interval> all) {
  constexpr size_t most = 16384, ends = most / 4;
  if (all.size() <= most)
    return all;
  std::set<size_t> chosen;
  for (size_t i = 0; i < ends; ++i)
    chosen.insert({i, all.size() - 1 - i});
  CounterRng rng(/*seed=*/1, /*stream=*/0);
  for (uint64_t draw = 0; chosen.size() < most; ++draw)
    chosen.insert(
        (uint64_t{rng.bits(2 * draw)} << 16 ^ rng.bits(2 * draw + 1)) %
        all.size());
  std::vector<ResultCheck::Interval> some;
  for (size_t i : chosen)
    some.push_back(all[i]);
  return some;
}

/// The f32 values that enclose the interval.
static std::pair<float, float> enclose(const ResultCheck::Interval &interval) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  auto low = static_cast<float>(interval.low),
       high = static_cast<float>(interval.high);
  return {low > interval.low ? std::nextafter(low, -infinity) : low,
          high < interval.high ? std::nextafter(high, infinity) : high};
}

/// Writes the intervals of each result: elements, lower and upper ends, of 32
/// bits each. Returns the results with the number of their intervals.
static llvm::Expected<llvm::json::Array>
writeExpected(seg::FusionOp fusion, ArrayRef<ResultCheck> checks,
              const Twine &path) {
  llvm::json::Array results;
  std::string bytes;
  auto append = [&](auto value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  };
  for (auto [type, check] : llvm::zip_equal(fusion.getResultTypes(), checks)) {
    auto tensor = cast<RankedTensorType>(type);
    std::vector<ResultCheck::Interval> some = someOf(check.intervals());
    for (const ResultCheck::Interval &interval : some)
      append(static_cast<uint32_t>(interval.element));
    for (const ResultCheck::Interval &interval : some)
      append(enclose(interval).first);
    for (const ResultCheck::Interval &interval : some)
      append(enclose(interval).second);
    results.push_back(
        llvm::json::Object{{"type", textOf(tensor.getElementType())},
                           {"shape", arrayOf(tensor.getShape())},
                           {"compared", static_cast<int64_t>(some.size())}});
  }
  if (llvm::Error error =
          write(path, [&](llvm::raw_ostream &out) { out << bytes; }))
    return error;
  return results;
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

llvm::Expected<llvm::json::Object>
writeKernelCase(seg::FusionOp fusion, const Target &device,
                const Target &emulated, const KernelCheckOptions &options,
                StringRef folder, StringRef name) {
  const KernelModel *model = emulated.backend->modelOf(fusion);
  if (!model)
    return llvm::createStringError("the strategy is that of no kernel");
  auto runner = KernelRunner::compile(fusion, emulated);
  if (!runner)
    return runner.takeError();
  std::vector<HostTensor> inputs;
  for (BlockArgument argument : fusion.getBody().getArguments())
    inputs.push_back(makeInput(argument, options.classes));
  SmallVector<int> inPlace(fusion.getNumResults(), -1);
  KernelOperands operands(fusion, inPlace, inputs);
  if (std::string fault = operands.run([&](ArrayRef<void *> pointers) {
        return (*runner)->run(0, pointers, options.batch);
      });
      !fault.empty())
    return llvm::createStringError(fault);
  std::vector<HostTensor> actual = operands.read();
  auto checks = evaluateChecks(fusion, *model, inputs, actual,
                               /*elements=*/{}, /*elsewhere=*/true);
  if (!checks)
    return checks.takeError();
  for (auto [check, tensor] : llvm::zip_equal(*checks, actual))
    if (!check.compare(tensor).ok())
      return llvm::createStringError(
          "the emulated kernels differ from the reference");
  auto launches =
      writeCode(fusion, device, options.batch, folder + "/" + name + ".ptx");
  if (!launches)
    return launches.takeError();
  auto results =
      writeExpected(fusion, *checks, folder + "/" + name + ".expected");
  if (!results)
    return results.takeError();
  llvm::json::Array temporaries{fusion.getTempBytes()};
  if (fusion.getSumsBytes())
    temporaries.push_back(fusion.getSumsBytes());
  return llvm::json::Object{
      {"name", name.str()},
      {"version", device.version->name},
      {"batch", options.batch},
      {"inputs", describeInputs(fusion, operands, options.classes)},
      {"results", std::move(*results)},
      {"temporaries", std::move(temporaries)},
      {"launches", std::move(*launches)}};
}

} // namespace segc
