//===- ProgramBuilder.cpp - Construction of programs ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"

#include "KernelAttributes.h"
#include "Scalars.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

static StringAttr nameIn(DictionaryAttr attrs) {
  return attrs ? attrs.getAs<StringAttr>(nameAttrName) : StringAttr();
}

exec::BufferAttr ProgramBuilder::placeOf(DictionaryAttr attrs, Type type,
                                         exec::Region otherwise,
                                         int64_t &index) {
  auto region = attrs ? attrs.getAs<StringAttr>(regionAttrName) : StringAttr();
  auto offset =
      attrs ? attrs.getAs<IntegerAttr>(offsetAttrName) : IntegerAttr();
  std::optional<exec::Region> where = otherwise;
  if (region)
    where = exec::symbolizeRegion(region.getValue());
  StringAttr name = nameIn(attrs);
  if (!where || *where == exec::Region::Arena) {
    entry.emitOpError("has no region '")
        << region.getValue() << "' for arguments and results";
    return {};
  }
  int64_t position = offset ? offset.getInt() : 0;
  bool list = exec::BufferAttr::isList(*where);
  if (list) {
    if (position != 0) { // The host provides a separate buffer for each.
      entry.emitOpError("expects ")
          << offsetAttrName << " 0 of '" << (name ? name.getValue() : "")
          << "', got " << position;
      return {};
    }
    position = index++;
  } else if (*where == exec::Region::Scalars) {
    exec::BufferAttr scalar =
        scalarBuffer(b.getContext(), name ? name.getValue() : "");
    if (!scalar) {
      entry.emitOpError("has no scalar '")
          << (name ? name.getValue() : "") << "' in a call";
      return {};
    }
    position = scalar.getOffset();
  }
  return exec::BufferAttr::getChecked(
      [&] { return entry.emitOpError(); }, entry.getContext(), *where,
      list ? position : 0, list ? 0 : position, cast<RankedTensorType>(type));
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

ProgramBuilder::ProgramBuilder(func::FuncOp entry, const KernelTable &table,
                               PrepareBuilder &prepare)
    : entry(entry), table(table), prepare(prepare),
      b(OpBuilder::atBlockEnd(entry->getBlock())), layers(entry) {}

/// The maximum batch, which is that of the image.
static int64_t batchOf(func::FuncOp entry) {
  auto image =
      entry.getNumArguments()
          ? dyn_cast<RankedTensorType>(entry.getArgumentTypes().front())
          : RankedTensorType();
  return image && image.getRank() > 2 ? image.getDimSize(0) : 1;
}

LogicalResult ProgramBuilder::build() {
  SmallVector<Attribute> names, buffers;
  int64_t inputs = 0, outputs = 0;
  for (BlockArgument argument : entry.getArguments()) {
    DictionaryAttr attrs = entry.getArgAttrDict(argument.getArgNumber());
    exec::BufferAttr buffer =
        placeOf(attrs, argument.getType(), exec::Region::Inputs, inputs);
    if (!buffer)
      return failure();
    StringAttr name = nameIn(attrs);
    names.push_back(name ? name : b.getStringAttr(""));
    buffers.push_back(buffer);
  }
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands()))
    if (!(returned[value] = placeOf(entry.getResultAttrDict(i), value.getType(),
                                    exec::Region::Outputs, outputs)))
      return failure();

  auto number = [&](StringRef name) {
    return b.getI64IntegerAttr(
        entry->getAttrOfType<IntegerAttr>(name).getInt());
  };
  program =
      exec::ProgramOp::create(b, entry.getLoc(), entry.getSymNameAttr(),
                              b.getI64IntegerAttr(batchOf(entry)),
                              number(arenaAttrName), number(arenaBoundAttrName),
                              b.getArrayAttr(names), b.getArrayAttr(buffers));
  if (Attribute steps = entry->getAttr(memoryStepsAttrName))
    program->setAttr(memoryStepsAttrName, steps);
  Block &block = program.getBody().emplaceBlock();
  for (BlockArgument argument : entry.getArguments())
    values.map(argument,
               block.addArgument(argument.getType(), argument.getLoc()));
  b.setInsertionPointToEnd(&block);
  for (auto step : entry.getOps<seg::ScheduledOpInterface>())
    if (failed(addStep(step)))
      return failure();
  addReturn();
  addAdvanceScalars(program);
  return success();
}

