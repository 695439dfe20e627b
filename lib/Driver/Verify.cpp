//===- Verify.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Names ops only to know which operands make sense when positive: nothing
// else says so.

#include "segc/Driver/Verify.h"

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/KernelRunner.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Reference/Reference.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;

namespace segc {

using reference::HostTensor;

/// Kernels with more operations are left to --full.
static constexpr double mostOperations = 2e9;
static constexpr double rmsTolerance = 1e-5, elementTolerance = 1e-3;
/// In fusions of several ops random values are multiples of this. With 7 bits
/// each a chain of a few pointwise ops is exact in f32, so that both sides take
/// the same branch at a kink.
static constexpr double valueStep = 0x1p-6;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// Whether the op only makes sense of positive values there.
static bool wantsPositive(OpOperand &use) {
  Value value = use.get();
  return llvm::TypeSwitch<Operation *, bool>(use.getOwner())
      .Case<seg::NormApplyOp, seg::NormGradStatsOp, seg::NormGradApplyOp,
            seg::NormGradOp>([&](auto op) { return value == op.getRstd(); })
      .Case([&](seg::RunningVarianceOp op) {
        return value == op.getRstd() || value == op.getRunning();
      })
      .Case([&](seg::BatchNormInferenceOp op) {
        return value == op.getVariance();
      })
      .Case([&](seg::DiceGradOp op) { return value == op.getSums(); })
      .Case([&](seg::AdamOp op) { return value == op.getSecondMoment(); })
      .Case([&](seg::RmspropOp op) { return value == op.getMeanSquare(); })
      .Default(false);
}

/// Whether the op asks of the value if it is 1: the step is finite.
static bool isFlag(OpOperand &use) {
  return llvm::TypeSwitch<Operation *, bool>(use.getOwner())
      .Case<seg::AdamOp, seg::RmspropOp, seg::SgdOp, seg::LookaheadOp>(
          [&](auto op) { return use.get() == op.getFinite(); })
      .Default(false);
}

static reference::Distribution distribution(BlockArgument argument,
                                            int64_t classes) {
  auto type = cast<RankedTensorType>(argument.getType());
  if (isa<IntegerType>(type.getElementType()))
    return type.getRank()
               ? reference::Distribution{0, static_cast<double>(classes)}
               : reference::Distribution{1, 100};
  if (llvm::any_of(argument.getUses(), isFlag))
    return {1, 1};
  // Mean squares stay above the squares of means, which lie below 1/4.
  if (type.getRank() == 0 || llvm::any_of(argument.getUses(), wantsPositive))
    return {0.5, 1.5};
  return {-0.5, 0.5};
}

static HostTensor makeInput(BlockArgument argument, int64_t classes) {
  HostTensor tensor = reference::randomTensor(
      cast<RankedTensorType>(argument.getType()), argument.getArgNumber() + 1,
      distribution(argument, classes));
  tensor.roundToKind();
  if (!llvm::hasSingleElement(argument.getOwner()->without_terminator()))
    for (double &value : tensor.values())
      value = std::round(value / valueStep) * valueStep;
  return tensor;
}

static std::vector<double> elements(const HostTensor &tensor) {
  if (reference::isFloat(tensor.kind()))
    return tensor.values().vec();
  return std::vector<double>(tensor.integers().begin(),
                             tensor.integers().end());
}

//===----------------------------------------------------------------------===//
// Aliasing
//===----------------------------------------------------------------------===//

/// The region and offset of a value that a plan may lay upon another; empty
/// for images, outputs and the like, which the caller keeps apart.
static std::string place(Value value) {
  if (auto fusion = value.getDefiningOp<seg::FusionOp>()) {
    int64_t offset =
        (*fusion.getOffsets())[cast<OpResult>(value).getResultNumber()];
    if (offset >= 0)
      return "arena+" + std::to_string(offset);
  }
  auto describe = [](DictionaryAttr attrs) -> std::string {
    auto region =
        attrs ? attrs.getAs<StringAttr>(regionAttrName) : StringAttr();
    auto offset =
        attrs ? attrs.getAs<IntegerAttr>(offsetAttrName) : IntegerAttr();
    if (!region || !offset ||
        llvm::is_contained({"inputs", "outputs", "scalars"}, region.getValue()))
      return "";
    return region.str() + "+" + std::to_string(offset.getInt());
  };
  if (auto argument = dyn_cast<BlockArgument>(value))
    return describe(cast<func::FuncOp>(argument.getOwner()->getParentOp())
                        .getArgAttrDict(argument.getArgNumber()));
  for (OpOperand &use : value.getUses())
    if (isa<func::ReturnOp>(use.getOwner()))
      return describe(cast<func::FuncOp>(use.getOwner()->getParentOp())
                          .getResultAttrDict(use.getOperandNumber()));
  return "";
}

/// For each result the input whose memory it takes, or -1.
static SmallVector<int> inPlaceInputs(seg::FusionOp fusion) {
  return llvm::map_to_vector(fusion.getResults(), [&](Value result) {
    std::string at = place(result);
    for (auto [i, input] : llvm::enumerate(fusion.getInputs()))
      if (!at.empty() && place(input) == at)
        return static_cast<int>(i);
    return -1;
  });
}

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

namespace {

/// Differences from the reference, over all results of a kernel.
struct Errors {
  double largest = 0; ///< Of an element, by its result's largest magnitude.
  double rms = 0;     ///< Of a result, relative.
  int64_t elements = 0;
  double excess = 0; ///< The largest error by what its result is allowed.
  std::string fault; ///< What else is wrong.

