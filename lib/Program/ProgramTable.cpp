//===- ProgramTable.cpp - Emission of a segc_program ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramTable.h"

#include "segc/Program/Programs.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/JSON.h"
#include <functional>

using namespace llvm;

namespace segc {

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// The segc_element of a type.
uint32_t elementOf(mlir::Type type) {
  return type.isF16()         ? SEGC_F16
         : type.isBF16()      ? SEGC_BF16
         : type.isInteger(64) ? SEGC_I64
         : type.isInteger(32) ? SEGC_I32
         : type.isInteger(8)  ? SEGC_I8
                              : SEGC_F32;
}

Constant *ProgramTable::operand(exec::Region region, int64_t index,
                                int64_t offset, uint64_t fixed,
                                uint64_t perSample, uint32_t element) {
  regions |= 1u << static_cast<uint32_t>(region);
  return t.structure({t.u32(static_cast<uint32_t>(region)), t.u32(index),
                      t.u64(offset), t.u64(fixed), t.u64(perSample),
                      t.u32(element), t.u32(0)});
}

Constant *ProgramTable::operand(exec::BufferAttr buffer) {
  mlir::RankedTensorType type = buffer.getType();
  exec::Region region = buffer.getRegion();
  bool flat = region != exec::Region::Arena && region != exec::Region::Outputs;
  auto batch = static_cast<int64_t>(program.getBatch());
  bool samples = !flat && type.getRank() >= 2 && type.getDimSize(0) == batch;
  int64_t elements = type.getNumElements();
  return operand(region, buffer.getIndex(), buffer.getOffset(),
                 samples ? 0 : elements, samples ? elements / batch : 0,
                 elementOf(type.getElementType()));
}

Constant *ProgramTable::unused() {
  return operand(exec::Region::Arena, 0, 0, 0, 0, SEGC_F32);
}

Constant *ProgramTable::tensorMap(exec::TensorMapAttr map) {
  // What lies beyond the rank is zero.
  auto list = [&](ArrayRef<int64_t> values, auto constant) {
    SmallVector<Constant *> row;
    for (size_t i = 0; i < SEGC_MAX_TENSOR_RANK; ++i)
      row.push_back(constant(i < values.size() ? values[i] : 0));
    return ConstantArray::get(
        ArrayType::get(row.front()->getType(), row.size()), row);
  };
  auto u32 = [&](uint64_t value) { return t.u32(value); };
  auto u64 = [&](uint64_t value) { return t.u64(value); };
  return t.structure(
      {t.u32(map.getOperand()), t.u32(elementOf(map.getElement())),
       t.u32(map.getSizes().size()), t.u32(map.getSwizzle()),
       t.u64(map.getOffset()), list(map.getSizes(), u64),
       list(map.getStrides(), u64), list(map.getBox(), u32),
       list(map.getSteps(), u32), t.u32(map.getSamples()), t.u32(0)});
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

void ProgramTable::add(const Command &command) {
  auto *known = llvm::find(streams, command.stream);
  auto stream = static_cast<uint64_t>(known - streams.begin());
  if (known == streams.end())
    streams.push_back(command.stream);
  if (command.operands.size() > SEGC_MAX_OPERANDS)
    problem = (command.name + " has " + Twine(command.operands.size()) +
               " operands, expected at most " + Twine(SEGC_MAX_OPERANDS))
                  .str();
  auto orNull = [&](Constant *value) { return value ? value : t.null(); };
  commands.push_back(t.structure(
      {orNull(command.function), t.text(command.name), t.text(command.label),
       t.array(command.operands), t.u32(command.operands.size()),
       t.u32(command.inputs), t.u32(command.outputs), t.u32(command.kind),
       t.u64(command.tasks), t.u64(command.tasksPerSample),
       t.f64(command.flops), t.f64(command.bytes), t.u32(stream),
       t.u32(command.event), t.u32(command.number), t.u32(command.blob),
       t.u32(command.threads), t.u32(command.sharedBytes),
       orNull(command.details)}));
}

void ProgramTable::addKernel(mlir::Operation *function, exec::FusionOp fusion,
                             Command command) {
  exec::KernelAttr kernel = exec::kernelAttrOf(function);
  command.name = mlir::SymbolTable::getSymbolName(function).getValue();
  // A blob is one module with all kernels.
  if (version.blobs.empty())
    command.function =
        t.kernel((version.symbolPrefix + command.name + ".task").str());
  else
    command.blob = version.blobs.front().module;
  command.threads = kernel.getThreads();
  command.sharedBytes = kernel.getShared();
  command.event |= kernel.getDependent() ? SEGC_LAUNCH_DEPENDENT : 0;
  if (kernel.getThreads() && kernel.getSlice())
    command.event |= SEGC_LAUNCH_FIRST_TASK;
  command.inputs = fusion.getInputTypes().size();
  command.outputs = fusion.getOutputTypes().size();
  command.tasks = kernel.getTasks();
  command.tasksPerSample = kernel.getTasksPerSample();
  if (kernel.getMaps().size() > SEGC_MAX_TENSOR_MAPS)
    problem = (command.name + " has " + Twine(kernel.getMaps().size()) +
               " tensor maps, expected at most " + Twine(SEGC_MAX_TENSOR_MAPS))
                  .str();
  SmallVector<Constant *> maps;
  for (exec::TensorMapAttr map : kernel.getMaps())
    maps.push_back(tensorMap(map));
  command.number = maps.size();
  command.details = t.array(maps);
  add(command);
}

/// The attributes as a JSON object.
static std::string jsonOf(mlir::DictionaryAttr attributes) {
  std::function<json::Value(mlir::Attribute)> valueOf =
      [&](mlir::Attribute attribute) -> json::Value {
    json::Array list;
    if (auto text = mlir::dyn_cast<mlir::StringAttr>(attribute))
      return text.getValue();
    if (auto flag = mlir::dyn_cast<mlir::BoolAttr>(attribute))
      return flag.getValue();
    if (auto number = mlir::dyn_cast<mlir::IntegerAttr>(attribute))
      return number.getInt();
    if (auto numbers = mlir::dyn_cast<mlir::DenseI64ArrayAttr>(attribute)) {
      llvm::append_range(list, numbers.asArrayRef());
      return list;
    }
    if (auto values = mlir::dyn_cast<mlir::ArrayAttr>(attribute)) {
      for (mlir::Attribute value : values)
        list.push_back(valueOf(value));
      return list;
    }
    if (mlir::isa<mlir::UnitAttr>(attribute))
      return true;
    std::string text;
    llvm::raw_string_ostream(text) << attribute;
    return text;
  };
  json::Object object;
  for (mlir::NamedAttribute attribute : attributes)
    object[attribute.getName().strref()] = valueOf(attribute.getValue());
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(object));
  return text;
}

/// The kernels follow as alternatives.
void ProgramTable::addCallOf(exec::LaunchOp launch) {
  exec::LibraryCallAttr call = *launch.getCall();
  Command command;
  command.kind = SEGC_COMMAND_CALL;
  command.stream = launch.getStream();
  command.name = call.getLibrary().getValue();
  command.label = launch.getLabel().value_or("");
  for (int64_t input : call.getInputs())
    command.operands.push_back(
        operand(exec::bufferOf(launch.getInputs()[input])));
  for (mlir::Value output : launch.getOutputs())
    command.operands.push_back(operand(exec::bufferOf(output)));
  command.inputs = call.getInputs().size();
  command.outputs = launch.getOutputs().size();
  command.details = t.text(jsonOf(call.getOptions()));
  command.number = launch.getKernels().size();
  add(command);
}

void ProgramTable::addLaunch(exec::LaunchOp launch) {
  if (launch.getCall())
    addCallOf(launch);
  Command command;
  command.stream = launch.getStream();
  command.label = launch.getLabel().value_or("");
  for (mlir::Value input : launch.getInputs())
    command.operands.push_back(operand(exec::bufferOf(input)));
  for (mlir::Value output : launch.getOutputs())
    command.operands.push_back(operand(exec::bufferOf(output)));
  for (auto buffer : launch.getTemporaries().getAsRange<exec::BufferAttr>())
    command.operands.push_back(operand(buffer));
  // Kernels always have a parameter for the temporary.
  if (launch.getTemporaries().empty())
    command.operands.push_back(unused());
  // The work of a launch is attributed to its main kernel.
  for (auto [i, function] : enumerate(launch.getKernelFunctions())) {
    bool main = i == launch.getMainKernel();
    command.flops = main ? flopsPerSample(launch) : 0;
    command.bytes = main ? bytesPerSample(launch) : 0;
    const bool isShared = launch.getSharded() && i == 0;
    command.event = isShared ? SEGC_LAUNCH_SHARDED : 0;
    addKernel(function, launch.getFusion(), command);
    if (exec::ShardsAttr partials = launch.getShardsOfPartials();
        isShared && partials)
      addGather(mlir::cast<exec::BufferAttr>(launch.getTemporaries()[0]),
                partials, launch.getStream());
  }
}

/// The kernel reads the filter and writes the temporary; its other buffers are
/// null.
void ProgramTable::addPrepare(exec::PrepareOp prepare) {
  exec::FusionOp fusion = prepare.getFusion();
  Command command;
  command.stream = prepare.getStream();
  command.label = prepare.getLabel().value_or("");
  size_t count = fusion.getInputTypes().size() + fusion.getOutputTypes().size();
  for (size_t i = 0; i < count; ++i)
    command.operands.push_back(i == prepare.getPosition()
                                   ? operand(exec::bufferOf(prepare.getInput()))
                                   : unused());
  command.operands.push_back(operand(prepare.getBuffer(0)));
  if (computationOf(fusion).getSumsBytes())
    command.operands.push_back(unused());
  addKernel(prepare.getKernelFunction(), fusion, command);
}

void ProgramTable::addCall(exec::CallOp call) {
  Command command;
  command.kind = SEGC_COMMAND_CALL;
  command.stream = call.getStream();
  command.name = call.getLibrary();
  command.label = call.getFusion();
  for (mlir::Value input : call.getInputs())
    command.operands.push_back(operand(exec::bufferOf(input)));
  for (mlir::Value output : call.getOutputs())
    command.operands.push_back(operand(exec::bufferOf(output)));
  for (auto buffer : call.getTemporaries().getAsRange<exec::BufferAttr>())
    command.operands.push_back(operand(buffer));
  command.inputs = call.getInputs().size();
  command.outputs = call.getOutputs().size();
  command.details = t.text(jsonOf(call->getDiscardableAttrDictionary()));
  add(command);
}

void ProgramTable::addCopy(exec::BufferAttr from, exec::BufferAttr to,
                           StringRef stream) {
  Command command;
  command.kind = SEGC_COMMAND_COPY;
  command.stream = stream;
  command.name = "copy";
  command.operands = {operand(from), operand(to)};
  command.inputs = command.outputs = 1;
  add(command);
}

void ProgramTable::addAdvance(exec::AdvanceScalarsOp advance) {
  Command command;
  command.kind = SEGC_COMMAND_ADVANCE_SCALARS;
  command.stream = advance.getStream();
  command.name = "advance_scalars";
  command.operands = {
      operand(exec::bufferOf(advance.getFinite())),
      operand(exec::Region::Scalars, 0, 0, sizeof(segc_scalars), 0, SEGC_I8)};
  command.inputs = command.outputs = 1;
  add(command);
}

Constant *ProgramTable::build() {
  for (mlir::Operation &op : program.getBody().front())
    llvm::TypeSwitch<mlir::Operation *>(&op)
        .Case([&](exec::LaunchOp launch) { addLaunch(launch); })
        .Case([&](exec::PrepareOp prepare) { addPrepare(prepare); })
        .Case([&](exec::CallOp call) { addCall(call); })
        .Case([&](exec::CopyOp copy) {
          addCopy(exec::bufferOf(copy.getInput()), copy.getBuffer(0),
                  copy.getStream());
        })
        .Case([&](exec::AdvanceScalarsOp advance) { addAdvance(advance); })
        .Case([&](exec::CollectiveOp op) { addCollective(op); })
        .Case([&](exec::RecordOp record) { addRecord(record); })
        .Case([&](exec::WaitOp wait) { addWait(wait); });
  if (eventCount > SEGC_MAX_EVENTS)
    problem = std::to_string(eventCount) +
              " collectives and records at a time, expected at most " +
              std::to_string(SEGC_MAX_EVENTS);
  SmallVector<Constant *> names;
  for (StringRef stream : streams)
    names.push_back(t.text(stream));
  return t.structure(
      {t.text(program.getSymName()), t.array(commands), t.u32(commands.size()),
       t.u32(program.getListed(exec::Region::Inputs).size()),
       t.u32(program.getListed(exec::Region::Outputs).size()), t.u32(regions),
       t.u64(program.getArena()), t.u64(exec::scratchBytes(program)),
       t.array(names), t.u32(names.size()), t.u32(eventCount)});
}

Expected<Constant *> buildProgramTable(TableBuilder &builder,
                                       exec::ProgramOp program,
                                       const ModelVersion &version) {
  ProgramTable table(builder, program, version);
  Constant *result = table.build();
  if (!table.problem.empty())
    return createStringError("the program " + program.getSymName() + ": " +
                             table.problem);
  return result;
}

} // namespace segc
