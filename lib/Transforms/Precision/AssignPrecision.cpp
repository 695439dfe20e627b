//===- AssignPrecision.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The assignment of 16-bit types is a minimum cut. Each op is a node. Ops on
// the source's side are painted: they read their operands and store their
// results in 16 bits. Kernels compute in f32 either way, so the cost is the
// number of bytes that are moved: - a result in 16 bits saves half its bytes,
// at the write and every read; - a result that painted ops read, of an op that
// is not painted, is written once more in 16 bits: half its bytes, however many
// read it. Reading 16 bits where f32 is computed is a conversion on load; it is
// charged next to nothing, so that of equal cuts the one with fewer changes of
// type is taken. See docs/Precision.md.

#include "Ports.h"

#include "mlir/IR/Remarks.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/MinCut.h"
#include "segc/Transforms/Passes.h"
#include "segc/Transforms/PrecisionLists.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_ASSIGNPRECISIONPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;
using seg::PrecisionClass;

namespace {

/// Cost of a byte that is moved, relative to one that is converted.
constexpr int64_t moved = 1024;

/// Properties of an op before the cut.
struct Paint {
  int node = 0;
  PrecisionClass kind = PrecisionClass::Deny;
  std::string rule; ///< "allow", "allow (listed)", "pinned", ...
  bool pinned = false, listed = false;
};

class Painter {
public:
  Painter(func::FuncOp function, StringRef precision,
          const PrecisionLists &lists)
      : block(function.getBody().front()), precision(precision), lists(lists),
        layers(function) {}

  /// Classifies every op. Fails for a pin that cannot be kept.
  LogicalResult classify();
  void cut();
  /// Marks the painted ops and emits remarks with the reason for the others.
  int64_t mark();

private:
  LogicalResult readPin(Operation *op, StringRef pin, Paint &paint);
  void addCosts(Operation *op, const Paint &paint);
  void addPort(OpResult result);

