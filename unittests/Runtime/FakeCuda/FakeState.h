//===- FakeState.h - State of the fake CUDA driver --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKESTATE_H
#define SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKESTATE_H

#include "../../../lib/Runtime/Device/Cuda/CudaDriver.h"
#include "FakeCuda.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace fakecuda {

using namespace segc::cuda;

/// Errors of the driver that the runtime needs no name for.
enum : Result {
  NotInitialized = 3,
  InvalidDevice = 101,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  InvalidHandle = 400,
  IllegalState = 401,
  IllegalAddress = 700,
  LaunchFailed = 719,
  CaptureUnsupported = 900,
  CaptureInvalidated = 901,
  CaptureUnmatched = 903,
  CaptureUnjoined = 904,
  CaptureIsolation = 905,
};

using Operation = std::function<Result()>;

struct Stream;

/// Work that is recorded. The order of the calls is right for a replay; the
/// clocks say what each stream knows of the others, so that one that nobody
/// waits for is found.
struct Capture {
  using Clock = std::map<Stream *, size_t>;
  Stream *origin = nullptr;
  bool invalid = false;
  std::vector<Operation> operations;
  std::map<Stream *, Clock> clocks;
};

struct Stream {
  /// Something to do, or a wait for the first `position` of another stream.
  struct Item {
    Operation operation;
    Stream *awaited;
    size_t position;
  };
  std::vector<Item> items;
  size_t done = 0;
  bool endsInKernel = false; ///< the last that was enqueued or recorded
  std::shared_ptr<Capture> capture;
};

struct Event {
  Stream *stream = nullptr;
  size_t position = 0;
  double milliseconds = 0;
  bool hasTime = false;
  std::shared_ptr<Capture> capture; ///< recorded in it
  Capture::Clock clock;
};

struct Graph {
  std::vector<Operation> operations;
};

/// A tensor of which a kernel copies boxes.
struct TensorMapOfTensor {
  MemoryHandle address;
  segc_tensor_map shape; ///< But operand and offset.
};

struct Function {
  std::string name;
  size_t parameters = 0; ///< without tensor maps, which follow
  size_t maps = 0;
  unsigned dynamicLimit = 48 * 1024;
};

struct Module {
  std::map<std::string, Function> functions;
};

/// Handles of one kind, which are the addresses of what they stand for.
template <typename T, typename Handle>
struct Table {
  std::map<T *, std::unique_ptr<T>> all;

  Handle add(std::unique_ptr<T> value) {
    T *address = value.get();
    all[address] = std::move(value);
    return reinterpret_cast<Handle>(address);
  }
  T *find(Handle handle) const {
    auto found = all.find(reinterpret_cast<T *>(handle));
    return found == all.end() ? nullptr : found->first;
  }
  bool remove(Handle handle) {
    return all.erase(reinterpret_cast<T *>(handle)) > 0;
  }
};

struct Driver {
  Driver() = default;
  ~Driver(); ///< frees what a fault kept from being freed
  Driver(const Driver &) = delete;

  Machine machine;
  bool initialised = false;
  /// A function that stands for a kernel.
  struct HostKernel {
    segc_kernel_fn function = nullptr;
    bool takesFirstTask = false; ///< behind the batch
  };
  std::map<std::string, HostKernel> kernels;
  void *kernelLibrary = nullptr;              ///< has kernels by their names
  std::map<std::string, HostKernel> emulated; ///< those of a model
  std::map<std::pair<std::string, int>, Result> failingCalls, failingKernels;
  std::map<std::string, int> callCounts, launchCounts, dependentCounts;
  std::map<std::string, std::pair<unsigned, unsigned>> shapes;
  std::vector<std::string> loadedModules, misuses;
  /// The answer of every call after a fault of a kernel.
  Result fault = Success;
  int contexts = 0;           ///< that are retained
  double milliseconds = 0;    ///< of the device's clock
  Capture *capture = nullptr; ///< of this thread

  struct Allocation {
    std::vector<unsigned char> bytes;
  };
  std::map<MemoryHandle, Allocation> memory;
  /// Addresses, and the memory of parts of them (FakeVirtualMemory.cpp).
  struct Reservation {
    struct Mapping {
      uint64_t bytes = 0;
      PhysicalHandle memory = 0;
      bool isAccessible = false;
    };
    unsigned char *host = nullptr;
    uint64_t bytes = 0;
    std::map<uint64_t, Mapping> mappings; ///< by their offsets
    bool hasMemory(uint64_t begin, uint64_t end) const;
  };
  std::map<MemoryHandle, Reservation> reservations;
  struct Physical {
    uint64_t bytes = 0;
    bool isNamed = false, isMapped = false;
  };
  std::map<PhysicalHandle, Physical> physical;
  std::set<void *> pinned;
  uint64_t used = 0;
  Table<Stream, StreamHandle> streams;
  Table<Event, EventHandle> events;
  Table<Graph, GraphHandle> graphs;
  Table<Graph, GraphExecHandle> executables;
  Table<Module, ModuleHandle> modules;
  std::vector<TensorMapOfTensor> tensorMaps; ///< all that were encoded

  /// Begins a call: counts it and returns what it must answer, if not Success.
  Result enter(const char *function, bool needsContext = true);
  /// Notes a wrong use, also on the standard error of a program that cannot
  /// ask for it, and returns `code`.
  Result misuse(const std::string &text, Result code);
  /// Returns new addresses of the device.
  static MemoryHandle takeAddresses(uint64_t bytes);
  /// Returns the host's address of bytes of the device; null if they are not in
  /// one allocation, or have no memory.
  unsigned char *translate(MemoryHandle address, size_t bytes);
  /// Returns that of an operand, whose first byte need not have memory.
  unsigned char *translateOperand(MemoryHandle address);
  /// Returns the reserved addresses that one is of, and where it is in them;
  /// null if there are none.
  Reservation *reservationOf(MemoryHandle address, uint64_t &offset);
  /// Returns the bytes from an address to the end of its allocation.
  uint64_t bytesFrom(MemoryHandle address);
  /// Enqueues or records.
  Result submit(Stream &stream, Operation operation);
  /// Does the work up to `position`, or until some of it is not ready.
  void runUntil(Stream &stream, size_t position);
  /// Does all work of the stream, and waits for what is not ready.
  void finish(Stream &stream);
  /// Refuses what is forbidden while this thread records.
  Result refuseCapture(const char *function);
};

Driver &driver();
/// The tensor map that a parameter is; nothing, and a misuse, if it is none.
std::optional<TensorMapOfTensor> tensorMapOf(const void *parameter);
/// The context that every device has.
ContextHandle theContext();

// The entry points, which cuGetProcAddress_v2 returns.
#define SEGC_CUDA_FUNCTION(name, ...) name##Function name;
#include "../../../lib/Runtime/Device/Cuda/DriverFunctions.def"

/// Begins an entry point.
#define FAKE_ENTER(...)                                                        \
  if (const Result entered_ = driver().enter(__func__, ##__VA_ARGS__))         \
  return entered_

} // namespace fakecuda

#endif // SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKESTATE_H
