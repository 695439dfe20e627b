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

inline ModelRunner makeRunner(ThreadPool &pool, bool training = true,
                              const std::string &name = "FakeModel") {
  auto model = ModelLibrary::load(fakeModel(name));
  EXPECT_TRUE(model.ok()) << model.status().message();
  auto runner =
      ModelRunner::create(*model, makeHostDevice(pool), {training, true});
  EXPECT_TRUE(runner.ok()) << runner.status().message();
  return std::move(*runner);
}

/// Writes six volumes whose class depends on the intensity, in batches of
/// `samples`. One voxel of the third one is `odd`, if that is not 0.
inline std::string writeBatches(const std::string &folder, float odd = 0,
                                int64_t samples = 2) {
  constexpr int64_t voxels = 512, count = 6;
  std::vector<float> images(count * voxels);
  std::vector<int32_t> labels(count * voxels);
  for (int64_t n = 0; n < count; ++n)
    for (int64_t v = 0; v < voxels; ++v) {
      const int64_t at = n * voxels + v, i = n % 2 * voxels + v;
      images[at] = static_cast<float>((i * 37 + n / 2 * 11) % 101) / 25 - 2;
      labels[at] = images[at] < -0.7f ? 0 : images[at] < 0.7f ? 1 : 2;
    }
  if (odd != 0)
    images[2 * voxels + 100] = odd;
  std::vector<TensorSource> tensors;
  for (int64_t b = 0; b < count / samples; ++b) {
    const int64_t first = b * samples * voxels;
    tensors.push_back({"image_" + std::to_string(b),
                       "F32",
                       {samples, 8, 8, 8, 1},
                       images.data() + first});
    tensors.push_back({"label_" + std::to_string(b),
                       "I32",
                       {samples, 8, 8, 8},
                       labels.data() + first});
  }
  std::string path = folder + "/batches.safetensors";
  EXPECT_TRUE(writeSafetensors(path, tensors, {}).ok());
  return path;
}

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_FAKERUN_H
