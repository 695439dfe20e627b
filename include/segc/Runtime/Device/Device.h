//===- Device.h - Memory, streams and launches of a device ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A device has memory of its own and runs kernels on streams. Work of one
// stream happens in the order in which it was issued; two streams run side by
// side, except where one waits for an event of the other. The host reads and
// writes the memory through copies, or directly where both share it (the host
// as a device). Every failure, lack of memory included, is a Status.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_DEVICE_H
#define SEGC_RUNTIME_DEVICE_DEVICE_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Core/AlignedBuffer.h"
#include "segc/Runtime/Core/ProgramRanges.h"
#include "segc/Runtime/Core/SharedBuffer.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/model_tables.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace segc {

/// An address in a device's memory, as its kernels take it. The host must not
/// dereference it.
struct DeviceAddress {
  uint64_t value = 0;

  DeviceAddress operator+(uint64_t bytes) const { return {value + bytes}; }
  explicit operator bool() const { return value != 0; }
  /// As the C interface of models and kernels passes it.
  void *asPointer() const { return reinterpret_cast<void *>(value); }
  static DeviceAddress of(const void *pointer) {
    return {reinterpret_cast<uint64_t>(pointer)};
  }
};

/// One allocation of a device. Its destructor frees the memory.
class DeviceMemory {
public:
  virtual ~DeviceMemory() = default;
  virtual DeviceAddress address() const = 0;
  /// Returns the host's address of the bytes; null if the host has none.
  virtual std::byte *hostData() const { return nullptr; }
  /// Returns whether the guards around the bytes are unchanged; true without
  /// guards.
  virtual bool intact() const { return true; }
  /// Returns the memory if other processes can map it, else null.
  virtual const SharedBuffer *shared() const { return nullptr; }
};

/// Memory of a device, which is zeroed by the allocation. An empty buffer has
/// no address.
class DeviceBuffer {
public:
  DeviceBuffer() = default;
  DeviceBuffer(std::unique_ptr<DeviceMemory> memory, uint64_t bytes)
      : memory(std::move(memory)), bytes(bytes) {}

  uint64_t size() const { return bytes; }
  DeviceAddress address() const {
    return memory ? memory->address() : DeviceAddress();
  }
  bool intact() const { return !memory || memory->intact(); }
  /// Returns the memory if other processes can map it, else null.
  const SharedBuffer *shared() const {
    return memory ? memory->shared() : nullptr;
  }

  /// Returns the bytes if the host shares the memory, else null.
  std::byte *hostData() const { return memory ? memory->hostData() : nullptr; }
  float *hostFloats() const { return reinterpret_cast<float *>(hostData()); }

private:
  std::unique_ptr<DeviceMemory> memory;
  uint64_t bytes = 0;
};

/// Bytes of a device for the host to read: the memory itself if the host shares
/// it, else a copy.
class HostView {
public:
  HostView() = default;
  HostView(const std::byte *shared, uint64_t bytes)
      : bytes(shared), count(bytes) {}
  explicit HostView(AlignedBuffer &&copied)
      : copy(std::move(copied)), bytes(copy.data()), count(copy.size()) {}

  const std::byte *data() const { return bytes; }
  uint64_t size() const { return count; }
  const float *floats() const { return reinterpret_cast<const float *>(bytes); }
  uint64_t floatCount() const { return count / sizeof(float); }

private:
  AlignedBuffer copy;
  const std::byte *bytes = nullptr;
  uint64_t count = 0;
};

/// A queue of work. It belongs to the device that created it, as do the classes
/// below.
class Stream {
public:
  virtual ~Stream() = default;
};

/// A point in a stream's work that another stream can wait for.
class Event {
public:
  virtual ~Event() = default;
};

/// Recorded work that can be issued again as a whole.
class Graph {
public:
  virtual ~Graph() = default;
};

/// One launch of a kernel, or call of a library, for a number of samples.
struct KernelLaunch {
  const segc_command *command = nullptr; ///< outlives the launch
  void *const *operands = nullptr;       ///< an address for each operand
  DeviceAddress scratch;                 ///< `scratchBytes` for each worker
  uint64_t scratchBytes = 0;
  int64_t batch = 1;
  /// A rank runs a part of a sharded launch.
  int64_t rank = 0, ranks = 1;

