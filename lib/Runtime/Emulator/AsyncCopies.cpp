//===- AsyncCopies.cpp - Copies that are waited for -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// cp.async: copies to shared memory that are done at any time between the
// operation and the end of a wait for their group.

#include "Block.h"

#include <cstring>

using namespace segc;

void AsyncCopy::land() const {
  std::memcpy(to, from, sourceBytes);
  std::memset(to + sourceBytes, 0, bytes - sourceBytes);
}

static void copyAsync(segc_emulator_thread *opaque, void *shared,
                      const void *global, uint32_t bytes, uint32_t sourceBytes,
                      uint32_t operand, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  if (sourceBytes > bytes)
    block.fail(thread, op, [&] {
      return "copies " + std::to_string(sourceBytes) + " of " +
             std::to_string(bytes) + " bytes";
    });
  block.checkShared(thread, shared, bytes, bytes, /*isStore=*/true, op);
  if (sourceBytes)
    block.checkGlobal(thread, global, sourceBytes, bytes, /*isStore=*/false,
                      operand, op);
  AsyncCopy copy = {static_cast<std::byte *>(shared),
                    static_cast<const std::byte *>(global), bytes, sourceBytes};
  if (!block.options().lateCopies)
    copy.land();
  block.shared.beginCopy(thread.index, copy.to - block.shared.data(), bytes);
  thread.copies.push_back(copy);
}

static void commitCopies(segc_emulator_thread *opaque, const char *) {
  EmulatedThread &thread = emulated(opaque);
  size_t committed = 0;
  for (size_t count : thread.copyGroups)
    committed += count;
  thread.copyGroups.push_back(thread.copies.size() - committed);
}

static void waitCopies(segc_emulator_thread *opaque, uint32_t groups,
                       const char *) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  if (thread.copyGroups.size() <= groups)
    return;
  size_t ended = thread.copyGroups.size() - groups, count = 0;
  for (size_t group = 0; group < ended; ++group)
    count += thread.copyGroups[group];
  for (size_t i = 0; i < count; ++i) {
    const AsyncCopy &copy = thread.copies[i];
    if (block.options().lateCopies)
      copy.land();
    block.shared.endCopy(thread.index, copy.to - block.shared.data(),
                         copy.bytes);
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + count);
  thread.copyGroups.erase(thread.copyGroups.begin(),
                          thread.copyGroups.begin() + ended);
}

void segc::addCopyFunctions(segc_emulator_functions &functions) {
  functions.copy_async = copyAsync;
  functions.commit_copies = commitCopies;
  functions.wait_copies = waitCopies;
}
