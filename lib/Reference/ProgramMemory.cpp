//===- ProgramMemory.cpp - Memory of a program's regions ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Hash.h"
#include "segc/Reference/Programs.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Endian.h"
#include <cstring>

using namespace mlir;

namespace segc::reference {

/// With all bits set, floats of every format are NaN and integers are -1.
static constexpr uint8_t poisonByte = 0xff;

ProgramMemory::ProgramMemory(ModuleOp module) {
  // Hosts clear regions that outlive a call, so that gaps between tensors are
  // zero.
  auto cover = [&](exec::BufferAttr buffer) {
    std::vector<uint8_t> &region = regions[placeOf(buffer)];
    uint8_t fill = buffer.getRegion() == exec::Region::Outputs ? poisonByte : 0;
    if (static_cast<int64_t>(region.size()) < buffer.getEnd())
      region.resize(buffer.getEnd(), fill);
  };
  for (auto program : module.getOps<exec::ProgramOp>()) {
    std::vector<uint8_t> &arena = regions[{exec::Region::Arena, 0}];
    arena.resize(std::max<size_t>(arena.size(), program.getArena()),
                 poisonByte);
    for (auto buffer :
         program.getArgumentBuffers().getAsRange<exec::BufferAttr>())
      cover(buffer);
    for (auto command : program.getBody().getOps<exec::CommandOpInterface>())
      for (Value write : command.getWrites())
        if (exec::BufferAttr buffer = exec::bufferOf(write);
            buffer.getRegion() != exec::Region::Arena)
          cover(buffer);
  }
}

bool ProgramMemory::holds(exec::BufferAttr buffer) const {
  auto region = regions.find(placeOf(buffer));
  return region != regions.end() &&
         buffer.getEnd() <= static_cast<int64_t>(region->second.size());
}

ArrayRef<uint8_t> ProgramMemory::bytes(exec::BufferAttr buffer) const {
  return ArrayRef<uint8_t>(regions.find(placeOf(buffer))->second)
      .slice(buffer.getOffset(), buffer.getBytes());
}

MutableArrayRef<uint8_t> ProgramMemory::bytes(exec::BufferAttr buffer) {
  return MutableArrayRef<uint8_t>(regions[placeOf(buffer)])
      .slice(buffer.getOffset(), buffer.getBytes());
}

static const llvm::fltSemantics &semanticsOf(ElementKind kind) {
  switch (kind) {
  case ElementKind::F16:
    return llvm::APFloat::IEEEhalf();
  case ElementKind::BF16:
    return llvm::APFloat::BFloat();
  case ElementKind::F32:
    return llvm::APFloat::IEEEsingle();
  default:
    return llvm::APFloat::IEEEdouble();
  }
}

HostTensor ProgramMemory::read(exec::BufferAttr buffer) const {
  ElementKind kind = *elementKind(buffer.getType().getElementType());
  HostTensor tensor(buffer.getType().getShape(), kind);
  unsigned width = buffer.getType().getElementTypeBitWidth();
  const uint8_t *at = bytes(buffer).data();
  for (int64_t i = 0; i < tensor.size(); ++i, at += width / 8) {
    uint64_t bits = 0;
    std::memcpy(&bits, at, width / 8); // Hosts are little-endian.
    llvm::APInt word(width, bits);
    if (isFloat(kind))
      tensor[i] = llvm::APFloat(semanticsOf(kind), word).convertToDouble();
    else
      tensor.integers()[i] = word.getSExtValue();
  }
  return tensor;
}

void ProgramMemory::write(exec::BufferAttr buffer, const HostTensor &tensor) {
  unsigned width = buffer.getType().getElementTypeBitWidth();
  uint8_t *at = bytes(buffer).data();
  for (int64_t i = 0; i < tensor.size(); ++i, at += width / 8) {
    uint64_t bits;
    if (isFloat(tensor.kind())) {
      llvm::APFloat value(tensor[i]);
      bool lost;
      value.convert(semanticsOf(tensor.kind()),
                    llvm::APFloat::rmNearestTiesToEven, &lost);
      bits = value.bitcastToAPInt().getZExtValue();
    } else {
      bits = static_cast<uint64_t>(tensor.integers()[i]);
    }
    std::memcpy(at, &bits, width / 8);
  }
}

void ProgramMemory::poison(exec::BufferAttr buffer) {
  llvm::fill(bytes(buffer), poisonByte);
}

void ProgramMemory::poison(exec::Region region) {
  llvm::fill(regions[{region, 0}], poisonByte);
}

std::string ProgramMemory::version(exec::BufferAttr buffer) const {
  ArrayRef<uint8_t> content = bytes(buffer);
  Sha256 digest;
  digest.update(std::string_view(reinterpret_cast<const char *>(content.data()),
                                 content.size()));
  return digest.hexDigest();
}

} // namespace segc::reference
