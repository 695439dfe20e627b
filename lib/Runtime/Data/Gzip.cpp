//===- Gzip.cpp - Streams through zlib ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Gzip.h"

#include <algorithm>

using namespace segc;

GzipReader::GzipReader(std::string_view bytes) : rest(bytes) {
  // 16: a gzip wrapper, with its checksum.
  good = inflateInit2(&stream, 15 + 16) == Z_OK;
}

uint64_t GzipReader::read(char *out, uint64_t most) {
  uint64_t done = 0;
  while (good && done < most) {
    if (ended && !nextMember())
      break;
    if (stream.avail_in == 0)
      feed();
    auto room = static_cast<uInt>(std::min<uint64_t>(most - done, 1u << 30));
    stream.next_out = reinterpret_cast<Bytef *>(out + done);
    stream.avail_out = room;
    int code = inflate(&stream, Z_NO_FLUSH);
    done += room - stream.avail_out;
    ended = code == Z_STREAM_END;
    good = code == Z_OK || ended;
  }
  return done;
}

void GzipReader::feed() {
  auto count = static_cast<uInt>(std::min<size_t>(rest.size(), 1u << 30));
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(rest.data()));
  stream.avail_in = count;
  rest.remove_prefix(count);
}

bool GzipReader::nextMember() {
  if (stream.avail_in == 0)
    feed();
  if (stream.avail_in == 0)
    return false;
  ended = false;
  return good = inflateReset(&stream) == Z_OK;
}

Expected<std::string> segc::gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return internalError("zlib refuses to start");
  std::string packed;
  char buffer[1 << 16];
  int code = Z_OK;
  while (code == Z_OK) {
    if (stream.avail_in == 0) {
      size_t count = std::min<size_t>(bytes.size(), 1u << 30);
      stream.next_in =
          reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
      stream.avail_in = static_cast<uInt>(count);
      bytes.remove_prefix(count);
    }
    stream.next_out = reinterpret_cast<Bytef *>(buffer);
    stream.avail_out = sizeof(buffer);
    code = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    packed.append(buffer, sizeof(buffer) - stream.avail_out);
  }
  deflateEnd(&stream);
  if (code != Z_STREAM_END)
    return internalError("zlib failed with code " + std::to_string(code));
  return packed;
}
