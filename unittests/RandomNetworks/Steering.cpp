//===- Steering.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steering.h"

#include "Strategies.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Driver/Verify/KernelCheck.h"
#include "segc/Program/Programs.h"
#include "segc/Reference/Reference.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;

namespace segc::random_networks {

using seg::Shape;
using seg::shapeText;

namespace {

/// The parsed words of "seg.conv in_place kind=winograd m=1x4x4 products=f16".
struct Words {
  explicit Words(StringRef strategy) { strategy.split(all, ' '); }
  StringRef root() const { return all.front(); }
  bool has(StringRef word) const { return llvm::is_contained(all, word); }
  StringRef value(StringRef name) const {
    for (StringRef word : all)
      if (word.consume_front(name) && word.consume_front("="))
        return word;
    return "";
  }

  SmallVector<StringRef> all;
};

std::string list(ArrayRef<int64_t> values) {
  return "[" +
         llvm::join(llvm::map_range(
                        values, [](int64_t v) { return std::to_string(v); }),
                    ", ") +
         "]";
}

/// Writes a network that is a sequence of convolutions.
class Writer {
public:
  explicit Writer(const Shape &image) : image(image), shape(image) {}

  void convolution(StringRef op, ArrayRef<int64_t> taps, int64_t to,
                   int64_t stride, int64_t padding);
  void relu() {
    std::string type = tensor(shape);
    value("seg.relu " + last + " : " + type);
  }
  /// Returns the text of the network, with labels of two classes.
  std::string text() const;

private:
  static std::string tensor(ArrayRef<int64_t> shape) {
    return "tensor<" + shapeText(shape) + "xf32>";
  }
  void value(const std::string &text) {
    last = "%" + std::to_string(count++);
    body += "  " + last + " = " + text + "\n";
  }

