//===- MpiMessages.cpp - Messages through MPI -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/messages.h"

#include <algorithm>
#include <cstdio>
#include <mpi.h>
#include <numeric>
#include <string>
#include <vector>

/// Longer messages go in parts. MPI counts in int. To another machine, parts
/// are so short that a library sends them without asking the other side first:
/// over TCP the answer queues behind what travels its way already, so that the
/// two directions take turns.
static constexpr uint64_t partBytes = uint64_t{1} << 30,
                          partBytesElsewhere = uint64_t{60} << 10;
/// Libraries copy short parts. Longer messages than those of a collective, such
/// as weights at the start, travel one way, and take no memory for a copy.
static constexpr uint64_t maxCopiedBytes = uint64_t{4} << 20;
static constexpr int tag = 0;

namespace {

struct Connection {
  MPI_Comm ranks = MPI_COMM_NULL; ///< Of its own: nobody else's messages.
  /// The parts of each request; finished ones are empty and used again.
  std::vector<std::vector<MPI_Request>> requests;
  std::vector<bool> isHere; ///< By rank: on this machine.
  std::string library, error;
};

} // namespace

static Connection connection;

static int check(int code, const char *what) {
  if (code == MPI_SUCCESS)
    return 0;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  connection.error = std::string(what) + ": " + text;
  return 1;
}

template <typename F>
static int startParts(uint32_t other, uint64_t bytes, uint64_t *request,
                      const char *what, F &&start) {
  auto &all = connection.requests;
  auto free = std::find_if(all.begin(), all.end(),
                           [](const auto &parts) { return parts.empty(); });
  if (free == all.end())
    free = all.emplace(all.end());
  *request = static_cast<uint64_t>(free - all.begin());
  const bool isCopied = !connection.isHere[other] && bytes <= maxCopiedBytes;
  const uint64_t longest = isCopied ? partBytesElsewhere : partBytes;
  uint64_t at = 0;
  do {
    const uint64_t part = std::min(bytes - at, longest);
    free->push_back(MPI_REQUEST_NULL);
    if (check(start(at, static_cast<int>(part), &free->back()), what))
      return 1;
    at += part;
  } while (at < bytes);
  return 0;
}

static int send(void *, uint32_t to, const void *data, uint64_t bytes,
                uint64_t *request) {
  return startParts(to, bytes, request, "MPI_Isend",
                    [&](uint64_t at, int count, MPI_Request *part) {
                      return MPI_Isend(static_cast<const char *>(data) + at,
                                       count, MPI_BYTE, static_cast<int>(to),
                                       tag, connection.ranks, part);
                    });
}

static int receive(void *, uint32_t from, void *data, uint64_t bytes,
                   uint64_t *request) {
  return startParts(from, bytes, request, "MPI_Irecv",
                    [&](uint64_t at, int count, MPI_Request *part) {
                      return MPI_Irecv(static_cast<char *>(data) + at, count,
                                       MPI_BYTE, static_cast<int>(from), tag,
                                       connection.ranks, part);
                    });
}

static int test(void *, uint64_t request, int *done) {
  auto &parts = connection.requests[request];
  if (check(MPI_Testall(static_cast<int>(parts.size()), parts.data(), done,
                        MPI_STATUSES_IGNORE),
            "MPI_Testall"))
    return 1;
  if (*done)
    parts.clear();
  return 0;
}

static const char *lastError(void *) { return connection.error.c_str(); }

static void abortAll(void *, int code) { MPI_Abort(MPI_COMM_WORLD, code); }

static int close(void *) {
  return check(MPI_Comm_free(&connection.ranks), "MPI_Comm_free") ||
         check(MPI_Finalize(), "MPI_Finalize");
}

/// Finds out which ranks run on this machine.
static int findNeighbours(int size) {
  MPI_Comm here = MPI_COMM_NULL;
  MPI_Group all = MPI_GROUP_NULL, near = MPI_GROUP_NULL;
  std::vector<int> ranks(static_cast<size_t>(size)), places(ranks.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  if (check(MPI_Comm_split_type(connection.ranks, MPI_COMM_TYPE_SHARED, 0,
                                MPI_INFO_NULL, &here),
            "MPI_Comm_split_type") ||
      check(MPI_Comm_group(connection.ranks, &all), "MPI_Comm_group") ||
      check(MPI_Comm_group(here, &near), "MPI_Comm_group") ||
      check(MPI_Group_translate_ranks(all, size, ranks.data(), near,
                                      places.data()),
            "MPI_Group_translate_ranks") ||
      check(MPI_Group_free(&all), "MPI_Group_free") ||
      check(MPI_Group_free(&near), "MPI_Group_free") ||
      check(MPI_Comm_free(&here), "MPI_Comm_free"))
    return 1;
  for (int place : places)
    connection.isHere.push_back(place != MPI_UNDEFINED);
  return 0;
}

/// The first line of the library's long description.
static std::string libraryName() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  std::string name = text;
  return name.substr(0, name.find_first_of(",\n"));
}

// NOLINTNEXTLINE(readability-identifier-naming): a name of C
extern "C" __attribute__((visibility("default"))) segc_code segc_messages_open(
    uint32_t version, segc_messages *messages, segc_message *error) {
  if (version != SEGC_MESSAGES_VERSION) {
    std::snprintf(error->text, sizeof(error->text),
                  "the plugin has version %d of the interface, segrun asks for "
                  "%u: build both from the same sources",
                  SEGC_MESSAGES_VERSION, version);
    return SEGC_UNAVAILABLE;
  }
  int provided = 0, rank = 0, size = 0;
  // Another thread than the one that opens may send, one at a time.
  if (check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided),
            "MPI_Init_thread") ||
      check(MPI_Comm_dup(MPI_COMM_WORLD, &connection.ranks), "MPI_Comm_dup") ||
      check(MPI_Comm_set_errhandler(connection.ranks, MPI_ERRORS_RETURN),
            "MPI_Comm_set_errhandler") ||
      check(MPI_Comm_rank(connection.ranks, &rank), "MPI_Comm_rank") ||
      check(MPI_Comm_size(connection.ranks, &size), "MPI_Comm_size") ||
      findNeighbours(size)) {
    std::snprintf(error->text, sizeof(error->text), "%s",
                  connection.error.c_str());
    return SEGC_INTERNAL;
  }
  connection.library = libraryName();
  if (provided < MPI_THREAD_SERIALIZED) {
    std::snprintf(error->text, sizeof(error->text),
                  "%s was built without threads (MPI_THREAD_SERIALIZED)",
                  connection.library.c_str());
    return SEGC_UNAVAILABLE;
  }
  *messages = {sizeof(segc_messages),
               static_cast<uint32_t>(rank),
               static_cast<uint32_t>(size),
               nullptr,
               connection.library.c_str(),
               send,
               receive,
               test,
               lastError,
               abortAll,
               close};
  return SEGC_OK;
}
