//===- LaunchAccesses.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Emulator/LaunchAccesses.h"

#include "ThreadOrder.h"

using namespace segc;

void LaunchAccesses::beginLaunch() {
  std::lock_guard<std::mutex> lock(mutex);
  pages.clear();
}

LaunchAccesses::Conflict LaunchAccesses::note(const ThreadOrder &order,
                                              int64_t wideBlock,
                                              uint32_t thread,
                                              const void *address,
                                              uint64_t bytes, bool isStore) {
  std::lock_guard<std::mutex> lock(mutex);
  auto block = static_cast<int32_t>(wideBlock);
  int32_t own = order.segmentOf(thread);
  auto first = reinterpret_cast<uintptr_t>(address);
  Page *page = nullptr;
  for (uint64_t at = first; at < first + bytes; ++at) {
    if (!page || at % pageBytes == 0) {
      std::unique_ptr<Page> &place = pages[at / pageBytes];
      if (!place)
        place = std::make_unique<Page>();
      page = place.get();
    }
    Byte &byte = (*page)[at % pageBytes];
    if (byte.writerBlock >= 0 &&
        (byte.writerBlock != block || !order.isBefore(byte.writer, thread)))
      return {true, true, byte.writerBlock, byte.writer};
    if (!isStore) {
      bool isOther = byte.readerBlock >= 0 && byte.readerBlock != block;
      if (isOther)
        byte.otherReaderBlock = byte.readerBlock;
      bool isShared = byte.readerBlock == block && byte.reader != own &&
                      byte.reader >= order.firstSegmentOfEpoch();
      byte.reader = isShared ? order.several() : own;
      byte.readerBlock = block;
      continue;
    }
    if (byte.otherReaderBlock >= 0 && byte.otherReaderBlock != block)
      return {true, false, byte.otherReaderBlock, 0};
    bool isBehind =
        byte.readerBlock < 0 || (byte.readerBlock == block &&
                                 (byte.reader == order.several()
                                      ? order.isPartlyOrdered()
                                      : order.isBefore(byte.reader, thread)));
    if (!isBehind)
      return {true, false, byte.readerBlock, byte.reader};
    byte.writerBlock = block;
    byte.writer = own;
  }
  return {};
}
