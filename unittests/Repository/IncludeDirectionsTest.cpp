//===- IncludeDirectionsTest.cpp - Include directions ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A folder may include only the folders in its row of the table of
// docs/Architecture.md, and those that they may include.

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace fs = std::filesystem;

namespace {

const fs::path source = SEGC_SOURCE_DIR;

std::string readText(const fs::path &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> allMatches(const std::string &text,
                                    const std::regex &pattern) {
  std::vector<std::string> result;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end;
       it != end; ++it)
    result.push_back((*it)[1].matched ? (*it)[1].str() : it->str());
  return result;
}

/// The folders under lib/, each with the folders that it may include.
class Rooms {
public:
  explicit Rooms(const std::string &page) {
    std::istringstream lines(page);
    std::map<std::string, std::string> uses;
    std::smatch row;
    static const std::regex rowPattern(
        "\\| `([A-Za-z/]+)` \\|.*\\| ([^|]+) \\|");
    for (std::string line; std::getline(lines, line);)
      if (std::regex_match(line, row, rowPattern) && row[1] != "tools") {
        names.push_back(row[1]);
        uses[row[1]] = row[2];
      }
    for (const std::string &name : names)
      direct[name] = named(uses[name]);
  }

  const std::vector<std::string> &all() const { return names; }

  /// Returns the room of a path such as Dialect/Seg/IR/SegOps.td; empty if it
  /// has none.
  std::string roomOf(const std::string &path) const {
    std::string best;
    for (const std::string &name : names)
      if (path.rfind(name + "/", 0) == 0 && name.size() > best.size())
        best = name;
    return best;
  }

  bool mayUse(const std::string &room, const std::string &other) const {
    std::set<std::string> seen = {room};
    return room == other || reaches(room, other, seen);
  }

private:
  bool reaches(const std::string &room, const std::string &other,
               std::set<std::string> &seen) const {
    for (const std::string &next : direct.at(room))
      if (next == other || (direct.count(next) && seen.insert(next).second &&
                            reaches(next, other, seen)))
        return true;
    return false;
  }

  /// Returns the rooms of a cell, which uses the last part of their names. MLIR
  /// and model.h are returned as they are.
  std::set<std::string> named(const std::string &cell) const {
    std::set<std::string> result;
    if (cell == "all of the compiler") {
      for (const std::string &name : names)
        if (name.rfind("Runtime/", 0) != 0 && name != "Driver" &&
            name != "Pipelines")
          result.insert(name);
      return result;
    }
    if (cell.rfind("nothing", 0) == 0)
      return result;
    for (const std::string &word :
         allMatches(cell, std::regex("[A-Za-z./]+"))) {
      auto match = std::find_if(
          names.begin(), names.end(), [&](const std::string &name) {
            return name == word ||
                   (name.size() > word.size() &&
                    name.compare(name.size() - word.size() - 1,
                                 std::string::npos, "/" + word) == 0) ||
                   name.rfind(word + "/", 0) == 0;
          });
      result.insert(match == names.end() ? word : *match);
    }
    return result;
  }

  std::vector<std::string> names;
  std::map<std::string, std::set<std::string>> direct;
};

const Rooms &rooms() {
  static const Rooms rooms(readText(source / "docs/Architecture.md"));
  return rooms;
}

bool isSource(const fs::path &path) {
  static const std::set<std::string> extensions = {".h", ".cpp", ".c", ".td",
                                                   ".def"};
  return extensions.count(path.extension().string());
}

/// Calls `visit(room, file, included)` for each include in include/ and lib/.
void forEachInclude(
    const std::regex &pattern,
    const std::function<void(std::string, fs::path, std::string)> &visit) {
  for (const fs::path &root : {source / "include/segc", source / "lib"})
    for (const auto &entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || !isSource(entry.path()))
        continue;
      std::string room =
          rooms().roomOf(fs::relative(entry.path(), root).string());
      if (!room.empty())
        for (const std::string &included :
             allMatches(readText(entry.path()), pattern))
          visit(room, fs::relative(entry.path(), source), included);
    }
}

