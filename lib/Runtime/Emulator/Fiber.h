//===- Fiber.h - Functions on stacks of their own ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_FIBER_H
#define SEGC_LIB_RUNTIME_EMULATOR_FIBER_H

#include <cstddef>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

namespace segc {

/// Memory for the stack of a fiber, with a guard page below.
class FiberStack {
public:
  static constexpr size_t bytes = 256 << 10;
  FiberStack();
  ~FiberStack();
  FiberStack(const FiberStack &) = delete;
  FiberStack &operator=(const FiberStack &) = delete;
  char *bottom() const { return memory; }
  char *top() const { return memory + bytes; }

private:
  char *memory;
};

/// A place where execution can go on: that of a fiber that has stopped, or of
/// the thread that runs the fibers.
class FiberContext {
public:
  /// The context of a new fiber, which calls `entry(argument)`. The entry must
  /// not return.
  void start(const FiberStack &stack, void (*entry)(void *), void *argument);
  /// An entry calls this first.
  static void begun();
  /// Goes on at `target` and keeps the current place in `*this`.
  void switchTo(FiberContext &target);
#if !defined(__x86_64__) && !defined(__aarch64__)
  void callEntry() { entry(argument); }
#endif

private:
#if defined(__x86_64__) || defined(__aarch64__)
  void *stackPointer = nullptr;
#else
  ucontext_t context;
  void (*entry)(void *);
  void *argument;
#endif
  // The stack, as the address sanitizer has to know it.
  const void *stackBottom = nullptr;
  size_t stackBytes = 0;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_FIBER_H
