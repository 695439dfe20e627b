//===- labels.cpp - Labels of several scans, with libsegc -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   labels MODEL.so FOLDER SCAN...
//
// Predicts scans with a model that carries its weights (`segrun export`), each
// on a thread, and writes labels of the same names to a folder. The threads
// share the weights.
//
//===----------------------------------------------------------------------===//

#include <segc/segc.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Close {
  void operator()(segc_predictor *predictor) const {
    segc_close(predictor, nullptr);
  }
};
using Predictor = std::unique_ptr<segc_predictor, Close>;

Predictor open(const char *path, uint32_t threads) {
  segc_open_options options;
  segc_open_options_init(&options);
  options.threads = threads;
  segc_predictor *opened = nullptr;
  segc_error error;
  if (segc_open(path, &options, &opened, &error) != SEGC_STATUS_OK)
    throw std::runtime_error(error.text);
  return Predictor(opened);
}

void predict(segc_predictor *predictor, const std::string &scan,
             const std::string &labels) {
  segc_error error;
  const char *path = scan.c_str();
  if (segc_predict_file(predictor, &path, 1, labels.c_str(), nullptr, &error) !=
      SEGC_STATUS_OK)
    throw std::runtime_error(error.text);
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: labels MODEL.so FOLDER SCAN...\n");
    return 2;
  }
  try {
    const Predictor predictor = open(argv[1], 1);
    std::printf("%s\n", segc_describe(predictor.get()));
    std::vector<std::thread> threads;
    std::mutex output;
    int failed = 0;
    for (int i = 3; i < argc; ++i)
      threads.emplace_back([&, scan = std::string(argv[i])] {
        const std::string name =
            std::filesystem::path(scan).filename().string();
        std::string message = name + ": predicted";
        bool isWrong = false;
        try {
          predict(predictor.get(), scan, std::string(argv[2]) + "/" + name);
        } catch (const std::exception &error) {
          message = name + ": " + error.what();
          isWrong = true;
        }
        const std::lock_guard<std::mutex> lock(output);
        failed += isWrong;
        std::printf("%s\n", message.c_str());
      });
    for (std::thread &thread : threads)
      thread.join();
    return failed == 0 ? 0 : 1;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "labels: %s\n", error.what());
    return 1;
  }
}
