//===- Block.h - Threads of an emulated block -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_BLOCK_H
#define SEGC_LIB_RUNTIME_EMULATOR_BLOCK_H

#include "Fiber.h"
#include "GlobalAccesses.h"
#include "Mbarriers.h"
#include "SharedMemory.h"
#include "TensorCopies.h"
#include "Wgmma.h"
#include "segc/Runtime/Emulator/Emulator.h"
#include "segc/emulator.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace segc {

class Block;
class Cluster;

/// A cp.async that has been issued.
struct AsyncCopy {
  std::byte *to;
  const std::byte *from;
  uint32_t bytes, sourceBytes;
  void land() const;
};

struct EmulatedThread : segc_emulator_thread {
  enum class State {
    Ready,
    AtBarrier,
    AtCluster,
    AtWarpOp,
    AtMbarrier,
    AtWgmma,
    Ended
  };

  Block *block = nullptr;
  State state = State::Ready;
  std::unique_ptr<FiberStack> stack; ///< While it runs.
  FiberContext context;
  // What it waits for.
  const char *op = "";
  uint32_t place = 0; ///< Barrier, address of an mbarrier, or warpgroup.
  uint32_t lanes = 0;
  void *arguments = nullptr; ///< Of its part in an operation of the warp.
  // Asynchronous copies that are under way, the oldest first, and how many each
  // group has. Those behind the last group are not committed.
  std::vector<AsyncCopy> copies;
  std::vector<size_t> copyGroups;
  TensorStores tensorStores;
  WgmmaThread wgmma;
  /// Whether it has not waited yet for the kernel in front of its launch.
  bool awaitsLaunch = false;
  bool triesInVain = false; ///< Whether its last try of an mbarrier was.
  /// Whether it has arrived at a barrier of the cluster and not waited yet.
  bool hasArrivedAtCluster = false;
  uint32_t clusterBarrier = 0; ///< At which it has arrived last.
};

/// Runs one block after another on one thread of the host, alone or by turns
/// with others of its cluster.
class Block {
public:
  static constexpr uint32_t warpThreads = 32;

  void begin(const EmulatedLaunch &newLaunch, int64_t number,
             const EmulatorOptions &newOptions, Cluster &newCluster);
  /// Lets the warps run one after the other until no thread can go on, in
  /// random schedules a while. Returns whether any thread ran.
  bool runWarps();
  bool hasFailed() const { return !failure.ok(); }
  bool hasEnded() const;
  /// What is wrong once no thread of the cluster can go on.
  Status end();

  Cluster &cluster() const { return *currentCluster; }
  int64_t getNumber() const { return number; }
  /// A number below a bound.
  uint64_t random(uint64_t below);
  const EmulatedLaunch &launch() const { return *currentLaunch; }
  const EmulatorOptions &options() const { return currentOptions; }
  SharedMemory shared;
  GlobalAccesses global;
  Mbarriers mbarriers;
  std::vector<Warpgroup> warpgroups;
  std::vector<TensorMap> maps;

  /// Ends the block with the error that `describe` returns. Does not return,
  /// and leaves the thread's stack as it is: callers have nothing on it that
  /// must be destroyed.
  template <typename Describe>
  [[noreturn]] void fail(EmulatedThread &thread, const char *op,
                         Describe &&describe) {
    setFailure(thread, op, describe());
    abandon(thread);
  }
  /// Waits at a barrier of so many threads of the block; 0: all.
  void waitAtBarrier(EmulatedThread &thread, uint32_t barrier, uint32_t count,
                     const char *op);
  /// Waits until the threads in a state for the same place are woken.
  void waitFor(EmulatedThread &thread, EmulatedThread::State state,
               uint32_t place, const char *op);
  void wakeWaiting(EmulatedThread::State state, uint32_t place);
  /// Ends a thread from within.
  [[noreturn]] void leave(EmulatedThread &thread);
  /// An agent accesses shared memory on behalf of the thread.
  void actFor(uint32_t agent, const EmulatedThread &thread);
  /// Waits for the lanes of the mask. The last to come calls
  /// `operation(threads)` with a pointer to the first thread of the warp.
  template <typename Operation>
  void together(EmulatedThread &thread, uint32_t lanes, const char *op,
                void *arguments, Operation &&operation) {
    thread.arguments = arguments;
    if (EmulatedThread *warp = arriveAtWarpOp(thread, lanes, op)) {
      operation(warp);
      releaseLanes(warp, lanes);
    } else {
      stop(thread);
    }
  }