  int64_t firstTask() const { return segc_first_of(allTasks(), rank, ranks); }
  int64_t tasks() const {
    return segc_first_of(allTasks(), rank + 1, ranks) - firstTask();
  }

private:
  int64_t allTasks() const {
    return command->tasks_fixed + command->tasks_per_sample * batch;
  }
};

/// Values that are rounded or widened from one type to another: f32, f16 or
/// bf16 of segc_element.
struct Conversion {
  uint32_t from, to;
  uint64_t count;

  bool operator<(const Conversion &other) const {
    return std::tie(from, to, count) <
           std::tie(other.from, other.to, other.count);
  }
};

/// Becomes (to + from) / divisor: `count` f32 of each, and one divisor, all in
/// the memory of a device.
struct Accumulation {
  DeviceAddress to, from, divisor;
  uint64_t count;
};

class Device {
public:
  /// `pool` has the threads of the host that work for the device.
  explicit Device(ThreadPool &pool) : pool(&pool) {}
  virtual ~Device() = default;
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  /// Whether a kernel may begin before the one in front of it has ended where
  /// the model says so (SEGC_LAUNCH_DEPENDENT). It may, until this forbids it.
  void allowDependentLaunches(bool isAllowed) { dependentLaunches = isAllowed; }

  virtual std::string name() const = 0;
  /// Returns which versions of a model are for the device.
  virtual segc_device kind() const { return SEGC_DEVICE_HOST; }
  /// Returns whether the device runs a version of a model that is for devices
  /// of its kind; the error says what it lacks.
  virtual Status supports(const segc_version &version) const {
    return Status::success();
  }
  /// Loads the kernels of a version, which outlives the device. Needed once
  /// before they are launched.
  virtual Status load(const segc_version &version) { return Status::success(); }
  ThreadPool &threadPool() const { return *pool; }
  /// Returns whether the host and kernels use the same addresses.
  virtual bool sharesHostMemory() const = 0;
  /// Returns the number of tasks that run at a time; each needs scratch memory.
  virtual unsigned workers() const = 0;

  /// `what` names the buffer in errors. With guards, intact() of the buffer
  /// returns later whether all writes were within its bounds.
  virtual StatusOr<DeviceBuffer> allocate(uint64_t bytes, const char *what,
                                          bool guards = false) = 0;
  /// Allocates memory that other processes can map where the device has such,
  /// without guards.
  virtual StatusOr<DeviceBuffer> allocateShared(uint64_t bytes,
                                                const char *what, bool guards) {
    return allocate(bytes, what, guards);
  }
  /// Allocates addresses for `bytes` and memory for the ranges of them that are
  /// `used`: what lies between need not have any, and nobody may access it.
  virtual StatusOr<DeviceBuffer>
  allocateParts(uint64_t bytes, const std::vector<ByteRange> &used,
                const char *what) {
    return allocate(bytes, what, /*guards=*/false);
  }
  /// Returns the bytes of memory that allocateParts() takes.
  virtual StatusOr<uint64_t>
  bytesOfParts(uint64_t bytes, const std::vector<ByteRange> &used) const {
    return bytes;
  }
  /// Allocates memory of the host, zeroed, that copies from and to the device
  /// are fastest with: hostData() of the buffer.
  virtual StatusOr<DeviceBuffer> allocateStaging(uint64_t bytes,
                                                 const char *what);
  /// Returns the bytes that can be allocated; nothing if nobody knows.
  virtual StatusOr<std::optional<uint64_t>> freeBytes() const {
    return std::optional<uint64_t>();
  }

  virtual StatusOr<std::unique_ptr<Stream>> createStream() = 0;
  virtual StatusOr<std::unique_ptr<Event>> createEvent() = 0;
  virtual Status record(Event &event, Stream &stream) = 0;
  /// Work that is issued to `stream` from now on begins after `event`.
  virtual Status wait(Stream &stream, const Event &event) = 0;
  /// Waits until the stream has no work left, and returns its first failure.
  virtual Status synchronize(Stream &stream) = 0;

