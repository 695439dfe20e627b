//===- StaticModelTest.cpp - Models that are not loaded -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/StaticModel.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Core/ModelLibrary.h"

#include <elf.h>
#include <gmock/gmock.h>

using namespace segc;
using testing::AllOf;
using testing::HasSubstr;

static std::string bytesOf(const std::string &name) {
  return *readFile(SEGC_BINARY_DIR "/unittests/" + name + ".so");
}

static std::string errorOf(const std::string &bytes) {
  auto model = parseModel(bytes, "m.so", ModelMachine::Any);
  return model.ok() ? "no error" : model.status().message();
}

/// Returns the error for a model in whose manifest `from` is replaced by `to`.
/// Loading the model must report the same error.
static std::string changed(const std::string &from, const std::string &to) {
  std::string bytes = bytesOf("FakeNote");
  const size_t at = bytes.find(from);
  if (at == std::string::npos || from.size() != to.size())
    return "not in the file: " + from;
  bytes.replace(at, to.size(), to);
  const std::string path = testing::TempDir() + "changed.so";
  if (!writeFileAtomically(path, bytes).ok())
    return "cannot write";
  auto loaded = ModelLibrary::load(path);
  std::string message = errorOf(bytes);
  EXPECT_FALSE(loaded.ok()) << message;
  return message;
}

TEST(StaticModel, ReadsTheManifest) {
  const std::string bytes = bytesOf("FakeNote");
  auto model = parseModel(bytes, "m.so", ModelMachine::Any);
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_TRUE(*model);
  EXPECT_EQ((*model)->manifest.network, "fake");
  EXPECT_EQ((*model)->manifestText.front(), '{');
  auto loaded = ModelLibrary::load(SEGC_BINARY_DIR "/unittests/FakeNote.so");
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ((*model)->manifestText, (*loaded)->model().manifest);
}

// Models of older compilers cannot be inspected without loading, but are still
// loaded.
TEST(StaticModel, OldModels) {
  auto model = parseModel(bytesOf("FakeModel"), "m.so", ModelMachine::Any);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_FALSE(*model);
}

// The checksum detects a change of any byte.
TEST(StaticModel, Checksum) {
  std::string bytes = bytesOf("FakeNote");
  bytes += checksumTrailer(bytes);
  EXPECT_TRUE(parseModel(bytes, "m.so", ModelMachine::Any).ok());
  for (size_t at = 0; at + 16 < bytes.size(); at += 97) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << at % 8);
    EXPECT_FALSE(parseModel(damaged, "m.so", ModelMachine::Any).ok()) << at;
  }
  // Exchanged words change the checksum.
  const std::string one =
      std::string(8, 'a') + std::string(24, 'x') + std::string(8, 'b');
  const std::string other =
      std::string(8, 'b') + std::string(24, 'x') + std::string(8, 'a');
  EXPECT_NE(checksumTrailer(one), checksumTrailer(other));
  EXPECT_NE(checksumTrailer("a"), checksumTrailer(std::string("a\0", 2)));
}

// No prefix of a file is accepted.
TEST(StaticModel, Truncated) {
  const std::string bytes = bytesOf("FakeNote");
  for (size_t size = 0; size < bytes.size(); size += 61)
    EXPECT_FALSE(parseModel(std::string_view(bytes).substr(0, size), "m.so",
                            ModelMachine::Any)
                     .ok())
        << size << " of " << bytes.size();
  EXPECT_THAT(errorOf(bytes.substr(0, bytes.size() - 1)),
              AllOf(HasSubstr("m.so"), HasSubstr("truncated or damaged")));
  const std::string path = testing::TempDir() + "cut.so";
  ASSERT_TRUE(writeFileAtomically(path, bytes.substr(0, 5000)).ok());
  EXPECT_FALSE(ModelLibrary::load(path).ok());
}

