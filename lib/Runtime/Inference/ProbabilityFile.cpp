//===- ProbabilityFile.cpp - Probabilities as a NumPy array ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/ProbabilityFile.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

using namespace segc;

/// The magic number and version 1.0 of the format, and how a header begins.
static constexpr std::string_view magic = {"\x93NUMPY\x01\x00", 8};
static constexpr std::string_view dictionary =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (";

/// The header, of a multiple of 64 bytes as the format asks for.
static std::string headerOf(int64_t classes, Shape3 shape) {
  std::string text(dictionary);
  for (int64_t size : {classes, shape[0], shape[1], shape[2]})
    text += std::to_string(size) + ", ";
  text += "), }";
  const size_t length = magic.size() + 2 + text.size() + 1;
  text.append((64 - length % 64) % 64, ' ');
  text += '\n';
  std::string header(magic);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

static Status failed(const std::string &path, const char *what) {
  return ioError(path + ": cannot " + what + ": " + std::strerror(errno));
}

/// Refuses to replace what is no such array.
static Status checkReplaced(const std::string &path) {
  if (!pathExists(path))
    return Status::success();
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return wrongUsage(path + ": a folder, where the probabilities of a case "
                             "go; give another folder");
  std::string start(magic.size() + 2 + dictionary.size(), '\0');
  if (std::FILE *old = std::fopen(path.c_str(), "re")) {
    start.resize(std::fread(start.data(), 1, start.size(), old));
    std::fclose(old);
  }
  if (start.empty() || (start.compare(0, magic.size(), magic) == 0 &&
                        start.compare(std::min(start.size(), magic.size() + 2),
                                      std::string::npos, dictionary) == 0))
    return Status::success();
  return wrongUsage(path + ": exists and is no array of probabilities that "
                           "segrun wrote; give another folder");
}

StatusOr<ProbabilityFile> ProbabilityFile::create(const std::string &path,
                                                  int64_t classes, Shape3 shape,
                                                  bool hasBackground) {
  SEGC_RETURN_IF_ERROR(checkReplaced(path));
  const std::string header = headerOf(classes, shape);
  const uint64_t voxels = static_cast<uint64_t>(shape[0] * shape[1] * shape[2]);
  ProbabilityFile result;
  result.path = path;
  result.headerBytes = header.size();
  result.bytes =
      header.size() + voxels * static_cast<uint64_t>(classes) * sizeof(float);
  // A longer name than that of the file might be too long.
  const std::filesystem::path place = path;
  const std::string name = ".segc-" + std::to_string(::getpid()) + "-" +
                           sha256(place.filename().string()).substr(0, 16);
  const std::string temporary =
      (place.parent_path() / (name + ".tmp")).string();
  result.file =
      ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (result.file < 0)
    return failed(temporary, "create the file");
  result.temporary = temporary;
  // A page without room on the disk would end the process when it is written.
  errno = ::posix_fallocate(result.file, 0, static_cast<off_t>(result.bytes));
  if (errno != 0)
    return failed(temporary, ("reserve " + std::to_string(result.bytes) +
                              " bytes for probabilities")
                                 .c_str());
  result.mapping = ::mmap(nullptr, result.bytes, PROT_READ | PROT_WRITE,
                          MAP_SHARED, result.file, 0);
  if (result.mapping == MAP_FAILED) {
    result.mapping = nullptr;
    return failed(temporary, "map the file");
  }
  std::memcpy(result.mapping, header.data(), header.size());
  if (hasBackground)
    std::fill_n(result.values(), voxels, 1.0f);
  return result;
}

void ProbabilityFile::swap(ProbabilityFile &other) noexcept {
  path.swap(other.path);
  temporary.swap(other.temporary);
  std::swap(mapping, other.mapping);
  std::swap(bytes, other.bytes);
  std::swap(headerBytes, other.headerBytes);
  std::swap(file, other.file);
}

ProbabilityFile::~ProbabilityFile() {
  if (mapping)
    ::munmap(mapping, bytes);
  if (file >= 0)
    ::close(file);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

float *ProbabilityFile::values() const {
  return reinterpret_cast<float *>(static_cast<std::byte *>(mapping) +
                                   headerBytes);
}

Status ProbabilityFile::sync() {
  return ::msync(mapping, bytes, MS_SYNC) == 0
             ? Status::success()
             : failed(temporary, "write the probabilities");
}

Status ProbabilityFile::finish() {
  SEGC_RETURN_IF_ERROR(sync());
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    return failed(path, "replace the file");
  temporary.clear();
  return Status::success();
}
