//===- CudaDevice.h - A GPU of NVIDIA ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDADEVICE_H

#include "CudaKernels.h"
#include "Cudnn/CudnnCalls.h"
#include "segc/Runtime/Device/CudaDevice.h"

#include <array>
#include <functional>
#include <map>
#include <vector>

namespace segc::cuda {

/// What follows keeps its context, because it may outlive the device.
struct CudaStream : Stream {
  explicit CudaStream(std::shared_ptr<const CudaContext> context)
      : context(std::move(context)) {}
  ~CudaStream() override;
  std::shared_ptr<const CudaContext> context;
  StreamHandle handle = nullptr;
  /// Whether the last that was enqueued is a kernel of a model.
  bool endsInKernel = false;
};

struct CudaEvent : Event {
  explicit CudaEvent(std::shared_ptr<const CudaContext> context)
      : context(std::move(context)) {}
  ~CudaEvent() override;
  std::shared_ptr<const CudaContext> context;
  EventHandle handle = nullptr;
};

class CudaDevice : public Device {
public:
  CudaDevice(ThreadPool &pool, std::shared_ptr<CudaContext> context,
             std::unique_ptr<CudaKernels> advance);
  ~CudaDevice() override;

  std::string name() const override { return context->name(); }
  segc_device kind() const override { return SEGC_DEVICE_CUDA; }
  Status supports(const segc_version &version) const override {
    return CudaKernels::supports(*context, version);
  }
  Status load(const segc_version &version) override;
  bool sharesHostMemory() const override { return false; }
  /// Kernels of a GPU have no scratch memory.
  unsigned workers() const override { return 1; }

  StatusOr<DeviceBuffer> allocate(uint64_t bytes, const char *what,
                                  bool guards) override;
  /// Memory for the granules that overlap what is used, where the GPU has
  /// virtual memory; else for all of it.
  StatusOr<DeviceBuffer> allocateParts(uint64_t bytes,
                                       const std::vector<ByteRange> &used,
                                       const char *what) override;
  StatusOr<uint64_t>
  bytesOfParts(uint64_t bytes,
               const std::vector<ByteRange> &used) const override;
  StatusOr<DeviceBuffer> allocateStaging(uint64_t bytes,
                                         const char *what) override;
  StatusOr<std::optional<uint64_t>> freeBytes() const override;

  StatusOr<std::unique_ptr<Stream>> createStream() override;
  StatusOr<std::unique_ptr<Event>> createEvent() override;
  Status record(Event &event, Stream &stream) override;
  Status wait(Stream &stream, const Event &event) override;
  Status synchronize(Stream &stream) override;

  Status copyToDevice(Stream &stream, DeviceAddress to, const void *from,
                      uint64_t bytes) override;
  Status copyToHost(Stream &stream, void *to, DeviceAddress from,
                    uint64_t bytes) override;
  Status copyOnDevice(Stream &stream, DeviceAddress to, DeviceAddress from,
                      uint64_t bytes) override;

  Status launch(Stream &stream, const KernelLaunch &launch) override;
  StatusOr<double> measure(Stream &stream, const std::string &what,
                           const std::function<Status()> &enqueue) override;
  /// The library is "cudnn", with a convolution as options (Cudnn).
  StatusOr<bool> prepareCall(const segc_command &command,
                             int64_t batch) override;
  Status call(Stream &stream, const KernelLaunch &call) override;
  Status enqueueWork(Stream &stream,
                     std::function<Status(void *handle)> work) override;
  Status prepareConversion(const Conversion &conversion) override;
  Status convert(Stream &stream, const Conversion &conversion, DeviceAddress to,
                 DeviceAddress from) override;
  Status prepareAccumulation() override;
  Status accumulate(Stream &stream, const Accumulation &accumulation) override;
  Status advanceScalars(Stream &stream, DeviceAddress finite,
                        DeviceAddress scalars) override;

  Status beginCapture(Stream &stream) override;
  StatusOr<std::unique_ptr<Graph>> endCapture(Stream &stream) override;
  Status replay(const Graph &graph, Stream &stream) override;

  /// Kernels that were launched and may not have ended. The driver does not say
  /// which of them failed.
  struct Launched {
    const segc_command *first = nullptr, *last = nullptr;
    uint64_t count = 0;

    void add(const Launched &more) {
      first = count ? first : more.first;
      last = more.count ? more.last : last;
      count += more.count;
    }
    std::string text() const;
  };

  /// Returns the handle for work that is no launch of a model's kernel. The
  /// next launch is an ordinary one.
  static StreamHandle handleForWork(Stream &stream) {
    auto &own = static_cast<CudaStream &>(stream);
    own.endsInKernel = false;
    return own.handle;
  }

private:
  const CudaDriver &driver() const { return context->driver(); }
  static EventHandle handleOf(const Event &event) {
    return static_cast<const CudaEvent &>(event).handle;
  }
  Status check(Result result, const std::string &what) const;
  /// Waits until a stream has no work left, or is not to be waited for.
  Status waitFor(StreamHandle stream);
  Status openCudnn();
  Status loadPermuteFilter();
  /// Loads a kernel of the runtime, once.
  Status loadOwn(const char *ptx, const segc_command &command);
  /// The error of an allocation that the driver answered so.
  Status allocationError(Result answered, uint64_t bytes,
                         const char *what) const;
  /// Refuses what would end a recording.
  Status checkNotRecording(const char *what) const;

  std::shared_ptr<CudaContext> context;
  std::vector<std::unique_ptr<CudaKernels>> loaded;
  std::vector<const segc_version *> versions; ///< those that were loaded
  std::unique_ptr<cudnn::CudnnCalls> calls;   ///< null until there is one
  std::optional<Status> noCudnn;              ///< why there is none
  /// What the kernel of a conversion reads.
  std::map<Conversion, DeviceBuffer> conversions;
  std::array<std::unique_ptr<Event>, 2> timers; ///< around a measured launch
  Launched running;
  std::optional<Launched> recorded; ///< set while a graph is captured
};

struct CudaGraph : Graph {
  explicit CudaGraph(std::shared_ptr<const CudaContext> context)
      : context(std::move(context)) {}
  ~CudaGraph() override;
  std::shared_ptr<const CudaContext> context;
  GraphExecHandle handle = nullptr;
  CudaDevice::Launched launched;
};

} // namespace segc::cuda

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
