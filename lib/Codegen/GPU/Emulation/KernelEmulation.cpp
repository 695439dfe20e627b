//===- KernelEmulation.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmulation.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "segc/Codegen/GPU/LowerToPTX.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

LogicalResult KernelEmulation::run() {
  SmallVector<Operation *> ops;
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    ops.push_back(op);
    if (auto product = dyn_cast<NVVM::WgmmaMmaAsyncOp>(op))
      accumulatorTypes.insert(product.getType());
    waitsForLaunch |= isLaunchWait(op);
  });
  makeFunction();
  for (Operation *op : ops) {
    current = op;
    ++number;
    b.setInsertionPoint(op);
    if (failed(rewrite(op)))
      return failure();
  }
  // Host memory has one address space.
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](LLVM::LLVMPointerType) { return ptr; });
  replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  if (!texts.empty())
    LLVM::GlobalOp::create(
        outer, function.getLoc(),
        LLVM::LLVMArrayType::get(b.getI8Type(), texts.size()),
        /*isConstant=*/true, LLVM::Linkage::Private, symbol + ".ops",
        b.getStringAttr(texts));
  return success();
}

/// Moves the body into a function of the type segc_kernel_fn. Its entry block
/// loads what the body's arguments stand for.
void KernelEmulation::makeFunction() {
  Location loc = kernel.getLoc();
  ptr = LLVM::LLVMPointerType::get(b.getContext());
  word = b.getI32Type();
  i64Type = b.getI64Type();
  function = LLVM::LLVMFuncOp::create(
      outer, loc, symbol,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                  {ptr, ptr, i64Type, i64Type}));
  function.setVisibility_(LLVM::Visibility::Hidden);
  function.getBody().takeBody(kernel.getBody());
  Block *body = &function.getBody().front();
  entry = b.createBlock(body, {ptr, ptr, i64Type, i64Type},
                        SmallVector<Location>(4, loc));
  Value buffers = entry->getArgument(0);
  thread = entry->getArgument(1);
  task = entry->getArgument(3);
  // The number of samples, and behind it the first task of the launch if the
  // kernel asks for it, stand between operands and tensor maps.
  auto *samples = llvm::find_if(body->getArguments(), [&](Value argument) {
    return argument.getType() == i64Type;
  });
  unsigned count = samples - body->args_begin(), slots = 0;
  for (BlockArgument argument : body->getArguments()) {
    if (argument.getArgNumber() == count) {
      argument.replaceAllUsesWith(entry->getArgument(2));
      continue;
    }
    if (argument.getType() == i64Type) {
      argument.replaceAllUsesWith(
          field(offsetof(segc_emulator_thread, first_task), i64Type));
      continue;
    }
    Value slot = LLVM::GEPOp::create(b, loc, ptr, ptr, buffers,
                                     ArrayRef<LLVM::GEPArg>{int32_t(slots)});
    Value address = LLVM::LoadOp::create(b, loc, ptr, slot);
    if (slots < count)
      operands[address] = slots;
    argument.replaceAllUsesWith(address);
    ++slots;
  }
  body->eraseArguments(0, body->getNumArguments());
  functions = field(offsetof(segc_emulator_thread, functions), ptr);
  shared = field(offsetof(segc_emulator_thread, shared), ptr);
  operandBytes = field(offsetof(segc_emulator_thread, operand_bytes), ptr);
  index = field(offsetof(segc_emulator_thread, index), word);
  if (!waitsForLaunch)
    observed = isObserved(/*changes=*/false);
  // The number of blocks stands in the attribute that PTX is made of.
  if (auto blocks = kernel->getAttrOfType<DenseI32ArrayAttr>(
          NVVM::NVVMDialect::getClusterDimAttrName())) {
    current = kernel;
    call(SEGC_EMULATOR_FUNCTION(enter_cluster), {i32(blocks[0])});
  }
  LLVM::BrOp::create(b, loc, body);
}