TEST(StaticModel, HeadersMatchTheFile) {
  const std::string bytes = bytesOf("FakeNote");
  auto withHeader = [&](auto change) {
    std::string copy = bytes;
    Elf64_Ehdr header;
    std::memcpy(&header, copy.data(), sizeof(header));
    change(header, copy);
    std::memcpy(copy.data(), &header, sizeof(header));
    return errorOf(copy);
  };
  EXPECT_THAT(
      withHeader([](Elf64_Ehdr &h, std::string &) { h.e_phoff = ~0ull; }),
      HasSubstr("program headers lie outside"));
  EXPECT_THAT(
      withHeader([](Elf64_Ehdr &h, std::string &) { h.e_phnum = 0xffff; }),
      HasSubstr("program headers lie outside"));
  EXPECT_THAT(
      withHeader([](Elf64_Ehdr &h, std::string &) { h.e_type = ET_EXEC; }),
      HasSubstr("no shared object"));
  auto withSegment = [&](uint32_t type, auto change) {
    return withHeader([&](Elf64_Ehdr &h, std::string &copy) {
      for (unsigned i = 0; i < h.e_phnum; ++i) {
        char *place = copy.data() + h.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment;
        std::memcpy(&segment, place, sizeof(segment));
        if (segment.p_type == type)
          change(segment);
        std::memcpy(place, &segment, sizeof(segment));
      }
    });
  };
  EXPECT_THAT(withSegment(PT_LOAD, [](auto &s) { s.p_filesz += 1 << 20; }),
              HasSubstr("a segment ends at byte"));
  EXPECT_THAT(withSegment(PT_LOAD, [](auto &s) { s.p_memsz += 1ull << 40; }),
              testing::AnyOf(HasSubstr("zeroed memory"), HasSubstr("overlap")));
  EXPECT_THAT(withSegment(PT_DYNAMIC, [](auto &s) { s.p_type = PT_NULL; }),
              HasSubstr("no table for the dynamic linker"));
}

// Callers allocate by the manifest, and kernels write by the tables, so both
// must agree.
TEST(StaticModel, ManifestAndTablesAgree) {
  EXPECT_THAT(changed("\"shape\": [2,8,8,8,3]}]", "\"shape\": [2,8,8,7,3]}]"),
              HasSubstr("m.so: fake-cpu, predict, kernel 0, operand 0: begins "
                        "at byte 0 and ends at 12288 of a buffer of 10752"));
  EXPECT_THAT(changed("\"evaluate_step\": 512", "\"evaluate_step\": 128"),
              HasSubstr("evaluate_step: the code has arena_bytes 512, the "
                        "manifest says 128"));
  EXPECT_THAT(changed("\"scratch_bytes\": 64", "\"scratch_bytes\": 32"),
              HasSubstr("scratch_bytes 64, the manifest says 32"));
  EXPECT_THAT(changed("\"cpu\": \"fake-cpu\"", "\"cpu\": \"real-cpu\""),
              HasSubstr("the code has the version fake-cpu"));
  EXPECT_THAT(
      changed("\"grad_step\": {", "\"grad_skip\": {"),
      HasSubstr("grad_step: the code has inputs: 2, the manifest says 0"));
  EXPECT_THAT(changed("\"format\": 1", "\"format\": 7"),
              HasSubstr("manifest format 7"));
}

// Programs are checked against the manifest, like the tables of earlier
// versions.
TEST(StaticModel, Programs) {
  auto model = parseModel(bytesOf("FakeProgram"), "m.so", ModelMachine::Any);
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_TRUE(*model);
  EXPECT_EQ((*model)->manifest.network, "fake");
  EXPECT_THAT(errorOf(bytesOf("FakeWrongStream")),
              HasSubstr("m.so: fake-cpu, evaluate_step, kernel 4: runs on "
                        "stream 7 of 3"));
  EXPECT_THAT(errorOf(bytesOf("FakeWrongEvent")),
              HasSubstr("grad_step, kernel 6: has the event 1 of 1"));
  EXPECT_THAT(errorOf(bytesOf("FakeWrongCopy")),
              HasSubstr("kernel 4: copies to an operand of another size"));
  EXPECT_EQ(errorOf(bytesOf("FakeMap")), "no error");
  EXPECT_THAT(errorOf(bytesOf("FakeLargeMap")),
              HasSubstr("predict, kernel 0, tensor map 0: ends at byte 4160 of "
                        "an operand of 4096"));
  EXPECT_THAT(errorOf(bytesOf("FakeWrongMap")),
              HasSubstr("kernel 0, tensor map 0: is no tensor"));
  EXPECT_EQ(errorOf(bytesOf("FakeAlternatives")), "no error");
  EXPECT_THAT(errorOf(bytesOf("FakeWrongAlternatives")),
              HasSubstr("predict, kernel 0: has 2 alternatives of 1 commands "
                        "behind it"));
  std::string bytes = bytesOf("FakeProgram");
  const std::string from = "\"evaluate_step\": 512",
                    to = "\"evaluate_step\": 448";
  bytes.replace(bytes.find(from), from.size(), to);
  EXPECT_THAT(errorOf(bytes), HasSubstr("evaluate_step: the code has "
                                        "arena_bytes 512, the manifest says "
                                        "448"));
}