// The table is parsed correctly.
TEST(IncludeDirections, TableIsParsed) {
  EXPECT_THAT(rooms().all(), testing::IsSupersetOf(
                                 {"Base", "Plan", "Runtime/Core", "Dialect/Seg",
                                  "Codegen/CPU", "Codegen/GPU", "Driver"}));
  EXPECT_EQ(rooms().roomOf("Runtime/Core/Manifest.h"), "Runtime/Core");
  EXPECT_TRUE(rooms().mayUse("Plan", "Base"));
  EXPECT_TRUE(rooms().mayUse("Transforms", "Dialect/Seg"));
  EXPECT_TRUE(rooms().mayUse("Transforms", "Base")) << "by way of Dialect";
  EXPECT_TRUE(rooms().mayUse("Driver", "Codegen/CPU")) << "by way of Pipelines";
  EXPECT_TRUE(rooms().mayUse("Driver", "Runtime/Core"));
  EXPECT_TRUE(rooms().mayUse("Codegen/CPU", "model.h"));
  EXPECT_TRUE(rooms().mayUse("Codegen/GPU", "Codegen/Common"));
  EXPECT_FALSE(rooms().mayUse("Codegen/GPU", "Codegen/CPU"));
  EXPECT_TRUE(rooms().mayUse("Codegen/GPU", "Runtime/Emulator"));
  EXPECT_TRUE(rooms().mayUse("Runtime/Emulator", "emulator.h"));
  EXPECT_FALSE(rooms().mayUse("Runtime/Emulator", "Runtime/Core"));
  EXPECT_TRUE(rooms().mayUse("Runtime/Distributed", "messages.h"));
  EXPECT_FALSE(rooms().mayUse("Runtime/Messages", "Runtime/Distributed"));
  EXPECT_FALSE(rooms().mayUse("Base", "Plan"));
  EXPECT_FALSE(rooms().mayUse("Dialect/Seg", "Transforms"));
  EXPECT_FALSE(rooms().mayUse("Runtime/Core", "Runtime/Train"));
  EXPECT_FALSE(rooms().mayUse("Driver", "Runtime/Train"));
  EXPECT_TRUE(rooms().mayUse("Runtime/Commands", "Runtime/Metrics"));
  EXPECT_FALSE(rooms().mayUse("Runtime/Inference", "Runtime/Train"));
  EXPECT_FALSE(rooms().mayUse("Runtime/Train", "Runtime/Commands"));
  EXPECT_FALSE(rooms().mayUse("Runtime/Library", "Runtime/Commands"));
  EXPECT_FALSE(rooms().mayUse("Dialect/Seg", "model.h"));
}

// Every folder of lib/ has a row.
TEST(IncludeDirections, EveryFolderHasARow) {
  for (const auto &entry : fs::recursive_directory_iterator(source / "lib"))
    if (entry.is_regular_file() && isSource(entry.path())) {
      std::string path = fs::relative(entry.path(), source / "lib").string();
      EXPECT_NE(rooms().roomOf(path), "") << path;
    }
}

TEST(IncludeDirections, FollowTheTable) {
  int count = 0;
  forEachInclude(std::regex("include [\"<]segc/([^\">]+)[\">]"),
                 [&](const std::string &room, const fs::path &file,
                     const std::string &included) {
                   bool isInterface = included == "emulator.h" ||
                                      included == "messages.h" ||
                                      included == "segc.h";
                   std::string other =
                       included == "model.h" || included == "model_tables.h"
                           ? "model.h"
                       : isInterface ? included
                                     : rooms().roomOf(included);
                   EXPECT_NE(other, "") << file << " includes segc/" << included
                                        << ", which is in no room";
                   EXPECT_TRUE(other.empty() || rooms().mayUse(room, other))
                       << file << " includes segc/" << included << ": " << room
                       << " may not use " << other;
                   ++count;
                 });
  EXPECT_GT(count, 200);
}

// The runtime does not depend on LLVM.
TEST(IncludeDirections, RuntimeHasNoLLVM) {
  forEachInclude(
      std::regex("#include [\"<]((?:llvm|mlir|lld|clang)/[^\">]+)[\">]"),
      [](const std::string &room, const fs::path &file,
         const std::string &included) {
        bool runtime =
            room == "Base" || room == "Plan" || room.rfind("Runtime/", 0) == 0;
        EXPECT_FALSE(runtime) << file << " includes " << included;
      });
}

} // namespace