/// Rewrites what a host does not have, and adds checks before accesses to
/// memory.
LogicalResult KernelEmulation::rewrite(Operation *op) {
  auto isUnknown = [&]() { return failUnknown(op); };
  if (op->getName().getDialectNamespace() ==
      NVVM::NVVMDialect::getDialectNamespace())
    return rewriteNVVM(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](LLVM::LoadOp load) {
        checkAccess(load.getAddr(), load.getType(), load.getAlignment(),
                    SEGC_EMULATOR_LOAD);
        return success();
      })
      .Case([&](LLVM::StoreOp store) {
        checkAccess(store.getAddr(), store.getValue().getType(),
                    store.getAlignment(), SEGC_EMULATOR_STORE);
        return success();
      })
      .Case([&](LLVM::AddressOfOp address) {
        if (address.getGlobalName() == sharedMemoryName) {
          address.replaceAllUsesWith(shared);
          address.erase();
        }
        return success();
      })
      .Case([&](LLVM::AddrSpaceCastOp cast) {
        cast.replaceAllUsesWith(cast.getArg());
        cast.erase();
        return success();
      })
      .Case([&](LLVM::ExtractValueOp extract) {
        if (accumulatorTypes.contains(extract.getContainer().getType()))
          readAccumulator(extract);
        return success();
      })
      .Case([&](LLVM::FPTruncOp truncation) -> LogicalResult {
        // The host would call a library.
        if (getElementTypeOrSelf(truncation.getType()).isBF16())
          return isUnknown();
        return success();
      })
      .Case<LLVM::CallOp, LLVM::CallIntrinsicOp, LLVM::InlineAsmOp,
            LLVM::AtomicRMWOp, LLVM::AtomicCmpXchgOp, LLVM::IntToPtrOp,
            LLVM::MaskedLoadOp, LLVM::MaskedStoreOp, LLVM::masked_gather,
            LLVM::masked_scatter, LLVM::MemcpyOp, LLVM::MemmoveOp,
            LLVM::MemsetOp, LLVM::ExpOp, LLVM::Exp2Op, LLVM::LogOp,
            LLVM::Log2Op, LLVM::Log10Op, LLVM::PowOp, LLVM::SinOp, LLVM::CosOp>(
          [&](Operation *) -> LogicalResult { return isUnknown(); })
      .Default([](Operation *) { return success(); });
}

//===----------------------------------------------------------------------===//
// Accesses to memory
//===----------------------------------------------------------------------===//

/// Returns what was inserted into a struct at a position; null if it is not
/// known.
static Value insertedAt(Value container, ArrayRef<int64_t> position) {
  while (auto insert = container.getDefiningOp<LLVM::InsertValueOp>()) {
    if (insert.getPosition() == position)
      return insert.getValue();
    container = insert.getContainer();
  }
  return {};
}

KernelEmulation::Place KernelEmulation::placeOf(Value address) const {
  while (address) {
    Place place;
    unsigned space =
        cast<LLVM::LLVMPointerType>(address.getType()).getAddressSpace();
    auto isIn = [&](NVVM::NVVMMemorySpace other) {
      return space == static_cast<unsigned>(other);
    };
    if (isIn(NVVM::NVVMMemorySpace::Shared) || address == shared) {
      place.kind = Place::Shared;
      return place;
    }
    if (isIn(NVVM::NVVMMemorySpace::SharedCluster)) {
      place.kind = Place::Cluster;
      return place;
    }
    if (auto known = operands.find(address); known != operands.end()) {
      place.kind = Place::Operand;
      place.operand = known->second;
      return place;
    }
    Operation *definition = address.getDefiningOp();
    if (auto offset = dyn_cast_or_null<LLVM::GEPOp>(definition)) {
      address = offset.getBase();
    } else if (auto cast =
                   dyn_cast_or_null<LLVM::AddrSpaceCastOp>(definition)) {
      address = cast.getArg();
    } else if (auto extract =
                   dyn_cast_or_null<LLVM::ExtractValueOp>(definition)) {
      address = insertedAt(extract.getContainer(), extract.getPosition());
    } else {
      if (isa_and_nonnull<LLVM::AddressOfOp>(definition))
        place.kind = Place::Table;
      if (isa_and_nonnull<LLVM::AllocaOp>(definition))
        place.kind = Place::Stack;
      place.address = address;
      return place;
    }
  }
  return {};
}

/// Returns how many bytes an access of a type touches.
static int64_t bytesOf(Operation *op, Type type) {
  int64_t count = 1;
  if (auto vector = dyn_cast<VectorType>(type)) {
    count = vector.getNumElements();
    type = vector.getElementType();
  }
  if (type.isIntOrFloat())
    return count * llvm::divideCeil(type.getIntOrFloatBitWidth(), 8u);
  return count * DataLayout::closest(op).getTypeSize(type);
}