  /// Checks an access to shared memory and notes it.
  void checkShared(EmulatedThread &thread, const void *address, uint32_t bytes,
                   uint32_t alignment, bool isStore, const char *op);
  /// Checks a load of another block's thread, and notes it.
  void checkLoadOfCluster(EmulatedThread &other, const void *address,
                          uint32_t bytes, uint32_t alignment, const char *op);
  /// Waits for the kernel in front of a dependent launch; checks that the
  /// thread has done so.
  void waitForLaunch(EmulatedThread &thread);
  void checkLaunchWait(EmulatedThread &thread, const char *op);
  /// Checks an access to an operand, or to any; checkGlobal counts it as well.
  void checkBounds(EmulatedThread &thread, const void *address, uint64_t bytes,
                   uint32_t alignment, bool isStore, uint32_t operand,
                   const char *op);
  void checkGlobal(EmulatedThread &thread, const void *address, uint64_t bytes,
                   uint32_t alignment, bool isStore, uint32_t operand,
                   const char *op);
  /// Compares an access with those of the launch before, if these are noted.
  void checkConflicts(EmulatedThread &thread, const void *address,
                      uint64_t bytes, bool isStore, const char *op);

private:
  void reset(int64_t number);
  void setObserved(EmulatedThread &thread, bool awaitsLaunch);
  void makeMaps();
  void runThread(EmulatedThread &thread);
  void runWarp(uint32_t warp);
  static void enter(void *thread);
  void setFailure(const EmulatedThread &thread, const char *op,
                  const std::string &what);
  [[noreturn]] void abandon(EmulatedThread &thread);
  std::string describePlace(const EmulatedThread &thread, int64_t at,
                            uint32_t bytes, bool isStore) const;
  void checkPlace(EmulatedThread &thread, int64_t at, uint32_t bytes,
                  uint32_t alignment, bool isStore, const char *op);
  void stop(EmulatedThread &thread);
  EmulatedThread *arriveAtWarpOp(EmulatedThread &thread, uint32_t lanes,
                                 const char *op);
  void releaseLanes(EmulatedThread *warp, uint32_t lanes);
  std::string describeStandstill();
  std::string describeUnfinished() const;
  void setState(EmulatedThread &thread, EmulatedThread::State state);

  /// Lanes, as masks.
  struct Warp {
    uint32_t ready = 0, atWarpOp = 0;
  };
  struct Barrier {
    uint32_t arrived = 0, threads = 0;
  };
  static constexpr uint32_t barrierCount = 16;

  const EmulatedLaunch *currentLaunch = nullptr;
  EmulatorOptions currentOptions;
  Cluster *currentCluster = nullptr;
  int64_t number = 0;
  std::vector<EmulatedThread> threads;
  std::vector<Warp> warps;
  std::vector<uint32_t> warpOrder; ///< In which they run.
  std::array<Barrier, barrierCount> barriers;
  std::vector<std::unique_ptr<FiberStack>> freeStacks;
  FiberContext scheduler;
  std::vector<void *> buffers;    ///< Operands, then tensor maps.
  ThreadOrder::Release actingFor; ///< What an agent's thread knows.
  uint64_t randomState = 1;
  Status failure;
};

/// What kernels call (emulator.h), by family.
const segc_emulator_functions &emulatorFunctions();
void addAccessFunctions(segc_emulator_functions &functions);
void addClusterFunctions(segc_emulator_functions &functions);
void addWarpFunctions(segc_emulator_functions &functions);
void addMatrixFunctions(segc_emulator_functions &functions);
void addCopyFunctions(segc_emulator_functions &functions);
void addMbarrierFunctions(segc_emulator_functions &functions);
void addTensorCopyFunctions(segc_emulator_functions &functions);
void addWgmmaFunctions(segc_emulator_functions &functions);

inline EmulatedThread &emulated(segc_emulator_thread *thread) {
  return static_cast<EmulatedThread &>(*thread);
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_BLOCK_H
