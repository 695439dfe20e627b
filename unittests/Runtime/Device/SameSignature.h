//===- SameSignature.h - Comparison of declarations -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DEVICE_SAMESIGNATURE_H
#define SEGC_UNITTESTS_RUNTIME_DEVICE_SAMESIGNATURE_H

#include <type_traits>

/// Whether a parameter of the header's type is passed as ours: addresses have
/// one representation, numbers and enumerations that of their size.
template <typename Ours, typename Theirs>
constexpr bool samePassing =
    std::is_pointer_v<Ours> == std::is_pointer_v<Theirs> &&
    sizeof(Ours) == sizeof(Theirs);

/// Whether two functions that return a status are called alike.
template <typename Ours, typename Theirs>
struct SameSignature : std::false_type {};
template <typename... Ours, typename Status, typename... Theirs>
struct SameSignature<int(Ours...), Status(Theirs...)> {
  static constexpr bool value = [] {
    if constexpr (sizeof...(Ours) == sizeof...(Theirs))
      return samePassing<int, Status> && (samePassing<Ours, Theirs> && ...);
    else
      return false;
  }();
};

#endif // SEGC_UNITTESTS_RUNTIME_DEVICE_SAMESIGNATURE_H