void KernelEmulation::checkAccess(Value address, Type type,
                                  std::optional<uint64_t> alignment,
                                  segc_emulator_access access) {
  Place place = placeOf(address);
  if (place.kind == Place::Stack)
    return;
  int64_t bytes = bytesOf(current, type),
          element = bytesOf(current, getElementTypeOrSelf(type));
  int64_t aligned = alignment.value_or(llvm::PowerOf2Ceil(bytes));
  if (place.kind == Place::Shared || place.kind == Place::Cluster) {
    call(place.kind == Place::Shared ? SEGC_EMULATOR_FUNCTION(access_shared)
                                     : SEGC_EMULATOR_FUNCTION(access_cluster),
         {address, i32(bytes), i32(aligned), i32(access)});
    return;
  }
  bool isOperand = place.kind == Place::Operand;
  SmallVector<Value> arguments = {
      address, i32(bytes), i32(aligned), i32(access),
      i32(isOperand ? place.operand : SEGC_EMULATOR_ANY_OPERAND)};
  if (place.kind == Place::Unknown) {
    call(offsetof(segc_emulator_functions, access_global), arguments);
    return;
  }
  // The bounds are checked here; a call explains what is wrong, or notes the
  // access.
  Location loc = current->getLoc();
  Block *block = current->getBlock();
  Value base = isOperand ? operandValue(place.operand) : place.address;
  Value at = LLVM::PtrToIntOp::create(b, loc, i64Type, address);
  Value offset = LLVM::SubOp::create(
      b, loc, at, LLVM::PtrToIntOp::create(b, loc, i64Type, base));
  Value bad = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::uge, offset,
                                   validStarts(place, bytes));
  // Constant tables are not counted.
  if (isOperand)
    bad = LLVM::OrOp::create(
        b, loc, bad, waitsForLaunch ? isObserved(/*changes=*/true) : observed);
  if (aligned > element) {
    Value low = LLVM::AndOp::create(b, loc, at, i64(aligned - 1));
    Value odd =
        LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, low, i64(0));
    bad = LLVM::OrOp::create(b, loc, bad, odd);
  }
  Block *rest = block->splitBlock(current);
  Block *fault = b.createBlock(rest);
  call(offsetof(segc_emulator_functions, access_global), arguments);
  LLVM::BrOp::create(b, loc, rest);
  b.setInsertionPointToEnd(block);
  LLVM::CondBrOp::create(b, loc, bad, fault, ValueRange(), rest, ValueRange(),
                         std::pair<uint32_t, uint32_t>(1, 1 << 20));
  b.setInsertionPoint(current);
}

/// Returns how many offsets from the start of the memory an access of so many
/// bytes may have.
Value KernelEmulation::validStarts(const Place &place, int64_t bytes) {
  if (place.kind == Place::Table) {
    auto global = SymbolTable::lookupNearestSymbolFrom<LLVM::GlobalOp>(
        function,
        place.address.getDefiningOp<LLVM::AddressOfOp>().getGlobalNameAttr());
    int64_t size = DataLayout::closest(current).getTypeSize(global.getType());
    return i64(std::max<int64_t>(size + 1 - bytes, 0));
  }
  Value &starts = validStartsOf[{place.operand, bytes}];
  if (starts)
    return starts;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry->getTerminator());
  Location loc = function.getLoc();
  Value slot =
      LLVM::GEPOp::create(b, loc, ptr, i64Type, operandBytes,
                          ArrayRef<LLVM::GEPArg>{int32_t(place.operand)});
  Value size = LLVM::LoadOp::create(b, loc, i64Type, slot);
  starts = LLVM::USubSat::create(
      b, loc, LLVM::AddOp::create(b, loc, size, i64(1)), i64(bytes));
  return starts;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

Value KernelEmulation::i32(int64_t value) {
  return LLVM::ConstantOp::create(
      b, function.getLoc(), b.getI32IntegerAttr(static_cast<int32_t>(value)));
}
Value KernelEmulation::i64(int64_t value) {
  return LLVM::ConstantOp::create(b, function.getLoc(),
                                  b.getI64IntegerAttr(value));
}

Value KernelEmulation::operandValue(unsigned number) const {
  for (auto [value, i] : operands)
    if (i == number)
      return value;
  llvm_unreachable("no such operand");
}