  Block &block;
  StringRef precision;
  const PrecisionLists &lists;
  LayerNames layers;
  llvm::MapVector<Operation *, Paint> paints;
  MinCut network;
};

int64_t halfBytes(Value value) { return seg::tensorBytes(value) / 2; }

/// Bytes that are not moved if the op's results have 16 bits.
int64_t savedBytes(Operation *op) {
  int64_t bytes = 0;
  for (OpResult result : op->getResults())
    if (mayBeNarrow(result))
      bytes += halfBytes(result) *
               (1 + static_cast<int64_t>(readers(result).size()));
  return bytes;
}

LogicalResult Painter::readPin(Operation *op, StringRef pin, Paint &paint) {
  paint.pinned = true;
  paint.rule = "pinned";
  if (pin == "f32") {
    paint.kind = PrecisionClass::Deny;
    return success();
  }
  if (pin != precision)
    return op->emitOpError("is pinned to ")
           << pin << ", but the network is compiled for " << precision
           << ": expects seg.precision to be f32 or " << precision;
  if (llvm::none_of(op->getResults(), mayBeNarrow))
    return op->emitOpError("is pinned to ")
           << pin << ", but all its results stay f32: remove seg.precision";
  paint.kind = PrecisionClass::Allow;
  return success();
}

LogicalResult Painter::classify() {
  for (Operation &op : block.without_terminator()) {
    Paint &paint = paints[&op];
    paint.node = network.addNode();
    auto interface = dyn_cast<seg::PrecisionOpInterface>(op);
    std::optional<PrecisionClass> listed = lists.find(&op);
    if (interface)
      paint.kind = listed.value_or(interface.precisionClass());
    paint.rule = precisionClassName(paint.kind).str();
    paint.listed = listed.has_value();
    if (listed)
      paint.rule += " (listed)";
    if (auto pin = op.getAttrOfType<StringAttr>(seg::precisionAttrName))
      if (failed(readPin(&op, pin.getValue(), paint)))
        return failure();
  }
  return success();
}

void Painter::addCosts(Operation *op, const Paint &paint) {
  if (paint.kind == PrecisionClass::Deny)
    return network.addEdge(paint.node, MinCut::sink, MinCut::infinite);
  if (paint.pinned)
    return network.addEdge(MinCut::source, paint.node, MinCut::infinite);
  if (paint.kind == PrecisionClass::Infer)
    // The edge makes painting pay only where it saves a copy.
    return network.addEdge(paint.node, MinCut::sink, savedBytes(op));
  if (paint.kind == PrecisionClass::Clear)
    return;
  int64_t operands = 0;
  for (Value operand : op->getOperands())
    if (auto result = dyn_cast<OpResult>(operand);
        result && mayBeNarrow(result))
      operands += halfBytes(operand);
  // Edges for the operands: all readers that may take 16 bits share a copy.
  network.addEdge(MinCut::source, paint.node,
                  moved * savedBytes(op) + operands);
}

/// Adds the two casts of a result. The ops that need a cast share it.
void Painter::addPort(OpResult result) {
  int producer = paints[result.getOwner()].node;
  int narrowed = network.addNode(), widened = network.addNode();
  for (Operation *reader : readers(result)) {
    int node = paints[reader].node;
    network.addEdge(node, narrowed, MinCut::infinite);
    network.addEdge(widened, node, MinCut::infinite);
  }
  network.addEdge(narrowed, producer, moved * halfBytes(result));
  network.addEdge(producer, widened, halfBytes(result));
}

void Painter::cut() {
  for (const auto &[op, paint] : paints)
    addCosts(op, paint);
  for (const auto &[op, paint] : paints)
    for (OpResult result : op->getResults())
      if (mayBeNarrow(result))
        addPort(result);
  network.solve();
}

/// The reason why an op is not painted.
StringRef refusal(Operation *op, const Paint &paint) {
  if (paint.pinned)
    return "seg.precision says so";
  if (!isa<seg::PrecisionOpInterface>(op))
    return "the op has no precision class";
  if (paint.kind == PrecisionClass::Deny)
    return "the op needs f32";
  if (llvm::none_of(op->getResults(), mayBeNarrow))
    return "its results stay f32";
  return "16-bit copies of its operands would move more bytes than it saves";
}

/// Whether the products of an op that is not painted may be of tf32.
bool mayUseTf32(Operation *op, const Paint &paint) {
  auto interface = dyn_cast<seg::PrecisionOpInterface>(op);
  return interface && interface.precisionClass() == PrecisionClass::Allow &&
         paint.kind != PrecisionClass::Deny;
}

StringRef reason(Operation *op, const Paint &paint) {
  if (paint.pinned)
    return "seg.precision says so";
  if (llvm::none_of(op->getResults(), mayBeNarrow))
    return "it reads 16-bit values that are there anyway";
  switch (paint.kind) {
  case PrecisionClass::Allow:
    return "16-bit results save more bytes than the casts cost";
  case PrecisionClass::Infer:
    return "it saves a copy between ops of 16 bits";
  default:
    return "it lies beside ops of 16 bits";
  }
}

int64_t Painter::mark() {
  Builder b(block.getParentOp()->getContext());
  int64_t count = 0;
  for (const auto &[op, paint] : paints) {
    bool painted = network.onSourceSide(paint.node);
    auto opts =
        remarkOpts(painted ? StringRef(precision) : "f32", "precision", op);
    auto text = remark::add("{0}", op->getName());
    if (painted)
      addPlace(remark::passed(op->getLoc(), opts)
                   << text << remark::metric("rule", paint.rule)
                   << remark::reason("{0}", reason(op, paint))
                   << remark::metric("bytes_saved", savedBytes(op)),
               op, layers);
    else
      addPlace(remark::missed(op->getLoc(), opts)
                   << text << remark::metric("rule", paint.rule)
                   << remark::reason(
                          "{0}{1}", refusal(op, paint),
                          mayUseTf32(op, paint)
                              ? "; products may be of tf32 where the target "
                                "has them"
                              : ""),
               op, layers);
    if (!painted) {
      // Ops that the user pins to f32 or lists as denied stay marked, so that
      // their kernels do not round factors. Those that are worth 16 bits may.
      if (mayUseTf32(op, paint))
        op->setAttr(seg::precisionAttrName, b.getStringAttr("tf32"));
      else if (paint.kind != PrecisionClass::Deny)
        op->removeAttr(seg::precisionAttrName);
      else if (paint.pinned || paint.listed)
        op->setAttr(seg::precisionAttrName, b.getStringAttr("f32"));
      continue;
    }
    ++count;
    op->setAttr(seg::precisionAttrName, b.getStringAttr(precision));
    op->setAttr(precisionRuleAttrName, b.getStringAttr(paint.rule));
  }
  return count;
}

/// Marks the ops whose products may be of tf32: those that are worth 16 bits,
/// whose values stay in f32. Returns their number; fails for a pin that cannot
/// be kept.
FailureOr<int64_t> markTf32(func::FuncOp function,
                            const PrecisionLists &lists) {
  Builder b(function.getContext());
  LayerNames layers(function);
  int64_t count = 0;
  for (Operation &op : function.getBody().front().without_terminator()) {
    auto interface = dyn_cast<seg::PrecisionOpInterface>(op);
    auto pin = op.getAttrOfType<StringAttr>(seg::precisionAttrName);
    bool multiplies =
        interface && interface.precisionClass() == PrecisionClass::Allow;
    if (pin && pin.getValue() != "f32" && pin.getValue() != "tf32")
      return op.emitOpError("is pinned to ")
             << pin.getValue() << ", but the network is compiled for tf32: "
             << "expects seg.precision to be f32 or tf32";
    if (pin && pin.getValue() == "tf32" && !multiplies)
      return op.emitOpError(
          "is pinned to tf32, but has no products: remove seg.precision");
    std::optional<PrecisionClass> listed = lists.find(&op);
    bool denied = pin ? pin.getValue() == "f32"
                      : listed && *listed == PrecisionClass::Deny;
    std::string rule =
        pin         ? "pinned"
        : interface ? precisionClassName(
                          listed.value_or(interface.precisionClass()))
                          .str()
                    : "deny";
    if (listed && !pin)
      rule += " (listed)";
    auto text = remark::add("{0}", op.getName());
    if (multiplies && !denied) {
      ++count;
      op.setAttr(seg::precisionAttrName, b.getStringAttr("tf32"));
      addPlace(remark::passed(op.getLoc(), remarkOpts("tf32", "precision", &op))
                   << text << remark::metric("rule", rule)
                   << remark::reason("its products may be of tf32"),
               &op, layers);
      continue;
    }
    op.removeAttr(seg::precisionAttrName);
    addPlace(remark::missed(op.getLoc(), remarkOpts("f32", "precision", &op))
                 << text << remark::metric("rule", rule)
                 << remark::reason("{0}", !multiplies ? "it has no products"
                                          : pin       ? "seg.precision says so"
                                                      : "the op needs f32"),
             &op, layers);
  }
  return count;
}

struct AssignPrecisionPass
    : segc::impl::AssignPrecisionPassBase<AssignPrecisionPass> {
  using AssignPrecisionPassBase::AssignPrecisionPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // What is not quantized is of 16 bits.
    bool isInt8 = precision == "int8";
    StringRef paint = isInt8 ? "bf16" : StringRef(precision);
    if (!isInt8)
      for (Operation &op : function.getBody().front())
        for (StringRef name :
             {seg::inputScaleAttrName, seg::quantizedErrorAttrName})
          op.removeAttr(name);
    if (precision == "f32") {
      for (Operation &op : function.getBody().front())
        op.removeAttr(seg::precisionAttrName);
      return;
    }
    if (paint != "tf32" && paint != "f16" && paint != "bf16") {
      function.emitError(
          "expects precision to be f32, tf32, f16, bf16 or int8, got '")
          << precision << "'";
      return signalPassFailure();
    }
    llvm::Expected<PrecisionLists> classes =
        PrecisionLists::read(&getContext(), lists);
    if (!classes) {
      function.emitError(llvm::toString(classes.takeError()));
      return signalPassFailure();
    }
    if (precision == "tf32") {
      FailureOr<int64_t> count = markTf32(function, *classes);
      if (failed(count))
        return signalPassFailure();
      painted += *count;
      return;
    }
    Painter painter(function, paint, *classes);
    if (failed(painter.classify()))
      return signalPassFailure();
    painter.cut();
    painted += painter.mark();
  }
};

} // namespace
