//===- Gzip.h - Gzip compression by zlib ------------------------*- C++ -*-===//
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
#include <vector>
#include <zlib.h>

namespace segc {

/// Unpacks a stream of gzip or zlib piece by piece; several members count as
/// one stream. Bytes behind a complete member that start no other end it.
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
  /// How many bytes had been unpacked when the current member began.
  uint64_t memberStart() const { return memberBegin; }
  /// Bytes behind the last member, known once `read` came short.
  uint64_t trailingBytes() const { return trailing; }

private:
  void feed();
  bool nextMember();

  z_stream stream{};
  std::string_view rest;
  bool good = false, ended = false;
  uint64_t unpacked = 0, memberBegin = 0, trailing = 0;
};

/// Packs the pieces, one after the other, as one member whose header has no
/// name and no time. What is longer than a mebibyte is packed on all cores; the
/// bytes do not depend on their number.
StatusOr<std::string> gzip(const std::vector<std::string_view> &pieces);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_GZIP_H