/// The buffers of intermediate results: the temporary, which may be prepared,
/// and the sums.
FailureOr<ArrayAttr> ProgramBuilder::temporaries(seg::FusionOp fusion,
                                                 StringAttr label) {
  int64_t temp = fusion.getTempBytes(), sums = fusion.getSumsBytes();
  auto floats = [&](int64_t bytes) {
    return RankedTensorType::get({bytes / 4}, b.getF32Type());
  };
  auto inArena = [&](int64_t offset, int64_t bytes) {
    return exec::BufferAttr::getChecked([&] { return fusion.emitOpError(); },
                                        b.getContext(), exec::Region::Arena,
                                        int64_t{0}, offset, floats(bytes));
  };
  SmallVector<Attribute> list;
  int64_t first = fusion.getTempOffset().value_or(0);
  if (fusion.isPrepared()) {
    std::optional<unsigned> position = table.preparedOperand(fusion);
    Value filter = position ? fusion.getInputs()[*position] : Value();
    auto argument = dyn_cast_if_present<BlockArgument>(filter);
    exec::BufferAttr source =
        argument ? exec::bufferOf(values.lookup(argument)) : exec::BufferAttr();
    if (!source || source.getRegion() != exec::Region::Parameters ||
        changesParameters() || temp == 0 ||
        table.find(fusion).kernels.size() < 2)
      return fusion.emitOpError(
          "cannot be prepared: expects a temporary that is laid out of a "
          "parameter alone, in an entry that changes no parameters");
    list.push_back(prepare.prepared(
        fusion, *position, source,
        cast<StringAttr>(program.getArgumentNames()[argument.getArgNumber()]),
        label));
  } else if (temp > 0 || sums > 0) {
    list.push_back(inArena(first, temp));
  }
  if (sums > 0)
    list.push_back(
        inArena(first + fusion.getStrategy()->getSumsOffset(), sums));
  if (llvm::is_contained(list, Attribute()))
    return failure();
  return b.getArrayAttr(list);
}

/// Whether the entry computes gradients or changes parameters.
bool ProgramBuilder::changesParameters() const {
  return llvm::any_of(returned, [](const auto &result) {
    exec::Region region = result.second.getRegion();
    return region == exec::Region::Gradients ||
           region == exec::Region::Parameters;
  });
}

/// Finds the buffers of what a step writes.
LogicalResult
ProgramBuilder::placeResults(seg::ScheduledOpInterface step,
                             SmallVectorImpl<Attribute> &buffers) {
  const std::optional<ArrayRef<int64_t>> offsets = step.getOffsets();
  for (auto [i, result] : llvm::enumerate(step.getWrites())) {
    exec::BufferAttr buffer = returned.lookup(result);
    if (!buffer && offsets)
      buffer = exec::BufferAttr::getChecked(
          [&] { return step.emitOpError(); }, b.getContext(),
          exec::Region::Arena, int64_t{0}, (*offsets)[i],
          cast<RankedTensorType>(result.getType()));
    if (!buffer)
      return failure();
    buffers.push_back(buffer);
  }
  return success();
}

LogicalResult ProgramBuilder::addStep(seg::ScheduledOpInterface step) {
  if (auto fusion = dyn_cast<seg::FusionOp>(*step))
    return addLaunch(fusion);
  if (auto allReduce = dyn_cast<seg::AllReduceOp>(*step))
    return addAllReduce(allReduce);
  return step.emitOpError("is no kernel and no command of a program");
}

static exec::CollectiveKind kindOf(seg::AllReduceOp op) {
  switch (op.getKind()) {
  case seg::ReduceKind::sum:
    return exec::CollectiveKind::Sum;
  case seg::ReduceKind::mean:
    return exec::CollectiveKind::Mean;
  }
  llvm_unreachable("a kind without a collective");
}

/// The next kernels need the results, so that their stream waits at once.
/// Results that a plan has placed apart are reduced one after another.
LogicalResult ProgramBuilder::addAllReduce(seg::AllReduceOp op) {
  auto step = cast<seg::ScheduledOpInterface>(*op);
  SmallVector<Attribute> buffers;
  if (failed(placeResults(step, buffers)))
    return failure();
  StringAttr stream = b.getStringAttr(step.getStreamName());
  for (size_t begin = 0, end = 0; begin < buffers.size(); begin = end) {
    SmallVector<Value> inputs;
    SmallVector<Type> types;
    do {
      inputs.push_back(values.lookup(op.getInputs()[end]));
      types.push_back(op.getOutputs()[end++].getType());
    } while (end < buffers.size() &&
             cast<exec::BufferAttr>(buffers[end])
                 .follows(cast<exec::BufferAttr>(buffers[end - 1])));
    types.push_back(exec::TokenType::get(b.getContext()));
    auto collective = exec::CollectiveOp::create(
        b, op.getLoc(), types,
        exec::CollectiveKindAttr::get(b.getContext(), kindOf(op)), inputs,
        b.getArrayAttr(ArrayRef(buffers).slice(begin, end - begin)), TypeAttr(),
        exec::ShardsAttr(), stream);
    exec::WaitOp::create(b, op.getLoc(), collective.getDone(), stream);
    values.map(op.getOutputs().slice(begin, end - begin),
               collective.getOutputs());
  }
  return success();
}

