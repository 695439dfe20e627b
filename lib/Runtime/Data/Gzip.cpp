//===- Gzip.cpp - Gzip compression by zlib --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Gzip.h"

#include <algorithm>

using namespace segc;

GzipReader::GzipReader(std::string_view bytes) : rest(bytes) {
  // 32: a wrapper of gzip or zlib, with its checksum.
  good = inflateInit2(&stream, 15 + 32) == Z_OK;
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
    unpacked += room - stream.avail_out;
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
  // The two bytes that start a member may lie in two pieces of the input.
  const char *next = reinterpret_cast<const char *>(stream.next_in);
  std::string start(next, std::min<size_t>(stream.avail_in, 2));
  start += rest.substr(0, 2 - start.size());
  if (start != "\x1f\x8b") {
    trailing = stream.avail_in + rest.size();
    return false;
  }
  ended = false;
  memberBegin = unpacked;
  return good = inflateReset(&stream) == Z_OK;
}

namespace {
/// A stream that packs, and what it has packed.
struct Packer {
  Packer() {
    good = deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8,
                        Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Packer() { deflateEnd(&stream); }

  /// zlib counts bytes in 32 bits.
  void feed(std::string_view bytes) {
    for (size_t count; !bytes.empty() && good; bytes.remove_prefix(count)) {
      count = std::min<size_t>(bytes.size(), 1u << 30);
      run(bytes.substr(0, count), Z_NO_FLUSH);
    }
  }
  void finish() { run({}, Z_FINISH); }

  void run(std::string_view bytes, int flush) {
    stream.next_in =
        reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    do {
      char buffer[1 << 16];
      stream.next_out = reinterpret_cast<Bytef *>(buffer);
      stream.avail_out = sizeof(buffer);
      const int code = deflate(&stream, flush);
      packed.append(buffer, sizeof(buffer) - stream.avail_out);
      ended = code == Z_STREAM_END;
      good &= code != Z_STREAM_ERROR;
    } while (stream.avail_out == 0);
  }

  z_stream stream{};
  std::string packed;
  bool good = false, ended = false;
};
} // namespace

StatusOr<std::string> segc::gzip(const std::vector<std::string_view> &pieces) {
  Packer packer;
  for (std::string_view piece : pieces)
    packer.feed(piece);
  packer.finish();
  if (!packer.good || !packer.ended)
    return internalError("zlib failed to pack");
  return std::move(packer.packed);
}
