//===- PreparedCacheTest.cpp - Prepared cases in files --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SmallDataset.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Plan/Planner.h"
#include "segc/Runtime/Prepare/CacheWriter.h"

#include <csignal>
#include <fstream>
#include <sys/resource.h>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

namespace {

class PreparedCacheTest : public testing::Test {
protected:
  void SetUp() override {
    StatusOr<TrainingCases> listed = listTrainingCases(data.folder.path);
    ASSERT_OK(listed.status());
    set = std::move(*listed);
    ThreadPool pool(2);
    FingerprintOptions options;
    options.rules = PlanRules::Example; // The quicker ones.
    auto found = fingerprintOf(set, options, pool);
    ASSERT_OK(found.status());
    auto planned = planV2(found->fingerprint);
    ASSERT_OK(planned.status());
    plan = std::move(*planned);
    target = output / "cache";
  }

  StatusOr<CacheResult> write(const char *configuration = "3d_fullres",
                              unsigned threads = 2) {
    SEGC_ASSIGN_OR_RETURN(set, listTrainingCases(data.folder.path));
    ThreadPool pool(threads);
    CacheOptions options;
    options.folder = target;
    options.partial = target + ".partial";
    SEGC_ASSIGN_OR_RETURN(
        const std::unique_ptr<CacheWriter> writer,
        CacheWriter::create(set, plan, *plan.find(configuration), options));
    AllCases queue(static_cast<int64_t>(set.cases.size()));
    std::vector<CachedCase> cases(set.cases.size());
    const Status status =
        writer->run(queue, pool, [&](int64_t index, const CachedCase &entry) {
          cases[static_cast<size_t>(index)] = entry;
        });
    if (status.ok())
      return writer->finish(cases);
    writer->discard();
    return status;
  }
  /// The names in the folder around the cache.
  std::vector<std::string> outputs() {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(output.path))
      names.push_back(entry.path().filename().string());
    return names;
  }
  std::string caseFile(const std::string &name) {
    return target + "/" + name + ".safetensors";
  }
  void changeIndex(const char *key, const Json &value) {
    const std::string path = target + "/cache.json";
    StatusOr<std::string> text = readFile(path);
    ASSERT_OK(text.status());
    Json json = Json::parse(*text);
    json[key] = value;
    ASSERT_OK(writeFileAtomically(path, json.dump()));
  }

  SmallDataset data;
  TemporaryFolder output;
  TrainingCases set;
  Plan plan;
  std::string target;
};

} // namespace

TEST_F(PreparedCacheTest, HoldsWhatPrepareCaseMakes) {
  StatusOr<CacheResult> result = write();
  ASSERT_OK(result.status());
  EXPECT_EQ(result->cases, 6);
  EXPECT_FALSE(result->wasThere);
  EXPECT_THAT(outputs(), ElementsAre("cache"));
  auto cache = PreparedCache::open(target);
  ASSERT_OK(cache.status());
  ASSERT_EQ((*cache)->cases(), 6);
  EXPECT_EQ((*cache)->configuration().name, "3d_fullres");
  EXPECT_EQ(planText((*cache)->plan()),
            planText(*parsePlan(planText(plan), "")));
  EXPECT_EQ((*cache)->files().size(), 7u);
  EXPECT_TRUE((*cache)->folds().empty());

  Notes notes;
  auto reader = makeTrainingReader(set.description, {}, notes);
  ThreadPool pool(1);
  for (int64_t i = 0; i < 6; ++i) {
    auto source = readTrainingCase(*reader, set.cases[size_t(i)]);
    ASSERT_OK(source.status());
    auto expected = prepareCase("", *source, plan, *plan.find("3d_fullres"),
                                PreparationUse::Training, pool);
    ASSERT_OK(expected.status());
    auto found = (*cache)->at(i);
    ASSERT_OK(found.status());
    EXPECT_EQ(found->name, "c" + std::to_string(i));
    ASSERT_EQ(found->shape, expected->shape);
    ASSERT_EQ(found->channels, 1);
    EXPECT_EQ(std::memcmp(found->image, expected->image,
                          size_t(found->voxels()) * sizeof(float)),
              0);
    EXPECT_EQ(std::memcmp(found->labels, expected->labels,
                          size_t(found->voxels()) * sizeof(int16_t)),
              0);
    EXPECT_EQ(found->classVoxels, expected->classVoxels);
    EXPECT_EQ(found->record.cropBegin, expected->record.cropBegin);
    EXPECT_EQ(found->record.fileShape, expected->record.fileShape);
    EXPECT_EQ(found->record.fileSpacing, expected->record.fileSpacing);
    EXPECT_EQ(found->record.frame.reversed, expected->record.frame.reversed);
    EXPECT_EQ(found->record.geometry.size, expected->record.geometry.size);
  }
}