  /// `unit`: see halfUnit.
  void add(const HostTensor &expected, const std::vector<double> &actual,
           double unit);
  bool ok() const { return fault.empty() && excess <= 1; }
};

/// Half a unit in the last place of a 16-bit value by that value. Inputs have
/// few digits, so that sums often lie halfway between two such values: where
/// the f32 sum errs at all, it is then rounded the other way.
double halfUnit(reference::ElementKind kind) {
  return kind == reference::ElementKind::F16    ? 0x1p-11
         : kind == reference::ElementKind::BF16 ? 0x1p-8
                                                : 0;
}

void Errors::add(const HostTensor &expected, const std::vector<double> &actual,
                 double unit) {
  double most = 0, squares = 0, difference = 0, differences = 0;
  for (auto [e, a] : llvm::zip_equal(segc::elements(expected), actual)) {
    if (!std::isfinite(a) || !std::isfinite(e)) {
      fault = "a value is not finite";
      return;
    }
    most = std::max(most, std::fabs(e));
    squares += e * e;
    difference = std::max(difference, std::fabs(e - a));
    differences += (e - a) * (e - a);
  }
  elements += expected.size();
  if (difference == 0)
    return;
  // Results that are all zero are compared as they are.
  difference /= most > 0 ? most : 1;
  differences = std::sqrt(differences / (squares > 0 ? squares : 1));
  excess = std::max({excess, differences / std::max(rmsTolerance, unit),
                     difference / std::max(elementTolerance, 2 * unit)});
  largest = std::max(largest, difference);
  rms = std::max(rms, differences);
}

/// Runs the kernels of one fusion and its reference evaluation.
llvm::Expected<Errors> check(seg::FusionOp fusion, const CpuTarget &target,
                             int64_t batch, int64_t classes) {
  auto runner = KernelRunner::compile(fusion, target);
  if (!runner)
    return runner.takeError();
  std::vector<HostTensor> inputs;
  std::vector<std::unique_ptr<GuardedBuffer>> buffers;
  SmallVector<void *> operands;
  auto allocate = [&](Value value) {
    buffers.push_back(std::make_unique<GuardedBuffer>(
        cast<RankedTensorType>(value.getType())));
    operands.push_back(buffers.back()->data());
  };
  for (BlockArgument argument : fusion.getBody().getArguments()) {
    inputs.push_back(makeInput(argument, classes));
    allocate(argument);
    buffers.back()->set(elements(inputs.back()));
  }
  SmallVector<GuardedBuffer *> outputs;
  for (auto [result, input] :
       llvm::zip_equal(fusion.getResults(), inPlaceInputs(fusion))) {
    if (input < 0)
      allocate(result);
    else
      operands.push_back(operands[input]);
    outputs.push_back(input < 0 ? buffers.back().get() : buffers[input].get());
  }
  Errors errors;
  if (!(*runner)->run(0, operands, batch))
    errors.fault = "access outside the scratch or the temporary";
  for (const auto &buffer : buffers)
    if (!buffer->guardsIntact())
      errors.fault = "access outside a buffer";

  auto expected = reference::evaluateOp(
      fusion,
      llvm::map_to_vector(
          inputs, [](const HostTensor &t) -> const HostTensor * { return &t; }),
      reference::Precision::Storage);
  if (failed(expected))
    return llvm::createStringError(
        "no reference evaluation of " +
        fusionLead(fusion)->getName().getStringRef());
  // What a kernel sums of a result that it has rounded errs as that does. The
  // products' errors of a Winograd tile are alike, so that sums err more.
  double unit = 3 * productError(fusion.getStrategyAttr());
  for (const HostTensor &tensor : *expected)
    unit = std::max(unit, halfUnit(tensor.kind()));
  for (auto [tensor, output] : llvm::zip_equal(*expected, outputs))
    errors.add(tensor, output->get(), unit);
  return errors;
}

double operations(seg::FusionOp fusion, int64_t batch) {
  auto kernel = dyn_cast_or_null<CpuKernelOpInterface>(fusionRoot(fusion));
  return kernel ? kernel.flopsPerSample() * batch : 0;
}

/// Checks the distinct fusions of a planned module and prints a line for each.
class Verifier {
public:
  Verifier(const VerifyOptions &options, const CpuTarget &target,
           int64_t classes)
      : options(options), target(target), classes(classes) {}

