//===- RankConnectionTest.cpp - Ranks that do not meet --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Job.h"

#include "gmock/gmock.h"

#include <array>
#include <atomic>
#include <csignal>
#include <dlfcn.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace segc;
using testing::HasSubstr;

static constexpr const char *plugin =
    SEGC_BINARY_DIR "/unittests/FakeWaitingMessages.so";

// A library that waits for a rank which never comes is not waited for.
TEST(RankConnection, LateLibrariesAreAbandoned) {
  Job job;
  job.launcher = "mpirun";
  job.size = 2;
  Status late;
  const auto ranks = connectRanks(
      job, plugin, std::chrono::milliseconds(50), [&](const Status &failure) {
        late = failure;
        void *library = dlopen(plugin, RTLD_NOW | RTLD_NOLOAD);
        reinterpret_cast<void (*)()>(dlsym(library, "fake_messages_release"))();
        dlclose(library);
      });
  EXPECT_EQ(late.code(), StatusCode::IoError);
  EXPECT_EQ(late.message(),
            "rank 0 of 2 (mpirun): " + std::string(plugin) +
                " has not connected the ranks for 0.05 s "
                "(--collective-timeout): another rank has stopped, has ended "
                "or was not started: see what the others printed");
  EXPECT_THAT(ranks.status().message(), HasSubstr("released"));
}

static std::atomic<bool> mayEnd;

// Nor is one that waits at the end.
TEST(RankConnection, LateEndsAreAbandoned) {
  Job job;
  job.launcher = "mpirun";
  segc_messages messages = {};
  messages.size = 1;
  messages.close = [](void *) {
    while (!mayEnd)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return 0;
  };
  Communicator alone(messages, std::chrono::milliseconds(50));
  Status late;
  EXPECT_TRUE(disconnectRanks(job, alone, [&](const Status &failure) {
                late = failure;
                mayEnd = true;
              }).ok());
  EXPECT_EQ(late.message(),
            "rank 0 of 1 (mpirun): the library of the messages has not ended "
            "the connection of the ranks for 0.05 s (--collective-timeout): "
            "another rank has stopped, has ended or was not started: see what "
            "the others printed");
}

// What the ranks of this machine do can be seen.
TEST(RankConnection, StoppedRanksAreNamed) {
  Job job;
  job.launcher = "mpirun";
  job.size = job.onThisHost = 3;
  job.id = "held-up-" + std::to_string(::getpid());
  std::string name = "PMIX_NAMESPACE=" + job.id,
              rank = "OMPI_COMM_WORLD_RANK=1", size = "OMPI_COMM_WORLD_SIZE=3",
              program = "sleep", seconds = "60";
  std::array<char *, 4> environment = {name.data(), rank.data(), size.data(),
                                       nullptr};
  std::array<char *, 3> words = {program.data(), seconds.data(), nullptr};
  pid_t process = 0;
  ASSERT_EQ(::posix_spawnp(&process, "sleep", nullptr, nullptr, words.data(),
                           environment.data()),
            0);
  const std::string others = "rank 0 does not run, rank 2 does not run";
  // A process has its variables a moment after it was started.
  for (int look = 0; look < 1000 && ranksThatHoldUp(job) != others; ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(ranksThatHoldUp(job), others);
  ASSERT_EQ(::kill(process, SIGSTOP), 0);
  ASSERT_EQ(::waitpid(process, nullptr, WUNTRACED), process);
  EXPECT_EQ(ranksThatHoldUp(job), "rank 1 (process " + std::to_string(process) +
                                      ") is stopped, " + others);
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
  job.id.clear();
  EXPECT_EQ(ranksThatHoldUp(job), "");
}
