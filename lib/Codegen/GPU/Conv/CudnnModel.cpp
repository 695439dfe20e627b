//===- CudnnModel.cpp - Convolutions that cuDNN computes ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnModel.h"

#include "CudnnConvolution.h"
#include "mlir/IR/IRMapping.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {

namespace {

// Parameters beside those of the generated kernels, whose kind is the first.
constexpr llvm::StringLiteral kernelsName = "kernels",
                              tensorCoresName = "tensor_cores",
                              requiredName = "required";

/// A fusion of one convolution, as seg-fuse would leave it alone. It is erased
/// with the object.
class SingleFusion {
public:
  explicit SingleFusion(Operation *root) {
    OpBuilder b(root);
    SmallVector<Value> inputs;
    for (Value operand : operandsOf(root))
      inputs.push_back(seg::storedValue(operand));
    Value result = root->getResult(0);
    auto rounding = result.hasOneUse()
                        ? dyn_cast<seg::CastOp>(*result.user_begin())
                        : seg::CastOp();
    if (rounding && rounding.widens())
      rounding = {};
    Type type = rounding ? rounding.getType() : result.getType();
    fusion = seg::FusionOp::create(b, root->getLoc(), type, inputs,
                                   seg::StrategyAttr(), DenseI64ArrayAttr(),
                                   IntegerAttr());
    Block *body = b.createBlock(&fusion.getBody());
    IRMapping map;
    for (Value operand : operandsOf(root)) {
      Value stored = seg::storedValue(operand);
      Value inner = body->addArgument(stored.getType(), root->getLoc());
      map.map(stored, inner);
      if (stored != operand)
        b.clone(*operand.getDefiningOp(), map);
      else
        map.map(operand, inner);
    }
    Operation *copy = root->clone(map);
    if (auto conv = dyn_cast<seg::ConvOp>(copy))
      conv.getBiasMutable().clear();
    else if (auto conv = dyn_cast<seg::ConvTransposeOp>(copy))
      conv.getBiasMutable().clear();
    b.insert(copy);
    Value computed = copy->getResult(0);
    if (rounding)
      computed = seg::CastOp::create(b, root->getLoc(), type, computed);
    seg::YieldOp::create(b, root->getLoc(), computed);
  }
  ~SingleFusion() { fusion.erase(); }
  SingleFusion(const SingleFusion &) = delete;
  SingleFusion &operator=(const SingleFusion &) = delete;

  seg::FusionOp fusion;

private:
  /// Without the bias.
  static OperandRange operandsOf(Operation *root) {
    return root->getOperands().take_front(2);
  }
};

class CudnnModel : public KernelModel {
public:
  explicit CudnnModel(SmallVector<const KernelModel *> generated)
      : generated(std::move(generated)) {
    declared = {{kernelsName, StrategyParameter::Type::Kind},
                {tensorCoresName, StrategyParameter::Type::Flag},
                {requiredName, StrategyParameter::Type::Flag}};
    // Which of them there are depends on the kind: emit() checks that.
    for (const KernelModel *model : this->generated)
      for (StrategyParameter parameter : model->parameters()) {
        parameter.optional = true;
        auto *known = llvm::find_if(declared, [&](const auto &other) {
          return other.name == parameter.name;
        });
        if (known == declared.end())
          declared.push_back(parameter);
        else
          for (StringRef keyword : parameter.keywords)
            if (!llvm::is_contained(known->keywords, keyword))
              known->keywords.push_back(keyword);
      }
  }

  bool computes(OperationName root) const override {
    return llvm::any_of(generated, [&](const KernelModel *model) {
      return model->computes(root);
    });
  }
  StringRef kind(OperationName) const override { return library(); }
  StringRef library() const override { return "cudnn"; }
  ArrayRef<StrategyParameter> parameters() const override { return declared; }

  bool computesAlone(Operation *root,
                     const StrategyContext &context) const override;
  SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const override;
  double seconds(seg::FusionOp fusion,
                 const TargetVersion &version) const override;
  LogicalResult emit(KernelEmission &emission) const override;

private:
  SmallVector<const KernelModel *> modelsOf(Operation *root) const {
    return llvm::filter_to_vector(generated, [&](const KernelModel *model) {
      return model->computes(root->getName());
    });
  }
  /// The fastest of the generated kernels; without a strategy if there is none.
  StrategyProposal bestGenerated(seg::FusionOp fusion,
                                 const StrategyContext &context) const;

  SmallVector<const KernelModel *> generated;
  SmallVector<StrategyParameter> declared;
};

} // namespace

/// Whether cuDNN may use tensor cores, which round f32 to tf32; nothing if it
/// may not compute the convolution at all, whose factors have 16 bits.
static std::optional<bool> tensorCores(const CudnnConvolution &convolution,
                                       Operation *root,
                                       MultiplyTypeSet allowed) {
  auto pin = root->getAttrOfType<StringAttr>(seg::precisionAttrName);
  if (pin && pin.getValue() == "f32")
    allowed = {};
  if (convolution.type.isF32())
    return pin && pin.getValue() == "tf32" &&
           allowed.contains(MultiplyType::Tf32);
  return allowed.contains(convolution.type.isF16() ? MultiplyType::F16
                                                   : MultiplyType::Bf16)
             ? std::optional<bool>(true)
             : std::nullopt;
}

