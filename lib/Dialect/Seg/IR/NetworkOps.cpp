//===- NetworkOps.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Networks".

#include "NetworkAttributes.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace segc::seg;

/// The format of seg.network that this version writes and reads.
static constexpr int64_t networkFormat = 1;

static LogicalResult verifyParameterNames(NetworkOp op) {
  llvm::StringMap<Operation *> seen;
  WalkResult result = op.getForward().walk([&](Operation *inner) {
    StringRef name;
    if (auto param = dyn_cast<ParamOp>(inner))
      name = param.getName();
    else if (auto state = dyn_cast<StateOp>(inner))
      name = state.getName();
    else
      return WalkResult::advance();
    auto [entry, inserted] = seen.try_emplace(name, inner);
    if (inserted)
      return WalkResult::advance();
    InFlightDiagnostic diag =
        inner->emitOpError("expects a name of its own, got '")
        << name << "' again";
    diag.attachNote(entry->second->getLoc()) << "first used here";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

// After the ops within: their types are known to be tensors.
LogicalResult NetworkOp::verifyRegions() {
  if (failed(verifyClasses(*this)))
    return failure();
  if (static_cast<int64_t>(getFormat()) != networkFormat) // network_c1
    return emitOpError("expects format ")
           << networkFormat << ", got " << static_cast<int64_t>(getFormat())
           << "; use the segc that wrote it";
  Block &forward = getForward().front(), &objective = getObjective().front();
  auto forwardOutput = dyn_cast<OutputOp>(forward.getTerminator());
  auto objectiveOutput = dyn_cast<OutputOp>(objective.getTerminator());
  if (!forwardOutput || !objectiveOutput) // network_c2
    return emitOpError("expects forward and objective to end with seg.output");
  if (forward.getNumArguments() != 1 ||
      forwardOutput.getValues().empty()) // network_c3
    return emitOpError(
               "expects forward to take the image and yield logits, got ")
           << forward.getNumArguments() << " arguments and "
           << forwardOutput.getValues().size() << " results";
  auto logits =
      cast<RankedTensorType>(forwardOutput.getValues().front().getType());
  if (logits.getRank() < 3 ||
      channels(logits) != static_cast<int64_t>(getClasses())) // network_c4
    return emitOpError("expects logits of ")
           << getClasses() << " classes, got " << logits;
  if (objective.getNumArguments() !=
      forwardOutput.getValues().size() + 1) // network_c5
    return emitOpError("expects objective to take the ")
           << forwardOutput.getValues().size()
           << " results of forward and the labels, got "
           << objective.getNumArguments() << " arguments";
  for (auto [yielded, argument] : llvm::zip(
           forwardOutput.getValues().getTypes(), objective.getArgumentTypes()))
    if (yielded != argument) // network_c6
      return emitOpError("expects objective to take ")
             << yielded << ", got " << argument;
  if (getResultNames().size() != objectiveOutput.getValues().size() ||
      getResultNames().empty()) // network_c7
    return emitOpError("expects a name for each of the ")
           << objectiveOutput.getValues().size()
           << " results of objective, got " << getResultNames().size();
  if (cast<RankedTensorType>(objectiveOutput.getValues().front().getType())
          .getRank() != 0) // network_c8
    return emitOpError("expects the first result of objective to be the total "
                       "loss of rank 0, got ")
           << objectiveOutput.getValues().front().getType();
  if (!getOptimizer().getAs<StringAttr>("kind")) // network_c9
    return emitOpError("expects 'kind' in the optimizer");
  if (failed(verifyParameterNames(*this))) // network_c10
    return failure();
  return verifyAttributes(*this);
}

LogicalResult ParamOp::verify() {
  return failure(failed(verifyName(*this, getName())) ||
                 failed(verifyInitialValue(*this, getValue())));
}
LogicalResult StateOp::verify() {
  return failure(failed(verifyName(*this, getName())) ||
                 failed(verifyInitialValue(*this, getValue())));
}

LogicalResult NetworkDropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1)) // dropout_c1
    return emitOpError("expects a rate in [0, 1), got ") << rate;
  return success();
}

//===----------------------------------------------------------------------===//
// FusionOp
//===----------------------------------------------------------------------===//

// seg.fusion (%a = %x : tensor<..>, ...) -> (tensor<..>) attributes {..} { ...
// }
ParseResult FusionOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> resultTypes;
  auto parseInput = [&]() -> ParseResult {
    return failure(parser.parseArgument(arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(operands.emplace_back()) ||
                   parser.parseColonType(arguments.back().type));
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren,
                                     parseInput) ||
      parser.parseArrow() ||
      parser.parseCommaSeparatedList(
          OpAsmParser::Delimiter::Paren,
          [&] { return parser.parseType(resultTypes.emplace_back()); }) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  for (auto [operand, argument] : llvm::zip_equal(operands, arguments))
    if (parser.resolveOperand(operand, argument.type, state.operands))
      return failure();
  state.addTypes(resultTypes);
  return parser.parseRegion(*state.addRegion(), arguments);
}

void FusionOp::print(OpAsmPrinter &printer) {
  printer << " (";
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(), getInputs()),
                        printer, [&](auto pair) {
                          printer << std::get<0>(pair) << " = "
                                  << std::get<1>(pair) << " : "
                                  << std::get<1>(pair).getType();
                        });
  printer << ") -> (";
  llvm::interleaveComma(getResultTypes(), printer);
  printer << ")";
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

/// Whether the op rearranges what another op of its seg.fusion reads.
static bool isPrologue(Operation &op) {
  return isa<RearrangementOpInterface>(op) &&
         llvm::none_of(op.getUsers(), llvm::IsaPred<YieldOp>);
}

/// Whether the op reduces values that its seg.fusion computes.
static bool isEpilogueReduction(Operation &op) {
  auto reduction = dyn_cast<EpilogueReductionOpInterface>(op);
  return reduction && !isa<BlockArgument>(reduction.getReduced());
}

LogicalResult FusionOp::verify() {
  if (getBody().getArgumentTypes() != getInputs().getTypes()) // fusion_c1
    return emitOpError("expects a region argument for each input, of its type");
  // Before the traits that ask for it.
  Block &body = getBody().front();
  auto yield = body.empty() ? YieldOp() : dyn_cast<YieldOp>(body.back());
  if (!yield) // fusion_c2
    return emitOpError("expects a body that ends with seg.yield");
  if (yield.getValues().getTypes() != getResultTypes()) // fusion_c2
    return emitOpError("expects yielded types ")
           << getResultTypes() << ", got " << yield.getValues().getTypes();
  for (auto [i, value] : llvm::enumerate(yield.getValues()))
    if (auto input = dyn_cast<BlockArgument>(value)) // fusion_c5
      return emitOpError("expects results that its body computes, but result #")
             << i << " is input #" << input.getArgNumber()
             << " as it is; use the input's value instead";
  Operation *root = nullptr;
  for (Operation &op : getBody().front().without_terminator()) {
    if (isa<PointwiseOpInterface>(op) || isPrologue(op))
      continue;
    if (root && !isEpilogueReduction(op)) { // fusion_c3
      InFlightDiagnostic diag =
          emitOpError("expects at most one op that is not pointwise, got ")
          << root->getName() << " and " << op.getName();
      diag.attachNote(op.getLoc()) << "second root";
      return diag;
    }
    if (!root)
      root = &op;
  }
  if (getOffsets() && getOffsets()->size() != getNumResults()) // fusion_c4
    return emitOpError("expects an offset for each of the ")
           << getNumResults() << " results, got " << getOffsets()->size();
  return success();
}