LogicalResult ProgramBuilder::addLaunch(seg::FusionOp fusion) {
  SmallVector<Attribute> buffers;
  if (failed(placeResults(fusion, buffers)))
    return failure();
  Operation *lead = fusion.getMainOp();
  std::string text;
  llvm::raw_string_ostream(text) << lead->getName() << " " << lead->getLoc();
  StringAttr label = b.getStringAttr(text), layer;
  if (StringRef name = layers.of(fusion); !name.empty())
    layer = b.getStringAttr(name);
  FailureOr<ArrayAttr> own = temporaries(fusion, label);
  if (failed(own))
    return failure();
  SmallVector<Attribute> kernels;
  for (Operation *kernel :
       llvm::drop_begin(table.find(fusion).kernels, fusion.isPrepared()))
    kernels.push_back(kernelSymbol(kernel));
  auto inputs = llvm::map_to_vector(
      fusion.getInputs(), [&](Value input) { return values.lookup(input); });
  auto launch = exec::LaunchOp::create(
      b, lead->getLoc(), fusion.getResultTypes(), inputs,
      b.getArrayAttr(kernels), b.getArrayAttr(buffers), *own,
      table.find(fusion).call, /*sharded=*/false,
      b.getStringAttr(fusion.getStreamName()), layer, label);
  values.map(fusion.getResults(), launch.getOutputs());
  return success();
}

void ProgramBuilder::addReturn() {
  Operation *end = entry.getBody().front().getTerminator();
  SmallVector<Attribute> names;
  SmallVector<Value> results;
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    StringAttr name = nameIn(entry.getResultAttrDict(i));
    names.push_back(name ? name : b.getStringAttr(""));
    results.push_back(values.lookup(value));
  }
  exec::ReturnOp::create(b, end->getLoc(), results, b.getArrayAttr(names));
}

//===----------------------------------------------------------------------===//
// prepare
//===----------------------------------------------------------------------===//

exec::BufferAttr PrepareBuilder::prepared(seg::FusionOp fusion,
                                          unsigned position,
                                          exec::BufferAttr filter,
                                          StringAttr name, StringAttr label) {
  SymbolRefAttr kernel = kernelSymbol(table.find(fusion).kernels.front());
  exec::BufferAttr &buffer =
      known[{kernel.getLeafReference().str(), filter.getOffset()}];
  if (buffer)
    return buffer;
  int64_t size = fusion.getTempBytes();
  buffer = exec::BufferAttr::get(
      exec::Region::Prepared, bytes,
      RankedTensorType::get({size / 4}, Float32Type::get(module.getContext())));
  bytes += llvm::alignTo(size, exec::regionAlignment);
  items.push_back(
      {fusion.getLoc(), kernel, position, filter, buffer, name, label});
  return buffer;
}

void PrepareBuilder::build() {
  if (items.empty())
    return;
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  IntegerAttr none = b.getI64IntegerAttr(0);
  auto program = exec::ProgramOp::create(
      b, module.getLoc(), b.getStringAttr("prepare"), b.getI64IntegerAttr(1),
      none, none, ArrayAttr(), ArrayAttr());
  Block &block = program.getBody().emplaceBlock();
  b.setInsertionPointToEnd(&block);
  llvm::DenseMap<Attribute, Value> sources; // Sources by buffer.
  SmallVector<Attribute> arguments, buffers, names;
  SmallVector<Value> results;
  for (const Item &item : items) {
    Value &source = sources[item.source];
    if (!source) {
      source = block.addArgument(item.source.getType(), item.location);
      arguments.push_back(item.name);
      buffers.push_back(item.source);
    }
    auto command = exec::PrepareOp::create(
        b, item.location, item.result.getType(), item.kernel,
        b.getI64IntegerAttr(item.position), source, b.getArrayAttr(item.result),
        b.getStringAttr("compute"), item.label);
    results.push_back(command.getOutput());
    names.push_back(item.name);
  }
  program.setArgumentNamesAttr(b.getArrayAttr(arguments));
  program.setArgumentBuffersAttr(b.getArrayAttr(buffers));
  exec::ReturnOp::create(b, module.getLoc(), results, b.getArrayAttr(names));
}

} // namespace segc