StrategyProposal
CudnnModel::bestGenerated(seg::FusionOp fusion,
                          const StrategyContext &context) const {
  return cheapestProposal(modelsOf(fusion.getRoot()), fusion, context);
}

SmallVector<StrategyProposal>
CudnnModel::propose(seg::FusionOp fusion,
                    const StrategyContext &context) const {
  if (context.conv == ConvImplementation::Generated)
    return {};
  StrategyProposal proposal;
  proposal.title = library().str();
  CudnnConvolution convolution(fusion);
  StrategyProposal kernels = bestGenerated(fusion, context);
  if (!convolution.refusal.empty() || !kernels.strategy) {
    proposal.reason = convolution.refusal.empty() ? "has no generated kernel"
                                                  : convolution.refusal;
    return {proposal};
  }
  std::optional<bool> onTensorCores =
      tensorCores(convolution, fusion.getRoot(), context.multiplyTypes);
  if (!onTensorCores) {
    proposal.reason = "multiplies values of 16 bits";
    return {proposal};
  }
  Builder b(fusion.getContext());
  NamedAttrList parameters(kernels.strategy.getParameters());
  parameters.append(kernelsName, b.getStringAttr(kernels.strategy.getKind()));
  if (*onTensorCores)
    parameters.append(tensorCoresName, b.getUnitAttr());
  if (context.conv == ConvImplementation::Cudnn)
    parameters.append(requiredName, b.getUnitAttr());
  proposal.strategy = seg::StrategyAttr::get(
      fusion.getContext(), library(), parameters.getAttrs(),
      kernels.strategy.getTempBytes(), kernels.strategy.getSumsBytes());
  proposal.seconds = convolution.seconds(
      static_cast<const GpuTarget &>(*context.target.version), *onTensorCores);
  proposal.reason = llvm::formatv("{0:f1} us", 1e6 * proposal.seconds).str();
  return {proposal};
}

bool CudnnModel::computesAlone(Operation *root,
                               const StrategyContext &context) const {
  SingleFusion single(root);
  SmallVector<StrategyProposal> own = propose(single.fusion, context);
  if (own.empty() || !own.front().strategy)
    return false;
  if (context.conv == ConvImplementation::Cudnn)
    return true;
  // What could be fused is a kernel of its own, which reads the result again.
  const auto &target = static_cast<const GpuTarget &>(*context.target.version);
  double apart = target.launchSeconds +
                 2.0 * seg::tensorBytes(single.fusion.getResult(0)) /
                     target.bytesPerSecond;
  return own.front().seconds + apart <
         bestGenerated(single.fusion, context).seconds;
}

double CudnnModel::seconds(seg::FusionOp fusion,
                           const TargetVersion &version) const {
  CudnnConvolution convolution(fusion);
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  return convolution.refusal.empty()
             ? convolution.seconds(static_cast<const GpuTarget &>(version),
                                   strategy && strategy.has(tensorCoresName))
             : std::numeric_limits<double>::infinity();
}

/// Emits the generated kernels, and the call that computes the same.
LogicalResult CudnnModel::emit(KernelEmission &emission) const {
  seg::FusionOp fusion = emission.fusion;
  Operation *root = fusion.getRoot();
  CudnnConvolution convolution(fusion);
  if (!convolution.refusal.empty())
    return root->emitOpError("has no convolution of cuDNN: it ")
           << convolution.refusal;
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  StringRef kind = strategy.get<StringAttr>(kernelsName).getValue();
  const KernelModel *model = nullptr;
  for (const KernelModel *each : modelsOf(root))
    if (each->kind(root->getName()) == kind)
      model = each;
  if (!model)
    return root->emitOpError("expects '")
           << kernelsName << "' to be a kind of generated kernels, got '"
           << kind << "'";
  NamedAttrList parameters(strategy.getParameters());
  for (StringRef own : {kernelsName, tensorCoresName, requiredName})
    parameters.erase(own);
  fusion.setStrategyAttr(
      seg::StrategyAttr::get(fusion.getContext(), kind, parameters.getAttrs(),
                             strategy.getTempBytes(), strategy.getSumsBytes()));
  LogicalResult emitted =
      failure(failed(verifyStrategyParameters(fusion, model->parameters())) ||
              failed(model->emit(emission)));
  fusion.setStrategyAttr(strategy);
  emission.call = LibraryCall{
      library().str(), llvm::to_vector(ArrayRef<int64_t>(convolution.inputs)),
      convolution.options(strategy.has(tensorCoresName),
                          strategy.has(requiredName))};
  return emitted;
}

void addCudnnModel(KernelModels &models) {
  SmallVector<const KernelModel *> generated;
  for (const auto &model : models)
    generated.push_back(model.get());
  models.push_back(std::make_unique<CudnnModel>(std::move(generated)));
}

} // namespace segc