  // Memory of the host must not change until the stream has done the copy.
  virtual Status copyToDevice(Stream &stream, DeviceAddress to,
                              const void *from, uint64_t bytes) = 0;
  /// Copies memory that may change at once to the device, by way of as many
  /// bytes of staging memory, which must not change until the stream has done
  /// the copy. The device's threads take part.
  Status copyThroughStaging(Stream &stream, DeviceAddress to, void *staging,
                            const void *from, uint64_t bytes);
  virtual Status copyToHost(Stream &stream, void *to, DeviceAddress from,
                            uint64_t bytes) = 0;
  virtual Status copyOnDevice(Stream &stream, DeviceAddress to,
                              DeviceAddress from, uint64_t bytes) = 0;

  virtual Status launch(Stream &stream, const KernelLaunch &launch) = 0;
  /// Enqueues work, waits for it, and returns the seconds that it took; `what`
  /// is said in an error.
  virtual StatusOr<double> measure(Stream &stream, const std::string &what,
                                   const std::function<Status()> &enqueue);
  /// Launches a kernel, waits for it, and returns the seconds that it took.
  StatusOr<double> launchTimed(Stream &stream, const KernelLaunch &launched);
  /// Makes everything ready that a library needs for a call with `batch`
  /// samples, memory included: needed before the call, outside of a recording.
  /// Returns false if the device launches the alternatives of the command
  /// instead, which are the next of its program.
  virtual StatusOr<bool> prepareCall(const segc_command &command,
                                     int64_t batch);
  /// Calls the function of a library that a command names.
  virtual Status call(Stream &stream, const KernelLaunch &call);
  /// Has `work` enqueue on a stream what others do with the device's memory,
  /// given the stream's handle (CUstream). Devices that do their work when it
  /// is issued have no handle: they call `work`, which waits for what it does,
  /// whenever it is its turn, so each time that a recording is replayed.
  virtual Status enqueueWork(Stream &stream,
                             std::function<Status(void *handle)> work);
  /// Makes a conversion ready: needed before it, outside of a recording.
  virtual Status prepareConversion(const Conversion &conversion);
  virtual Status convert(Stream &stream, const Conversion &conversion,
                         DeviceAddress to, DeviceAddress from);
  /// Makes accumulate() ready: needed before it, outside of a recording.
  virtual Status prepareAccumulation();
  /// Adds values, rounding as the host does.
  virtual Status accumulate(Stream &stream, const Accumulation &accumulation);
  /// Sets what looks after work of others while the host waits for a stream,
  /// and once it has waited. An error ends the wait.
  void setWatch(std::function<Status(bool hasEnded)> newWatch) {
    watch = std::move(newWatch);
  }
  /// Ends a step by the rule of segc_scalars; `finite` is an f32.
  virtual Status advanceScalars(Stream &stream, DeviceAddress finite,
                                DeviceAddress scalars) = 0;

  /// Until endCapture, work of `stream` and of streams that wait for its events
  /// is recorded instead of done.
  virtual Status beginCapture(Stream &stream) = 0;
  virtual StatusOr<std::unique_ptr<Graph>> endCapture(Stream &stream) = 0;
  virtual Status replay(const Graph &graph, Stream &stream) = 0;

  /// Returns the bytes at an address, or of a buffer, after the work of
  /// `stream`.
  StatusOr<HostView> read(Stream &stream, DeviceAddress from, uint64_t bytes);
  StatusOr<HostView> read(Stream &stream, const DeviceBuffer &buffer) {
    return read(stream, buffer.address(), buffer.size());
  }
  /// Writes a part of `buffer` and waits until it is there.
  Status write(Stream &stream, const DeviceBuffer &buffer, uint64_t offset,
               const void *from, uint64_t bytes);

protected:
  bool mayDepend(const segc_command &command) const {
    return dependentLaunches && command.launch_flags & SEGC_LAUNCH_DEPENDENT;
  }

  std::function<Status(bool hasEnded)> watch; ///< May be empty.

private:
  ThreadPool *pool;
  bool dependentLaunches = true;
};

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_DEVICE_H