  Shape image, shape; ///< Shape of the image, and of the last value.
  std::string body, last = "%image";
  unsigned count = 0;
};

void Writer::convolution(StringRef op, ArrayRef<int64_t> taps, int64_t to,
                         int64_t stride, int64_t padding) {
  Shape filter(taps), strides, pads, out{shape.front()};
  filter.push_back(shape.back());
  filter.push_back(to);
  for (auto [d, count] : llvm::enumerate(taps)) {
    strides.push_back(count == 1 ? 1 : stride);
    pads.push_back(count == 1 ? 0 : padding);
    int64_t size = shape[d + 1];
    out.push_back(op == "seg.conv_transpose"
                      ? (size - 1) * strides[d] + count - 2 * pads[d]
                      : size - count + 1 + 2 * pads[d]);
  }
  out.push_back(to);
  std::string weights = "%w" + std::to_string(count), in = last;
  body += "  " + weights + " = seg.param \"" + weights.substr(1) +
          "\" glorot_uniform 0.0 decay : " + tensor(filter) + "\n";
  value(op.str() + " " + in + ", " + weights + " strides " + list(strides) +
        " pad_low " + list(pads) + " pad_high " + list(pads) + " : (" +
        tensor(shape) + ", " + tensor(filter) + ") -> " + tensor(out));
  shape = out;
}

std::string Writer::text() const {
  std::string labels = "tensor<" +
                       shapeText(ArrayRef<int64_t>(shape).drop_back()) +
                       "xi32>",
              logits = tensor(shape);
  return "seg.network @steered format 1 classes 2 optimizer {kind = \"sgd\"} "
         "pipeline {} forward {\n^bb0(%image: " +
         tensor(image) + "):\n" + body + "  seg.output " + last + " : " +
         logits + "\n} objective [\"loss\"] {\n^bb0(%logits: " + logits +
         ", %labels: " + labels +
         "):\n  %loss = seg.cross_entropy %logits, %labels : (" + logits +
         ", " + labels +
         ") -> tensor<f32>\n  seg.output %loss : "
         "tensor<f32>\n}\n";
}

} // namespace

std::string steeredNetwork(StringRef strategy, uint64_t attempt) {
  Words words(strategy);
  Draws draws(attempt, Purpose::Network);
  StringRef tiles = words.value("m");
  bool flat = tiles.starts_with("1x");
  unsigned rank = tiles.empty() ? draws.between(2, 3)
                  : flat        ? (draws.percent(25) ? 3 : 2)
                                : 3;
  bool transposed = words.root() == "seg.conv_transpose";
  // Inputs that are read in place have no padding.
  int64_t padding = words.has("in_place") || draws.percent(15) ? 0 : 1;
  Shape taps(rank, 3), image{draws.between(1, 2)};
  if (flat && rank == 3)
    taps[0] = 1;
  for (int64_t count : taps)
    image.push_back(4 * draws.between(1, rank == 2 ? 5 : 3) +
                    (count == 3 && !transposed ? 2 * (1 - padding) : 0));
  image.push_back(1);
  auto channels = [&] {
    return rank == 2 ? draws.pick<int64_t>({16, 32, 48, 64})
                     : draws.pick<int64_t>({16, 32});
  };
  Writer writer(image);
  writer.convolution("seg.conv", taps, channels(), 1, 1);
  writer.relu();
  if (transposed)
    writer.convolution("seg.conv_transpose", Shape(rank, 2), channels(), 2, 0);
  else
    writer.convolution("seg.conv", taps, channels(), 1, padding);
  writer.relu();
  writer.convolution("seg.conv", Shape(rank, 1), /*to=*/2, 1, 0);
  return writer.text();
}

Configuration steeredConfiguration(StringRef strategy, uint64_t attempt) {
  Words words(strategy);
  Draws draws(attempt, Purpose::Configuration);
  Configuration result;
  PipelineOptions &options = result.compile.pipeline;
  StringRef multiplyType = words.value("multiply_type");
  // Versions differ in what a multiplication costs, and so in the strategies
  // that are selected.
  MultiplyTypeSet types{};
  if (std::optional<MultiplyType> type = lookupMultiplyType(multiplyType))
    types.insert(*type);
  result.compile.cpus = {draws.pick<std::string>(runnableCpus(types))};
  if (!multiplyType.empty()) {
    options.multiplyType = multiplyType.str();
    options.precision = multiplyType == "fixed"
                            ? draws.pick<std::string>({"bf16", "f16"})
                            : multiplyType.str();
  }
  if (words.value("kind") != "winograd")
    options.winograd = "off";
  options.training = !words.has("prepared") || draws.percent(50);
  options.threads = draws.pick<int64_t>({1, 2, 4, 8});
  varyStrategies(result.compile, attempt, /*every=*/true);
  return result;
}

/// Compares up to `maxKernels` kernels of this strategy and returns the number
/// that agree.
static llvm::Expected<int64_t> compareEach(const std::string &file,
                                           CompileOptions options,
                                           StringRef strategy,
                                           int64_t maxKernels) {
  DialectRegistry registry;
  reference::registerReferenceModels(registry);
  CompilerContext context(MLIRContext::Threading::DISABLED);
  context.appendDialectRegistry(registry);
  options.input = file;
  int64_t agreeing = 0;
  auto check = [&](ModuleOp module, const Target &target,
                   ModuleOp) -> llvm::Error {
    std::vector<seg::FusionOp> found = kernelsOf(module, strategy);
    if (!found.empty()) {
      llvm::outs() << "options: " << commandLine(options) << "\n"
                   << "run: --kernels\n";
      llvm::outs().flush();
    }
    for (seg::FusionOp fusion : found) {
      if (agreeing == maxKernels)
        break;
      KernelCheckOptions checks;
      checks.products = 1e7;
      checks.batch = findProgram(module, "predict").getBatch();
      auto deviation = checkKernel(
          fusion, target, SmallVector<int>(fusion.getNumResults(), -1), checks);
      if (!deviation)
        return deviation.takeError();
      if (!deviation->ok())
        return llvm::createStringError(
            strategy +
            (deviation->fault.empty()
                 ? " differs by " + std::to_string(deviation->excess()) +
                       " of what rounding explains"
                 : ": " + deviation->fault));
      ++agreeing;
      llvm::outs() << "strategy: " << strategy << "\n";
    }
    return llvm::Error::success();
  };
  if (llvm::Error error = forEachProgram(context, options, check))
    return error;
  return agreeing;
}

bool compareKernelsOf(StringRef strategy, int64_t wanted,
                      const std::string &file) {
  constexpr uint64_t maxAttempts = 150;
  for (uint64_t attempt = 0; attempt < maxAttempts && wanted > 0; ++attempt) {
    std::error_code error;
    llvm::raw_fd_ostream(file, error) << steeredNetwork(strategy, attempt);
    auto agreeing =
        compareEach(file, steeredConfiguration(strategy, attempt).compile,
                    strategy, wanted);
    if (!agreeing) {
      llvm::outs() << "error: " << llvm::toString(agreeing.takeError()) << "\n";
      return false;
    }
    wanted -= *agreeing;
  }
  return true;
}

} // namespace segc::random_networks
