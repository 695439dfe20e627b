//===- segment.cpp - A compiled V-Net in a C++ program --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Segments a NIfTI volume with a V-Net that carries its weights (made by
// `segrun export`) and prints the volume of each class:
//
//   segment MODEL.so VOLUME.nii.gz
//
// The volume's axes must point right, anterior and superior, as those of
// data/Task04_Hippocampus do.
//
//===----------------------------------------------------------------------===//

#include "segc/model.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <zlib.h>

using nlohmann::json;

namespace {

/// Zeroed memory, aligned as kernels require.
struct Free {
  void operator()(void *memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<void, Free>;
Buffer allocate(uint64_t bytes) {
  const uint64_t rounded =
      (bytes / SEGC_ALIGNMENT + 1) * uint64_t{SEGC_ALIGNMENT};
  Buffer buffer(std::aligned_alloc(SEGC_ALIGNMENT, rounded));
  if (!buffer)
    throw std::runtime_error("not enough memory for this model");
  std::memset(buffer.get(), 0, rounded);
  return buffer;
}

/// A volume of intensities, x fastest, with the size of a voxel in mm.
struct Volume {
  std::array<int64_t, 3> size = {};
  std::array<double, 3> spacing = {};
  std::vector<float> voxels;
};

/// Reads NIfTI-1 of 8-bit, 16-bit or f32 voxels in the byte order of x86.
Volume readNifti(const char *path) {
  gzFile file = gzopen(path, "rb");
  std::array<char, 352> header = {};
  if (!file || gzread(file, header.data(), header.size()) != 352 ||
      std::memcmp(header.data() + 344, "n+1", 3) != 0)
    throw std::runtime_error(std::string(path) + ": expected a NIfTI volume");
  int16_t dimensions[8], type;
  float pixdim[8];
  std::memcpy(dimensions, header.data() + 40, sizeof(dimensions));
  std::memcpy(&type, header.data() + 70, sizeof(type));
  std::memcpy(pixdim, header.data() + 76, sizeof(pixdim));
  Volume volume;
  int64_t count = 1;
  for (int axis = 0; axis < 3; ++axis) {
    volume.size[axis] = dimensions[axis + 1];
    volume.spacing[axis] = pixdim[axis + 1];
    if (volume.size[axis] < 1 || volume.size[axis] > 2048)
      throw std::runtime_error(std::string(path) + ": unexpected size");
    count *= volume.size[axis];
  }
  const int bytes = type == 2 ? 1 : type == 4 ? 2 : type == 16 ? 4 : 0;
  std::vector<char> raw(static_cast<size_t>(count * bytes));
  if (!bytes || gzread(file, raw.data(), static_cast<unsigned>(raw.size())) !=
                    static_cast<int>(raw.size()))
    throw std::runtime_error(std::string(path) + ": unexpected type or length");
  gzclose(file);
  for (int64_t i = 0; i < count; ++i) {
    int16_t integer;
    float real;
    std::memcpy(&integer, raw.data() + i * bytes, std::min(bytes, 2));
    std::memcpy(&real, raw.data() + i * bytes, std::min(bytes, 4));
    volume.voxels.push_back(bytes == 1   ? uint8_t(raw[i])
                            : bytes == 2 ? float(integer)
                                         : real);
  }
  return volume;
}

/// Positions of the `to` samples of an axis in a grid of `from`; the first
/// voxels coincide.
struct Sample {
  int64_t low, high;
  float weight; ///< Of `high`.
};
std::vector<Sample> sampleAxis(int64_t from, int64_t to) {
  std::vector<Sample> samples;
  for (int64_t i = 0; i < to; ++i) {
    const double at =
        std::min(double(i) * double(from) / double(to), double(from - 1));
    const auto low = static_cast<int64_t>(at);
    samples.push_back(
        {low, std::min(low + 1, from - 1), float(at - double(low))});
  }
  return samples;
}

/// Interpolates linearly: calls f(position, value) for every point of the grid
/// `to`, where at(x, y, z) gives the values of the grid `from`.
template <typename At, typename F>
void resample(const std::array<int64_t, 3> &from,
              const std::array<int64_t, 3> &to, At at, F f) {
  std::vector<Sample> axes[3];
  for (int axis = 0; axis < 3; ++axis)
    axes[axis] = sampleAxis(from[axis], to[axis]);
  for (int64_t x = 0; x < to[0]; ++x)
    for (int64_t y = 0; y < to[1]; ++y)
      for (int64_t z = 0; z < to[2]; ++z) {
        const Sample &a = axes[0][x], &b = axes[1][y], &c = axes[2][z];
        float value = 0;
        for (int corner = 0; corner < 8; ++corner)
          value += (corner & 1 ? a.weight : 1 - a.weight) *
                   (corner & 2 ? b.weight : 1 - b.weight) *
                   (corner & 4 ? c.weight : 1 - c.weight) *
                   at(corner & 1 ? a.high : a.low, corner & 2 ? b.high : b.low,
                      corner & 4 ? c.high : c.low);
        f((x * to[1] + y) * to[2] + z, value);
      }
}

/// Normalizes to mean 0 and standard deviation 1.
void normalize(float *values, int64_t count) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += values[i];
  const double mean = sum / double(count);
  for (int64_t i = 0; i < count; ++i)
    squares += (values[i] - mean) * (values[i] - mean);
  const double deviation = std::sqrt(squares / double(count));
  for (int64_t i = 0; i < count; ++i)
    values[i] = float((values[i] - mean) / deviation);
}

/// The service that distributes the tasks of a kernel over all processors.
/// Results do not depend on their number.
void parallelFor(void *context, int64_t tasks, segc_task_fn function,
                 void *argument) {
  const auto workers = static_cast<uint32_t>(*static_cast<unsigned *>(context));
  std::atomic<int64_t> next = 0;
  auto work = [&](uint32_t worker) {
    for (int64_t task; (task = next++) < tasks;)
      function(argument, task, worker);
  };
  std::vector<std::thread> threads;
  for (uint32_t worker = 1; worker < workers && worker < tasks; ++worker)
    threads.emplace_back(work, worker);
  work(0);
  for (std::thread &thread : threads)
    thread.join();
}

/// A loaded model and the buffers of its calls.
class Model {
public:
  explicit Model(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
      throw std::runtime_error(dlerror());
    auto query = reinterpret_cast<segc_model_query_fn>(
        dlsym(library, "segc_model_query"));
    model = query ? query(SEGC_ABI_VERSION) : nullptr;
    if (!model || !model->predict || !model->weights)
      throw std::runtime_error(std::string(path) +
                               ": expected a model with weights; make it with "
                               "`segrun export`");
    manifest = json::parse(model->manifest);
    services.struct_size = sizeof(services);
    services.workers = workers;
    services.context = &workers;
    services.parallel_for = parallelFor;
    for (const json &version : manifest["versions"])
      for (const char *entry : {"prepare", "predict"})
        call.arena_bytes = std::max<uint64_t>(
            call.arena_bytes, version["arena_bytes"].value(entry, 0) +
                                  version.value("scratch_bytes", 0) * workers);
    arena = allocate(call.arena_bytes);
    prepared = allocate(manifest.value("prepared_bytes", 0));
    call.struct_size = sizeof(call);
    call.batch = 1;
    // The model only reads them.
    call.parameters = const_cast<void *>(model->weights);
    call.states = const_cast<void *>(model->weight_states);
    call.prepared = prepared.get();
    call.arena = arena.get();
    call.scalars = &scalars;
    if (model->prepare)
      check(model->prepare(&services, &call, &message));
  }

