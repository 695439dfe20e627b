//===- Fiber.cpp ----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fiber.h"

#include <cstring>
#include <new>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEGC_FIBERS_WITH_ASAN
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#endif

using namespace segc;

static constexpr size_t guardBytes = 64 << 10;

FiberStack::FiberStack() {
  void *mapped = mmap(nullptr, bytes + guardBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    throw std::bad_alloc();
  mprotect(mapped, guardBytes, PROT_NONE);
  memory = static_cast<char *>(mapped) + guardBytes;
}

FiberStack::~FiberStack() { munmap(memory - guardBytes, bytes + guardBytes); }

//===----------------------------------------------------------------------===//
// Switching
//===----------------------------------------------------------------------===//

// segc_fiber_switch(save, next) saves the registers that a function must keep
// on the stack and the stack pointer in *save, and restores those of `next`. A
// new fiber begins in segc_fiber_begin, with the entry and its argument in two
// of these registers.
#if defined(__x86_64__)

extern "C" void segc_fiber_switch(void **save, void *next);
extern "C" void segc_fiber_begin();
__asm__(".text\n"
        ".type segc_fiber_switch,@function\n"
        "segc_fiber_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  ret\n"
        ".type segc_fiber_begin,@function\n"
        "segc_fiber_begin:\n"
        "  movq %r12, %rdi\n"
        "  callq *%r13\n"
        "  ud2\n");

static void *newStackPointer(char *top, void (*entry)(void *), void *argument) {
  // The stack pointer is a multiple of 16 where segc_fiber_begin begins, behind
  // seven words.
  void **frame = reinterpret_cast<void **>(top) - 9;
  std::memset(frame, 0, 9 * sizeof(void *));
  frame[2] = reinterpret_cast<void *>(entry); // r13
  frame[3] = argument;                        // r12
  frame[6] = reinterpret_cast<void *>(&segc_fiber_begin);
  return frame;
}

#elif defined(__aarch64__)

extern "C" void segc_fiber_switch(void **save, void *next);
extern "C" void segc_fiber_begin();
__asm__(".text\n"
        ".type segc_fiber_switch,@function\n"
        "segc_fiber_switch:\n"
        "  sub sp, sp, #160\n"
        "  stp x19, x20, [sp, #0]\n"
        "  stp x21, x22, [sp, #16]\n"
        "  stp x23, x24, [sp, #32]\n"
        "  stp x25, x26, [sp, #48]\n"
        "  stp x27, x28, [sp, #64]\n"
        "  stp x29, x30, [sp, #80]\n"
        "  stp d8, d9, [sp, #96]\n"
        "  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n"
        "  stp d14, d15, [sp, #144]\n"
        "  mov x9, sp\n"
        "  str x9, [x0]\n"
        "  mov sp, x1\n"
        "  ldp x19, x20, [sp, #0]\n"
        "  ldp x21, x22, [sp, #16]\n"
        "  ldp x23, x24, [sp, #32]\n"
        "  ldp x25, x26, [sp, #48]\n"
        "  ldp x27, x28, [sp, #64]\n"
        "  ldp x29, x30, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n"
        "  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n"
        "  ldp d14, d15, [sp, #144]\n"
        "  add sp, sp, #160\n"
        "  ret\n"
        ".type segc_fiber_begin,@function\n"
        "segc_fiber_begin:\n"
        "  mov x0, x19\n"
        "  blr x20\n"
        "  brk #0\n");

static void *newStackPointer(char *top, void (*entry)(void *), void *argument) {
  void **frame = reinterpret_cast<void **>(top) - 20;
  std::memset(frame, 0, 20 * sizeof(void *));
  frame[0] = argument;                                     // x19
  frame[1] = reinterpret_cast<void *>(entry);              // x20
  frame[11] = reinterpret_cast<void *>(&segc_fiber_begin); // x30
  return frame;
}

#else

static thread_local FiberContext *next;

static void beginFiber() { next->callEntry(); }

#endif

void FiberContext::start(const FiberStack &stack, void (*entry)(void *),
                         void *argument) {
#ifdef SEGC_FIBERS_WITH_ASAN
  // An earlier fiber of the stack may have been left in the middle.
  __asan_unpoison_memory_region(stack.bottom(), FiberStack::bytes);
#endif
  stackBottom = stack.bottom();
  stackBytes = FiberStack::bytes;
#if defined(__x86_64__) || defined(__aarch64__)
  stackPointer = newStackPointer(stack.top(), entry, argument);
#else
  this->entry = entry;
  this->argument = argument;
  getcontext(&context);
  context.uc_stack.ss_sp = stack.bottom();
  context.uc_stack.ss_size = FiberStack::bytes;
  context.uc_link = nullptr;
  makecontext(&context, beginFiber, 0);
#endif
}

void FiberContext::begun() {
#ifdef SEGC_FIBERS_WITH_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

void FiberContext::switchTo(FiberContext &target) {
#ifdef SEGC_FIBERS_WITH_ASAN
  if (!stackBottom) { // the stack of a thread
    pthread_attr_t attributes;
    void *bottom = nullptr;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &bottom, &stackBytes);
    pthread_attr_destroy(&attributes);
    stackBottom = bottom;
  }
  void *fakeStack = nullptr;
  __sanitizer_start_switch_fiber(&fakeStack, target.stackBottom,
                                 target.stackBytes);
#endif
#if defined(__x86_64__) || defined(__aarch64__)
  segc_fiber_switch(&stackPointer, target.stackPointer);
#else
  next = &target;
  swapcontext(&context, &target.context);
#endif
#ifdef SEGC_FIBERS_WITH_ASAN
  __sanitizer_finish_switch_fiber(fakeStack, nullptr, nullptr);
#endif
}
