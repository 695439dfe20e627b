//===- TiffHandle.cpp - libtiff on bytes in memory ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TiffHandle.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace segc::tiff;

static tmsize_t readProc(thandle_t handle, void *buffer, tmsize_t count) {
  auto *file = static_cast<MemoryFile *>(handle);
  std::string_view bytes = file->bytes();
  if (count <= 0 || file->position >= bytes.size())
    return 0;
  uint64_t got = std::min<uint64_t>(static_cast<uint64_t>(count),
                                    bytes.size() - file->position);
  std::memcpy(buffer, bytes.data() + file->position, got);
  file->position += got;
  return static_cast<tmsize_t>(got);
}

static tmsize_t writeProc(thandle_t handle, void *buffer, tmsize_t count) {
  auto *file = static_cast<MemoryFile *>(handle);
  if (!file->writing || count <= 0)
    return 0;
  uint64_t end = file->position + static_cast<uint64_t>(count);
  if (file->output.size() < end)
    file->output.resize(end);
  std::memcpy(file->output.data() + file->position, buffer,
              static_cast<size_t>(count));
  file->position = end;
  return count;
}

static toff_t seekProc(thandle_t handle, toff_t offset, int whence) {
  auto *file = static_cast<MemoryFile *>(handle);
  if (whence == SEEK_CUR)
    offset += file->position;
  else if (whence == SEEK_END)
    offset += file->bytes().size();
  return file->position = offset;
}

static toff_t sizeProc(thandle_t handle) {
  return static_cast<MemoryFile *>(handle)->bytes().size();
}

static int closeProc(thandle_t) { return 0; }

/// Keeps the first error; returning 1 keeps libtiff from printing it.
static int keepError(TIFF *, void *user, const char *module, const char *format,
                     va_list arguments) {
  auto *file = static_cast<MemoryFile *>(user);
  if (!file->error.empty())
    return 1;
  char text[256];
  std::vsnprintf(text, sizeof(text), format, arguments);
  file->error = text;
  return 1;
}

static int dropWarning(TIFF *, void *, const char *, const char *, va_list) {
  return 1;
}

TiffHandle segc::tiff::openTiff(MemoryFile &file, const char *mode,
                                uint64_t maxAllocation) {
  std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions *)> options(
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFF *tiff = nullptr;
  if (options) {
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(),
                                        static_cast<tmsize_t>(maxAllocation));
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keepError, &file);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), dropWarning, nullptr);
    tiff =
        TIFFClientOpenExt("memory", mode, &file, readProc, writeProc, seekProc,
                          closeProc, sizeProc, nullptr, nullptr, options.get());
  }
  return {tiff, TIFFClose};
}