TEST_F(PreparedCacheTest, HasTheSameBytesForAnyNumberOfThreads) {
  ASSERT_OK(write("3d_fullres", 1).status());
  StatusOr<std::string> one = readFile(caseFile("c3"));
  target = output / "other";
  ASSERT_OK(write("3d_fullres", 3).status());
  StatusOr<std::string> three = readFile(caseFile("c3"));
  ASSERT_OK(one.status());
  ASSERT_OK(three.status());
  EXPECT_EQ(*one, *three);
}

// What is there already stays; what is of something else is refused by name.
TEST_F(PreparedCacheTest, IsWrittenOnce) {
  std::filesystem::create_directories(target); // empty
  ASSERT_OK(write().status());
  StatusOr<CacheResult> again = write();
  ASSERT_OK(again.status());
  EXPECT_TRUE(again->wasThere);
  EXPECT_ERROR(write("2d").status(), InvalidArgument,
               "another plan or configuration (it has 3d_fullres)");
  SmallDataset::writeVolume(data.imagePath(1), SmallDataset::image(9));
  EXPECT_ERROR(write().status(), InvalidArgument, "other files");
  const std::string name = plan.dataset;
  plan.dataset = "Another";
  EXPECT_ERROR(write().status(), InvalidArgument, "the data set \"Small\"",
               "expected \"Another\"");
  plan.dataset = name;
  changeIndex("version", 2);
  EXPECT_ERROR(write().status(), Unsupported, "cache of version 2",
               "expected 1");
  target = data.folder.path;
  EXPECT_ERROR(write().status(), InvalidArgument, "is no cache of segrun");
}

TEST_F(PreparedCacheTest, LeavesOutCasesThatFail) {
  std::filesystem::remove(data.labelPath(2));
  ASSERT_OK(writeFileAtomically(
      data.folder / "splits_final.json",
      Json({{{"train", {"c0", "c2", "c4"}}, {"val", {"c1", "c5"}}}}).dump()));
  StatusOr<CacheResult> result = write();
  ASSERT_OK(result.status());
  EXPECT_EQ(result->cases, 5);
  ASSERT_EQ(result->faults.size(), 1u);
  EXPECT_EQ(result->faults[0].name, "c2");
  auto cache = PreparedCache::open(target);
  ASSERT_OK(cache.status());
  EXPECT_EQ((*cache)->caseName(2), "c3");
  EXPECT_THAT((*cache)->folds()[0].train, ElementsAre(0, 3));
  EXPECT_THAT((*cache)->folds()[0].validation, ElementsAre(1, 4));
}

