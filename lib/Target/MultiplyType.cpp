//===- MultiplyType.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/MultiplyType.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"

namespace segc {

llvm::StringRef multiplyTypeName(MultiplyType multiplyType) {
  switch (multiplyType) {
  case MultiplyType::F32:
    return "f32";
  case MultiplyType::Bf16:
    return "bf16";
  case MultiplyType::F16:
    return "f16";
  case MultiplyType::Fixed:
    return "fixed";
  case MultiplyType::Tf32:
    return "tf32";
  }
  llvm_unreachable("no such type");
}

std::optional<MultiplyType> lookupMultiplyType(llvm::StringRef name) {
  for (MultiplyType multiplyType :
       {MultiplyType::F32, MultiplyType::Bf16, MultiplyType::F16,
        MultiplyType::Fixed, MultiplyType::Tf32})
    if (multiplyTypeName(multiplyType) == name)
      return multiplyType;
  return std::nullopt;
}

std::optional<MultiplyTypeSet> lookupMultiplyTypeSet(llvm::StringRef name) {
  using Set = std::optional<MultiplyTypeSet>;
  return llvm::StringSwitch<Set>(name)
      .Case("auto", MultiplyTypeSet{MultiplyType::Bf16, MultiplyType::F16,
                                    MultiplyType::Fixed, MultiplyType::Tf32})
      .Case("f32", MultiplyTypeSet{})
      .Case("tf32", MultiplyTypeSet{MultiplyType::Tf32})
      .Case("bf16", MultiplyTypeSet{MultiplyType::Bf16})
      .Case("f16", MultiplyTypeSet{MultiplyType::Bf16, MultiplyType::F16})
      .Case("fixed", MultiplyTypeSet{MultiplyType::Fixed})
      .Default(std::nullopt);
}

} // namespace segc
