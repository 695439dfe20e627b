//===- Hash.h - Content keys ------------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_HASH_H
#define SEGC_BASE_HASH_H

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace segc {

/// FNV-1a. It maps a name to a stream number of a CounterRng.
constexpr uint64_t hashName(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

/// A checksum against damage, not against attacks. Any change within 8 aligned
/// bytes changes it.
uint64_t checksum(std::string_view bytes);

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of records of
/// other programs.
uint32_t crc32c(std::string_view bytes);

/// SHA-256 (FIPS 180-4), fed in pieces: the key of cached compilations.
class Sha256 {
public:
  void update(std::string_view bytes);
  /// Ends the message and returns the digest in lower-case hexadecimal.
  std::string hexDigest();

private:
  void block(const unsigned char *bytes);

  std::array<uint32_t, 8> state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                   0xa54ff53a, 0x510e527f, 0x9b05688c,
                                   0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> pending{};
  size_t pendingBytes = 0;
  uint64_t totalBytes = 0;
};

inline std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hexDigest();
}

} // namespace segc

#endif // SEGC_BASE_HASH_H
