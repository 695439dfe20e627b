//===- Gzip.cpp - Gzip compression by zlib --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Gzip.h"
#include "segc/Base/Exceptions.h"
#include "segc/Runtime/Core/ThreadPool.h"

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

/// Blocks are packed on several threads, each with what is in front of it as a
/// dictionary: the bytes do not depend on the number of threads, and are hardly
/// more than those of one stream.
static constexpr size_t blockBytes = 1 << 20, windowBytes = 1 << 15;

namespace {
struct Block {
  std::string_view bytes, dictionary;
  bool last = false;
  std::string packed;
  uLong checksum = 0;
  bool good = false;

  void pack();
};
} // namespace

void Block::pack() {
  auto bytesOf = [](std::string_view text) {
    return reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  };
  const auto size = static_cast<uInt>(bytes.size());
  checksum = crc32(0, bytesOf(bytes), size);
  z_stream stream{};
  // Raw blocks, to which the header and the checksum of the whole are added.
  if (deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return;
  if (!dictionary.empty())
    deflateSetDictionary(&stream, bytesOf(dictionary),
                         static_cast<uInt>(dictionary.size()));
  stream.next_in = bytesOf(bytes);
  stream.avail_in = size;
  int code = Z_OK;
  do {
    char buffer[1 << 16];
    stream.next_out = reinterpret_cast<Bytef *>(buffer);
    stream.avail_out = sizeof(buffer);
    code = deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
    packed.append(buffer, sizeof(buffer) - stream.avail_out);
  } while (code == Z_OK && stream.avail_out == 0);
  // A flush that is asked for again, though it is complete, is Z_BUF_ERROR.
  good = last ? code == Z_STREAM_END : code == Z_OK || code == Z_BUF_ERROR;
  deflateEnd(&stream);
}

static std::vector<Block>
blocksOf(const std::vector<std::string_view> &pieces) {
  std::vector<Block> blocks;
  for (std::string_view piece : pieces)
    for (size_t begin = 0; begin < piece.size(); begin += blockBytes) {
      const size_t before = std::min(begin, windowBytes);
      blocks.push_back({piece.substr(begin, blockBytes),
                        piece.substr(begin - before, before),
                        false,
                        {},
                        0,
                        false});
    }
  if (blocks.empty())
    blocks.emplace_back();
  blocks.back().last = true;
  return blocks;
}

static void appendLittleEndian(std::string &bytes, uint64_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(value >> shift & 0xff);
}

StatusOr<std::string> segc::gzip(const std::vector<std::string_view> &pieces) {
  std::vector<Block> blocks = blocksOf(pieces);
  uint64_t size = 0;
  for (const Block &block : blocks)
    size += block.bytes.size();
  SEGC_ASSIGN_OR_RETURN(
      const std::unique_ptr<ThreadPool> pool,
      ThreadPool::create(static_cast<unsigned>(
          std::min<uint64_t>(availableCores(), 1 + size / blockBytes))));
  std::vector<Status> statuses(blocks.size());
  pool->parallelFor(
      static_cast<int64_t>(blocks.size()), [&](int64_t task, uint32_t) {
        const auto i = static_cast<size_t>(task);
        statuses[i] = withoutExceptions([&] {
          blocks[i].pack();
          return blocks[i].good ? Status::success()
                                : internalError("zlib failed to pack");
        });
      });
  // No name, no time; made on Unix.
  std::string packed("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  uLong checksum = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    SEGC_RETURN_IF_ERROR(statuses[i]);
    packed += blocks[i].packed;
    blocks[i].packed = std::string();
    checksum = crc32_combine(checksum, blocks[i].checksum,
                             static_cast<z_off_t>(blocks[i].bytes.size()));
  }
  appendLittleEndian(packed, checksum);
  appendLittleEndian(packed, size);
  return packed;
}
