//===- Gzip.h - Streams through zlib ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_GZIP_H
#define SEGC_LIB_RUNTIME_DATA_GZIP_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <zlib.h>

namespace segc {

/// Unpacks a gzip stream piece by piece; several members count as one stream.
class GzipReader {
public:
  explicit GzipReader(std::string_view bytes);
  GzipReader(const GzipReader &) = delete;
  GzipReader &operator=(const GzipReader &) = delete;
  ~GzipReader() { inflateEnd(&stream); }

  /// Up to `most` bytes more into `out`; fewer at the end or on damage.
  uint64_t read(char *out, uint64_t most);
  /// No damage so far and, if `read` came short, the checksum was right.
  bool intact() const { return good; }

private:
  void feed();
  bool nextMember();

  z_stream stream{};
  std::string_view rest;
  bool good = false, ended = false;
};

/// Packs `bytes` under the default gzip header: no name, no time.
Expected<std::string> gzip(std::string_view bytes);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_GZIP_H
