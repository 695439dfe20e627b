//===- FusionOp.cpp - Fused ops of one kernel -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Fusion".

#include "segc/Dialect/Seg/IR/FusionParts.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

using namespace mlir;
using namespace segc::seg;

//===----------------------------------------------------------------------===//
// Syntax
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
      parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, [&] {
        return parser.parseType(resultTypes.emplace_back());
      }))
    return failure();
  SMLoc attributes = parser.getCurrentLocation();
  auto refuse = [&] {
    return parser.emitError(attributes) << "'" << state.name << "' op ";
  };
  if (parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
      failed(verifyInherentAttrs(state.name, state.attributes, refuse)))
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

//===----------------------------------------------------------------------===//
// Verifier
//===----------------------------------------------------------------------===//

/// Returns whether the op is a rearrangement, or prepares a filter, and another
/// op of its seg.fusion reads its results.
static bool isPrologue(Operation &op) {
  return isa<RearrangementOpInterface, QuantizeFilterOp>(op) &&
         llvm::none_of(op.getUsers(), llvm::IsaPred<YieldOp>);
}

/// Returns whether the op reduces values that its seg.fusion computes.
static bool isEpilogueReduction(Operation &op) {
  auto reduction = dyn_cast<EpilogueReductionOpInterface>(op);
  return reduction && !isa<BlockArgument>(reduction.getReduced());
}

LogicalResult FusionOp::verify() {
  if (getBody().getArgumentTypes() != getInputs().getTypes()) // fusion_c1
    return emitOpError("expects a region argument for each input, of its type");
  // This is checked before traits that require the terminator.
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

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

llvm::SetVector<Operation *> segc::seg::leadingOps(ValueRange values) {
  llvm::SetVector<Operation *> ops;
  auto visit = [&](auto &self, Value value) -> void {
    Operation *op = value.getDefiningOp();
    if (!op || ops.contains(op))
      return;
    for (Value operand : op->getOperands())
      self(self, operand);
    ops.insert(op);
  };
  for (Value value : values)
    visit(visit, value);
  return ops;
}

bool segc::seg::readsStoredResult(OpOperand &operand) {
  auto reduction = dyn_cast<EpilogueReductionOpInterface>(operand.getOwner());
  return reduction && reduction.getReduced() == operand.get() &&
         storedValue(operand.get()).getDefiningOp();
}

Operation *FusionOp::getRoot() {
  // The root follows the prologue and precedes the reductions of its results.
  Operation *rearrangement = nullptr;
  for (Operation &op : getBody().front().without_terminator()) {
    if (isa<PointwiseOpInterface>(op))
      continue;
    if (isa<QuantizeFilterOp>(op) && isPrologue(op))
      continue;
    if (!isa<RearrangementOpInterface>(op))
      return &op;
    rearrangement = &op;
  }
  return rearrangement;
}

Operation *FusionOp::getMainOp() {
  if (Operation *root = getRoot())
    return root;
  Block &body = getBody().front();
  for (Operation &op : body.without_terminator())
    if (!isa<CastOp>(op))
      return &op;
  return &body.front();
}

llvm::SetVector<Operation *> FusionOp::getPrologue() {
  Operation *root = getRoot();
  if (!root || isa<EpilogueReductionOpInterface>(root))
    return {};
  return leadingOps(root->getOperands());
}

llvm::SetVector<Operation *> FusionOp::getEpilogue() {
  Operation *root = getRoot();
  if (isa_and_nonnull<EpilogueReductionOpInterface>(root))
    root = nullptr;
  Block &body = getBody().front();
  llvm::SmallPtrSet<Operation *, 16> needed{body.getTerminator()};
  SmallVector<Operation *> backwards;
  for (Operation &op : llvm::reverse(body.without_terminator())) {
    if (&op == root || llvm::none_of(op.getUsers(), [&](Operation *user) {
          return needed.contains(user);
        }))
      continue;
    needed.insert(&op);
    if (isa<PointwiseOpInterface>(op))
      backwards.push_back(&op);
  }
  return {backwards.rbegin(), backwards.rend()};
}

SmallVector<EpilogueReductionOpInterface> FusionOp::getReductions() {
  return llvm::to_vector(getBody().getOps<EpilogueReductionOpInterface>());
}

YieldOp FusionOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

bool FusionOp::readsElementwise(unsigned input) {
  llvm::SetVector<Value> made;
  made.insert(getBody().getArgument(input));
  for (size_t i = 0; i < made.size(); ++i)
    for (OpOperand &use : made[i].getUses()) {
      Operation *user = use.getOwner();
      if (isa<YieldOp>(user) || readsStoredResult(use))
        continue;
      if (!isa<PointwiseOpInterface>(user))
        return false;
      made.insert(user->getResult(0));
    }
  return true;
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

bool FusionOp::mayOverwrite(Value value, Value result) {
  if (value.getType() != result.getType())
    return false;
  unsigned number = cast<OpResult>(result).getResultNumber();
  return llvm::all_of(llvm::enumerate(getInputs()), [&](const auto &input) {
    return input.value() != value ||
           readsBeforeWriting(*this, input.index(), number);
  });
}

Operation *FusionOp::getSource(unsigned result) {
  return getYield().getOperand(result).getDefiningOp();
}

void FusionOp::setPlaces(ArrayRef<int64_t> offsets,
                         std::optional<int64_t> workspace) {
  setOffsets(offsets);
  if (workspace)
    setTempOffset(*workspace);
}

//===----------------------------------------------------------------------===//
// Cost
//===----------------------------------------------------------------------===//

/// Counts the root alone; the ops fused with it take few in comparison.
double FusionOp::flops() {
  auto cost = dyn_cast_or_null<CostOpInterface>(getRoot());
  return cost ? cost.flops() : 0;
}