  llvm::Error run(ModuleOp module);

private:
  llvm::Error visit(seg::FusionOp fusion);

  const VerifyOptions &options;
  const CpuTarget &target;
  int64_t classes;
  llvm::StringMap<size_t> kernels; ///< By key; numbers as in the model.
  llvm::StringSet<> seen;          ///< Keys with what is computed in place.
  size_t checked = 0, bad = 0, skipped = 0;
};

llvm::Error Verifier::visit(seg::FusionOp fusion) {
  std::string key = kernelKey(fusion);
  std::string name = kernelName(
      fusion, kernels.try_emplace(key, kernels.size()).first->second);
  for (int input : inPlaceInputs(fusion)) {
    key += "," + std::to_string(input);
    if (input >= 0 && !StringRef(name).ends_with("in-place"))
      name += ":in-place";
  }
  if (!seen.insert(key).second)
    return llvm::Error::success();
  llvm::outs() << llvm::left_justify(name, 36) << " "
               << llvm::left_justify(
                      fusionLead(fusion)->getName().getStringRef(), 28);
  if (double work = operations(fusion, options.batch);
      work > mostOperations && !options.full) {
    ++skipped;
    llvm::outs() << llvm::format(
        "skipped: %.2g operations, more than %.2g; --full runs it\n", work,
        mostOperations);
    return llvm::Error::success();
  }
  llvm::Expected<Errors> errors = check(fusion, target, options.batch, classes);
  if (!errors) {
    llvm::outs() << "\n";
    return llvm::joinErrors(llvm::createStringError(name), errors.takeError());
  }
  ++checked;
  bad += !errors->ok();
  llvm::outs() << llvm::format("%10lld elements  max %8.2e  rms %8.2e  ",
                               static_cast<long long>(errors->elements),
                               errors->largest, errors->rms)
               << (errors->ok() ? "ok" : "FAILED")
               << (errors->fault.empty() ? "" : ": ") << errors->fault << "\n";
  llvm::outs().flush();
  return llvm::Error::success();
}

llvm::Error Verifier::run(ModuleOp module) {
  for (auto entry : module.getOps<func::FuncOp>())
    for (auto fusion : entry.getOps<seg::FusionOp>())
      if (llvm::Error error = visit(fusion))
        return error;
  llvm::outs() << checked << " kernels checked, " << skipped << " skipped, "
               << bad << " FAILED\n";
  if (bad)
    return llvm::createStringError(std::to_string(bad) + " of " +
                                   std::to_string(checked) +
                                   " kernels differ from the reference");
  return llvm::Error::success();
}

} // namespace

llvm::Error verify(const VerifyOptions &options) {
  CompilerContext context(MLIRContext::Threading::DISABLED);
  DialectRegistry oracle;
  reference::registerReferenceModels(oracle);
  context.appendDialectRegistry(oracle);
  auto targets = resolveCpus({options.cpu}, options.pipeline);
  if (!targets)
    return targets.takeError();
  OwningOpRef<ModuleOp> module = readModule(context, options.input);
  if (!module)
    return llvm::createStringError("cannot read " + options.input);
  if (llvm::Error error = checkPrecision(options.pipeline))
    return error;
  CompileOptions compile;
  compile.input = options.input;
  compile.pipeline =
      pipelineFor(targets->front(), {options.cpu}, options.pipeline);
  compile.pipeline.batch = options.batch;
  if (llvm::Error error =
          runPhases(*module, 0, *findPhase("plan"), compile, compile.pipeline))
    return error;
  auto layout = (*module)->getAttrOfType<DictionaryAttr>(layoutAttrName);
  return Verifier(options, targets->front(),
                  layout.getAs<IntegerAttr>("classes").getInt())
      .run(*module);
}

} // namespace segc
