//===- LibraryHostTest.cpp - A C program with libsegc ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryTest.h"

#include <cstdlib>
#include <set>
#include <sstream>

using namespace segc;

/// The words of a file that begin with "segc_" and are followed by one of
/// `ends`.
static std::set<std::string> functionsIn(const std::string &text,
                                         const std::string &ends) {
  std::set<std::string> names;
  for (size_t at = text.find("segc_"); at != std::string::npos;
       at = text.find("segc_", at + 1)) {
    const size_t end =
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789", at);
    if (end != std::string::npos && ends.find(text[end]) != std::string::npos &&
        (at == 0 || std::strchr(" *\n", text[at - 1])))
      names.insert(text.substr(at, end - at));
  }
  return names;
}

// The library exports the functions that the header declares, and no other.
TEST(LibraryExports, AreThoseOfTheHeader) {
  const std::string header = bytesOf(SEGC_SOURCE_DIR "/include/segc/segc.h");
  std::set<std::string> declared;
  const std::string code = header.substr(header.find("SEGC_EXPORT uint32_t"));
  for (size_t at = code.find("SEGC_EXPORT"); at != std::string::npos;
       at = code.find("SEGC_EXPORT", at + 1)) {
    const auto names =
        functionsIn(code.substr(at, code.find(';', at) - at), "(");
    ASSERT_EQ(names.size(), 1u) << code.substr(at, 80);
    declared.insert(*names.begin());
  }
  EXPECT_GT(declared.size(), 15u);
  const std::string list =
      testing::TempDir() + "segc-exports-" + std::to_string(getpid());
  runCommand("nm -D --defined-only " SEGC_LIBRARY_FILE
             " | sed 's/^[^ ]* //' | tee " +
             list);
  std::set<std::string> exported;
  std::istringstream lines(bytesOf(list));
  for (std::string kind, name; lines >> kind >> name;)
    if (kind != "A") // the version itself
      exported.insert(name.substr(0, name.find('@')));
  std::filesystem::remove(list);
  EXPECT_EQ(exported, declared);
}

namespace {
/// Predictions of one scan by a host with four threads at once.
struct LibraryHost : testing::Test {
  const std::string scan = SEGC_SOURCE_DIR
      "/data/Task04_Hippocampus/imagesTs/hippocampus_006.nii.gz";
  const test::TemporaryFolder folder;

  static std::string fake(const std::string &name) {
    return SEGC_BINARY_DIR "/unittests/" + name + ".so";
  }
  static bool hasTsan() {
    return std::filesystem::exists(SEGC_BINARY_DIR
                                   "/unittests/SegcLibraryHostTsan");
  }
  /// Expects that each thread writes the bytes that segrun writes.
  void expectSameBytes(const std::string &host, const std::string &model,
                       const std::string &steps = "") {
    runCommand(SEGC_BINARY_DIR "/unittests/" + host + " " + model + " " + scan +
               " " + folder.path + " 4 3" +
               (steps.empty() ? "" : " cpu " + steps));
    runCommand(SEGC_BINARY_DIR "/bin/segrun predict --no-overlays --model " +
               model + " --data " + scan +
               (steps.empty() ? "" : " --postprocess " + steps) + " --output " +
               folder / "segrun");
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(bytesOf(folder / (std::to_string(i) + ".nii.gz")),
                bytesOf(folder / "segrun/hippocampus_006.nii.gz"))
          << host << " " << model << " " << i;
  }
};
} // namespace

TEST_F(LibraryHost, FourThreadsPredictInWindows) {
  expectSameBytes("SegcLibraryHost", fake("FakePatches"));
}

TEST_F(LibraryHost, FourThreadsPredictWholeVolumes) {
  expectSameBytes("SegcLibraryHost", fake("FakeFrozen"));
}

// Races that ThreadSanitizer finds end the host with another code than 0.
TEST_F(LibraryHost, NoRaces) {
  if (!hasTsan())
    GTEST_SKIP() << "skipped: this compiler has no ThreadSanitizer, or the "
                    "build another sanitizer";
  expectSameBytes("SegcLibraryHostTsan", fake("FakePatches"));
  expectSameBytes("SegcLibraryHostTsan", fake("FakeFrozen"));
}

// The same with kernels, arenas and weights of a model that segc compiled, and
// with post-processing. The test library-frozen-model names the model.
TEST_F(LibraryHost, FourThreadsPredictWithACompiledModel) {
  const char *model = std::getenv("SEGC_FROZEN_MODEL");
  if (!model || !std::filesystem::exists(model))
    GTEST_SKIP() << "skipped: SEGC_FROZEN_MODEL names no model, which "
                    "packaging/frozen-model makes";
  expectSameBytes("SegcLibraryHost", model, "largest,holes:2");
  if (hasTsan())
    expectSameBytes("SegcLibraryHostTsan", model, "largest,holes:2");
}