/// Whether the emulator is to be told of accesses to operands.
Value KernelEmulation::isObserved(bool changes) {
  Value noted = field(offsetof(segc_emulator_thread, observe_global), word);
  noted.getDefiningOp<LLVM::LoadOp>().setInvariant(!changes);
  return LLVM::ICmpOp::create(b, function.getLoc(), LLVM::ICmpPredicate::ne,
                              noted, i32(0));
}

/// Loads a field of the thread, which does not change.
Value KernelEmulation::field(size_t offset, Type type) {
  Location loc = function.getLoc();
  Value place = LLVM::GEPOp::create(b, loc, ptr, b.getI8Type(), thread,
                                    ArrayRef<LLVM::GEPArg>{int32_t(offset)});
  auto load = LLVM::LoadOp::create(b, loc, type, place);
  load.setInvariant(true);
  return load;
}

Value KernelEmulation::words(WordArray array) {
  Value &memory = wordArrays[array];
  if (!memory) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(entry->getTerminator());
    // wgmma has up to 128 accumulators a thread, tensors 5 dimensions.
    int64_t count = array == WordArray::Accumulators  ? 128
                    : array == WordArray::Coordinates ? 5
                                                      : 4;
    memory = LLVM::AllocaOp::create(b, function.getLoc(), ptr, word, i64(count),
                                    /*alignment=*/16);
  }
  return memory;
}

Value KernelEmulation::wordAt(Value words, unsigned i) {
  return LLVM::GEPOp::create(b, current->getLoc(), ptr, word, words,
                             ArrayRef<LLVM::GEPArg>{int32_t(i)});
}

Value KernelEmulation::storeWords(WordArray array, ValueRange values) {
  Value memory = words(array);
  for (auto [i, value] : llvm::enumerate(values))
    LLVM::StoreOp::create(b, current->getLoc(), value, wordAt(memory, i));
  return memory;
}

/// Loads a value of the type: one of 32 bits, or a struct of such.
Value KernelEmulation::loadWords(WordArray array, Type type) {
  Location loc = current->getLoc();
  Value memory = words(array);
  auto structType = dyn_cast<LLVM::LLVMStructType>(type);
  if (!structType)
    return LLVM::LoadOp::create(b, loc, type, memory);
  Value result = LLVM::PoisonOp::create(b, loc, type);
  for (auto [i, element] : llvm::enumerate(structType.getBody()))
    result = LLVM::InsertValueOp::create(
        b, loc, result,
        LLVM::LoadOp::create(b, loc, element, wordAt(memory, i)),
        static_cast<int64_t>(i));
  return result;
}

Value KernelEmulation::call(size_t functionOffset, ArrayRef<Value> arguments,
                            Type result) {
  Location loc = current->getLoc();
  Value slot =
      LLVM::GEPOp::create(b, loc, ptr, b.getI8Type(), functions,
                          ArrayRef<LLVM::GEPArg>{int32_t(functionOffset)});
  auto callee = LLVM::LoadOp::create(b, loc, ptr, slot);
  callee.setInvariant(true);
  SmallVector<Value> all = {thread};
  all.append(arguments.begin(), arguments.end());
  all.push_back(opText());
  SmallVector<Type> types;
  for (Value value : all)
    types.push_back(
        isa<LLVM::LLVMPointerType>(value.getType()) ? ptr : value.getType());
  auto type = LLVM::LLVMFunctionType::get(
      result ? result : LLVM::LLVMVoidType::get(b.getContext()), types);
  all.insert(all.begin(), callee);
  auto made = LLVM::CallOp::create(b, loc, type, all);
  return result ? made.getResult() : Value();
}

/// "llvm.load #57 (net.mlir:12)"; each operation has its own.
Value KernelEmulation::opText() {
  Location loc = current->getLoc();
  size_t start = texts.size();
  texts += (current->getName().getStringRef() + " #" + Twine(number)).str();
  if (auto where = loc->findInstanceOf<FileLineColLoc>())
    texts += (" (" + where.getFilename().getValue() + ":" +
              Twine(where.getLine()) + ")")
                 .str();
  texts += '\0';
  Value address = LLVM::AddressOfOp::create(b, loc, ptr, symbol + ".ops");
  return LLVM::GEPOp::create(b, loc, ptr, b.getI8Type(), address,
                             ArrayRef<LLVM::GEPArg>{int32_t(start)});
}

} // namespace segc
