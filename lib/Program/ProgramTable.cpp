//===- ProgramTable.cpp - Emission of a segc_program ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramTable.h"

#include "segc/Program/Programs.h"
#include "segc/model_tables.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/JSON.h"
#include <functional>

using namespace llvm;

namespace segc {

namespace {

class ProgramTable {
public:
  ProgramTable(TableBuilder &t, exec::ProgramOp program,
               const ModelVersion &version)
      : t(t), program(program), version(version) {}

  Constant *build();
  /// The limit of the tables that the program exceeds; empty if it exceeds
  /// none.
  std::string problem;

private:
  /// The fields that differ between commands.
  struct Command {
    uint32_t kind = SEGC_COMMAND_LAUNCH;
    StringRef stream, name, label;
    SmallVector<Constant *> operands;
    uint32_t inputs = 0, outputs = 0; ///< Number of inputs and outputs among
                                      ///< the operands.
    Constant *function = nullptr;
    Constant *details = nullptr; ///< `options`, `maps` or `shards`.
    int64_t tasks = 0, tasksPerSample = 0;
    double flops = 0, bytes = 0;
    uint32_t event = 0;  ///< Or `launch_flags`.
    uint32_t number = 0; ///< `collective`, `map_count` or `alternatives`.
    uint32_t blob = SEGC_NO_BLOB;
    int64_t threads = 0; ///< Or `travels_as`.
    int64_t sharedBytes = 0;
  };
  void add(const Command &command);
  void addKernel(mlir::Operation *function, exec::FusionOp fusion,
                 Command command);
  void addLaunch(exec::LaunchOp launch);
  void addCallOf(exec::LaunchOp launch);
  void addPrepare(exec::PrepareOp prepare);
  void addCall(exec::CallOp call);
  void addCopy(exec::BufferAttr from, exec::BufferAttr to, StringRef stream);
  void addAdvance(exec::AdvanceScalarsOp advance);
  void addCollective(exec::CollectiveOp collective);
  void addGather(exec::BufferAttr partials, exec::ShardsAttr shards,
                 StringRef stream);
  Constant *shardsTable(exec::ShardsAttr shards);
  void addRecord(exec::RecordOp record);
  void addWait(uint32_t event, StringRef stream);
  void addWait(exec::WaitOp wait);

  Constant *operand(exec::BufferAttr buffer);
  Constant *operand(exec::Region region, int64_t index, int64_t offset,
                    uint64_t fixed, uint64_t perSample, uint32_t element);
  /// Operand for memory that the kernel does not access.
  Constant *unused();
  Constant *tensorMap(exec::TensorMapAttr map);
  uint32_t takeEvent() {
    return freeEvents.empty() ? eventCount++ : freeEvents.pop_back_val();
  }

  TableBuilder &t;
  exec::ProgramOp program;
  const ModelVersion &version;
  SmallVector<Constant *> commands;
  SmallVector<StringRef> streams;
  DenseMap<mlir::Value, uint32_t> events;
  SmallVector<uint32_t> freeEvents; ///< No later command waits for them.
  uint32_t eventCount = 0, regions = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// The segc_element of a type.
static uint32_t elementOf(mlir::Type type) {
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

Constant *ProgramTable::shardsTable(exec::ShardsAttr shards) {
  return t.array(
      {t.structure({t.u64(shards.getElements()), t.u64(shards.getSlice()),
                    t.u64(shards.getOffset())})});
}

/// Gathers the partial results of a launch, and waits for them.
void ProgramTable::addGather(exec::BufferAttr partials, exec::ShardsAttr shards,
                             StringRef stream) {
  Command command;
  command.kind = SEGC_COMMAND_COLLECTIVE;
  command.stream = stream;
  command.name = exec::stringifyCollectiveKind(exec::CollectiveKind::AllGather);
  command.operands = {operand(partials.getRegion(), 0, partials.getOffset(),
                              shards.getElements(), 0, SEGC_F32)};
  command.inputs = 1;
  command.event = takeEvent();
  command.number = SEGC_COLLECTIVE_ALL_GATHER;
  command.threads = SEGC_F32;
  command.details = shardsTable(shards);
  add(command);
  addWait(command.event, stream);
  freeEvents.push_back(command.event);
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

/// The tensors form one bucket: a range of bytes, with the gaps between them,
/// that is reduced in place.
void ProgramTable::addCollective(exec::CollectiveOp collective) {
  for (auto [input, buffer] :
       llvm::zip_equal(collective.getInputs(),
                       collective.getBuffers().getAsRange<exec::BufferAttr>()))
    if (exec::BufferAttr from = exec::bufferOf(input); !from.samePlace(buffer))
      addCopy(from, buffer, collective.getStream());
  auto first =
           cast<exec::BufferAttr>(collective.getBuffers().getValue().front()),
       last = cast<exec::BufferAttr>(collective.getBuffers().getValue().back());
  mlir::Type element = first.getType().getElementType();
  int64_t elements =
      (last.getEnd() - first.getOffset()) * 8 / element.getIntOrFloatBitWidth();
  // A tensor alone has as many samples as the call.
  Constant *bucket =
      first == last
          ? operand(first)
          : operand(first.getRegion(), first.getIndex(), first.getOffset(),
                    elements, 0, elementOf(element));
  const std::string place = first.place();
  Command command;
  command.kind = SEGC_COMMAND_COLLECTIVE;
  command.stream = collective.getStream();
  command.name = exec::stringifyCollectiveKind(collective.getKind());
  command.label = place;
  command.operands = {bucket};
  command.inputs = 1; // The operand is also written, in place.
  command.event = events[collective.getDone()] = takeEvent();
  command.number = static_cast<uint32_t>(collective.getKind());
  command.threads = elementOf(collective.getTravels().value_or(element));
  if (exec::ShardsAttr shards = collective.getShardsAttr())
    command.details = shardsTable(shards);
  add(command);
}

void ProgramTable::addRecord(exec::RecordOp record) {
  Command command;
  command.kind = SEGC_COMMAND_RECORD;
  command.stream = record.getStream();
  command.name = "record";
  command.event = events[record.getDone()] = takeEvent();
  add(command);
}

void ProgramTable::addWait(uint32_t event, StringRef stream) {
  Command command;
  command.kind = SEGC_COMMAND_WAIT;
  command.stream = stream;
  command.name = "wait";
  command.event = event;
  add(command);
}

/// A program has few events: those that have been waited for are used again.
void ProgramTable::addWait(exec::WaitOp wait) {
  for (mlir::Value token : wait.getTokens()) {
    const uint32_t event = events.lookup(token);
    addWait(event, wait.getStream());
    auto isLater = [&](mlir::Operation *user) {
      return wait->isBeforeInBlock(user);
    };
    if (llvm::none_of(token.getUsers(), isLater) &&
        !llvm::is_contained(freeEvents, event))
      freeEvents.push_back(event);
  }
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