  /// Size of the network's input.
  std::array<int64_t, 3> grid() const {
    const json &shape = manifest["entries"]["predict"]["inputs"][0]["shape"];
    if (shape.size() != 5 || shape[4] != 1)
      throw std::runtime_error("expected a network for volumes of one channel");
    return {shape[1], shape[2], shape[3]};
  }
  std::vector<std::string> classes() const {
    return manifest["pipeline"]["class_names"];
  }

  /// Probabilities of each class at each position of one image.
  void predict(float *image, float *probabilities) {
    void *inputs[] = {image}, *outputs[] = {probabilities};
    call.input_count = call.output_count = 1;
    call.inputs = inputs;
    call.outputs = outputs;
    check(model->predict(&services, &call, &message));
  }

private:
  void check(segc_code code) const {
    if (code != SEGC_OK)
      throw std::runtime_error(message.text);
  }

  unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  const segc_model *model = nullptr;
  json manifest;
  Buffer arena, prepared;
  segc_services services = {};
  segc_scalars scalars = {};
  segc_call call = {};
  segc_message message = {};
};

void segment(const char *modelPath, const char *volumePath) {
  Model model(modelPath);
  const Volume volume = readNifti(volumePath);
  const std::array<int64_t, 3> grid = model.grid();
  const std::vector<std::string> classes = model.classes();
  const int64_t positions = grid[0] * grid[1] * grid[2];
  const auto count = static_cast<int64_t>(classes.size());

  Buffer image = allocate(positions * sizeof(float));
  auto *pixels = static_cast<float *>(image.get());
  resample(
      volume.size, grid,
      [&](int64_t x, int64_t y, int64_t z) {
        return volume.voxels[(z * volume.size[1] + y) * volume.size[0] + x];
      },
      [&](int64_t place, float value) { pixels[place] = value; });
  normalize(pixels, positions);

  Buffer output = allocate(positions * count * sizeof(float));
  auto *probabilities = static_cast<float *>(output.get());
  model.predict(pixels, probabilities);

  // Interpolates the probabilities to the grid of the volume, then takes the
  // most probable class.
  std::vector<float> best(volume.voxels.size(), -1);
  std::vector<int64_t> label(volume.voxels.size());
  for (int64_t c = 0; c < count; ++c)
    resample(
        grid, volume.size,
        [&](int64_t x, int64_t y, int64_t z) {
          return probabilities[((x * grid[1] + y) * grid[2] + z) * count + c];
        },
        [&](int64_t place, float value) {
          if (value > best[place]) {
            best[place] = value;
            label[place] = c;
          }
        });
  const double voxel =
      volume.spacing[0] * volume.spacing[1] * volume.spacing[2];
  for (int64_t c = 0; c < count; ++c)
    std::printf("%-12s %8.0f mm3\n", classes[c].c_str(),
                voxel * double(std::count(label.begin(), label.end(), c)));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: segment MODEL.so VOLUME.nii.gz\n");
    return 2;
  }
  try {
    segment(argv[1], argv[2]);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "segment: %s\n", error.what());
    return 1;
  }
  return 0;
}