TEST_F(PreparedCacheTest, LeavesNothingOnAFullDisk) {
  // Writing behind a limit fails like writing to a full disk does.
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit before = {}, limit = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = {1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const StatusOr<CacheResult> result = write();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_ERROR(result.status(), IoError, "the cache cannot be written");
  EXPECT_TRUE(outputs().empty());
}

// What a case comes from is found again, also elsewhere, unless it has changed.
TEST_F(PreparedCacheTest, NotesTheFilesOfItsCases) {
  ASSERT_OK(write().status());
  auto opened = PreparedCache::open(target);
  ASSERT_OK(opened.status());
  const PreparedCache &cache = **opened;
  EXPECT_EQ(cache.dataFolder(), data.folder.path);
  auto files = cache.originalFiles(1, data.folder.path, true);
  ASSERT_OK(files.status());
  EXPECT_EQ(files->name, "c1");
  EXPECT_THAT(files->images, ElementsAre(data.imagePath(1)));
  EXPECT_TRUE(files->ofOneChannel);
  EXPECT_EQ(files->label, data.labelPath(1));
  EXPECT_ERROR(cache.originalFiles(1, output.path, false).status(), NotFound,
               "imagesTr/c1_0000.nii.gz", "--dataset");

  StatusOr<std::string> bytes = readFile(data.labelPath(1));
  ASSERT_OK(bytes.status());
  std::string other = *bytes;
  other.back() ^= 1;
  ASSERT_OK(writeFileAtomically(data.labelPath(1), other));
  EXPECT_TRUE(cache.originalFiles(1, data.folder.path, false).ok());
  EXPECT_ERROR(cache.originalFiles(1, data.folder.path, true).status(),
               DataLoss, "labelsTr/c1.nii.gz: has changed: other bytes");
  const std::string size = std::to_string(other.size()) + " that the case";
  ASSERT_OK(writeFileAtomically(data.labelPath(1), other + "x"));
  EXPECT_ERROR(cache.originalFiles(1, data.folder.path, false).status(),
               DataLoss, "labelsTr/c1.nii.gz: has changed: ", size.c_str());
  EXPECT_TRUE(cache.originalFiles(0, data.folder.path, true).ok());
}

TEST_F(PreparedCacheTest, RefusesOriginsThatAreNoneOfItsDataSet) {
  ASSERT_OK(write().status());
  StatusOr<std::string> text = readFile(target + "/cache.json");
  ASSERT_OK(text.status());
  const Json origins = Json::parse(*text)["origins"];
  auto refuses = [&](const char *key, const Json &value, const char *message) {
    Json changed = origins;
    changed[2][key] = value;
    changeIndex("origins", changed);
    EXPECT_ERROR(PreparedCache::open(target).status(), DataLoss, "origins[2]",
                 message);
  };
  for (const char *path : {"../c2.nii.gz", "/etc/passwd", "a/../../b", ""})
    refuses("label", path, "expected a path in the folder of the data set");
  refuses("images", Json::array(), "expected a file");
  refuses("files", {{{"file", "a"}, {"bytes", 1}, {"checksum", "12xy"}}},
          "expected 16 hexadecimal digits");
  changeIndex("origins", Json::array());
  EXPECT_ERROR(PreparedCache::open(target).status(), DataLoss,
               "expected one for each of the 6 cases");
}

TEST_F(PreparedCacheTest, NoticesDamage) {
  ASSERT_OK(write().status());
  {
    std::fstream file(caseFile("c1"),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(-1, std::ios::end);
    const int last = file.get();
    file.seekp(-1, std::ios::end);
    file.put(static_cast<char>(last ^ 1));
  }
  std::filesystem::resize_file(caseFile("c2"),
                               std::filesystem::file_size(caseFile("c2")) - 4);
  std::filesystem::remove(caseFile("c3"));
  auto cache = PreparedCache::open(target);
  ASSERT_OK(cache.status());
  EXPECT_TRUE((*cache)->at(0).ok());
  EXPECT_ERROR((*cache)->at(1).status(), DataLoss, "c1.safetensors",
               "is damaged");
  EXPECT_ERROR((*cache)->at(2).status(), DataLoss, "c2.safetensors");
  EXPECT_ERROR((*cache)->at(3).status(), NotFound, "c3.safetensors");
  changeIndex("cases", {"c1", "c1"});
  EXPECT_ERROR(PreparedCache::open(target).status(), DataLoss,
               "expected different names in order");
  changeIndex("cases", {"../c1"});
  EXPECT_ERROR(PreparedCache::open(target).status(), DataLoss, "names no file");
  changeIndex("configuration", "4d");
  EXPECT_ERROR(PreparedCache::open(target).status(), DataLoss,
               "no configuration \"4d\"");
}
