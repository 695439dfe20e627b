//===- FakeRun.h - A run on the fake model ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKERUN_H
#define SEGC_UNITTESTS_RUNTIME_FAKERUN_H

#include "segc/Runtime/Core/Safetensors.h"
#include "segc/Runtime/Device/HostDevice.h"
#include "segc/Runtime/Device/ModelRunner.h"

#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace segc {

inline std::string fakeModel(const std::string &name = "FakeModel") {
  return SEGC_BINARY_DIR "/unittests/" + name + ".so";
}

/// A folder of this process, which is removed when it ends. Processes that it
/// forks leave it alone.
class ProcessFolder {
public:
  ProcessFolder()
      : owner(::getpid()),
        path(testing::TempDir() + "segc-train-" + std::to_string(owner)) {}
  ~ProcessFolder() {
    std::error_code ignored;
    if (::getpid() == owner)
      std::filesystem::remove_all(path, ignored);
  }
  const pid_t owner;
  const std::string path;
};

inline std::string freshFolder(const std::string &name) {
  static const ProcessFolder folder;
  std::string path = folder.path + "/" + name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

inline ModelRunner makeRunner(ThreadPool &pool, bool training = true) {
  auto model = ModelLibrary::load(fakeModel());
  EXPECT_TRUE(model.ok()) << model.status().message();
  auto runner =
      ModelRunner::create(*model, makeHostDevice(pool), {training, true});
  EXPECT_TRUE(runner.ok()) << runner.status().message();
  return std::move(*runner);
}

/// Writes three batches of volumes whose class depends on the intensity. One
/// voxel of the second batch is `odd`, if that is not 0.
inline std::string writeBatches(const std::string &folder, float odd = 0) {
  constexpr int64_t count = 2 * 512;
  std::vector<std::vector<float>> images(3, std::vector<float>(count));
  std::vector<std::vector<int32_t>> labels(3, std::vector<int32_t>(count));
  std::vector<TensorSource> tensors;
  for (int b = 0; b < 3; ++b) {
    for (int64_t i = 0; i < count; ++i) {
      images[b][i] = static_cast<float>((i * 37 + b * 11) % 101) / 25 - 2;
      labels[b][i] = images[b][i] < -0.7f ? 0 : images[b][i] < 0.7f ? 1 : 2;
    }
    if (odd != 0 && b == 1)
      images[b][100] = odd;
    tensors.push_back({"image_" + std::to_string(b),
                       "F32",
                       {2, 8, 8, 8, 1},
                       images[b].data()});
    tensors.push_back(
        {"label_" + std::to_string(b), "I32", {2, 8, 8, 8}, labels[b].data()});
  }
  std::string path = folder + "/batches.safetensors";
  EXPECT_TRUE(writeSafetensors(path, tensors, {}).ok());
  return path;
}

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_FAKERUN_H
