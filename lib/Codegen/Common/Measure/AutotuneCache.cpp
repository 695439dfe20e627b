//===- AutotuneCache.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AutotuneCache.h"

#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Json.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"
#include <cmath>

using namespace mlir;

namespace segc {

static constexpr int64_t cacheFormat = 1;
static constexpr uint64_t maxBytes = 1 << 20;

/// Identifies the compiler by the hash of its program, because the version
/// number does not change whenever an emitter does.
static std::string compilerIdentity() {
  std::string identity = "LLVM " LLVM_VERSION_STRING ", segc ";
  auto program = llvm::MemoryBuffer::getFile(
      llvm::sys::fs::getMainExecutable(nullptr, nullptr));
  return program
             ? identity +
                   llvm::utohexstr(llvm::xxh3_64bits((*program)->getBuffer()))
             : identity + "unknown";
}

AutotuneSubject::AutotuneSubject(seg::FusionOp fusion,
                                 const StrategyContext &context,
                                 unsigned threads,
                                 ArrayRef<seg::StrategyAttr> candidates)
    : target(context.target.version->name),
      processor(context.target.backend->deviceName()),
      kernel(kernelKey(fusion)), threads(threads),
      constantOperand(context.constantOperand) {
  static const std::string identity = compilerIdentity();
  compiler = identity;
  for (seg::StrategyAttr strategy : candidates)
    llvm::raw_string_ostream(strategies.emplace_back()) << strategy;
}

std::string AutotuneSubject::key() const {
  Sha256 hash;
  auto add = [&](const std::string &part) {
    hash.update(std::to_string(part.size()) + ":" + part);
  };
  for (const std::string &part :
       {std::to_string(cacheFormat), target, processor, compiler, kernel,
        std::to_string(threads), std::to_string(constantOperand)})
    add(part);
  for (const std::string &strategy : strategies)
    add(strategy);
  return hash.hexDigest();
}

static std::string pathOf(const std::string &folder, const std::string &key) {
  return folder + "/" + key + ".json";
}

StatusOr<std::vector<double>> readTimes(const std::string &folder,
                                        const AutotuneSubject &subject) {
  std::string key = subject.key(), path = pathOf(folder, key);
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, maxBytes));
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, path));
  Status status;
  JsonReader reader(json, path, status);
  reader.integer("format", cacheFormat, cacheFormat);
  if (reader.string("key") != key)
    reader.fail("expected another key");
  std::vector<double> seconds;
  std::vector<std::string> strategies;
  reader.forEach("candidates", [&](JsonReader candidate) {
    strategies.push_back(candidate.string("strategy"));
    seconds.push_back(candidate.number("seconds"));
    if (!(seconds.back() > 0))
      candidate.fail("expected a time above 0");
  });
  if (strategies != subject.strategies)
    reader.fail("expected other strategies");
  SEGC_RETURN_IF_ERROR(status);
  return seconds;
}

Status writeTimes(const std::string &folder, const AutotuneSubject &subject,
                  const std::vector<double> &seconds) {
  OrderedJson json = {{"format", cacheFormat},
                      {"key", subject.key()},
                      {"target", subject.target},
                      {"processor", subject.processor},
                      {"threads", subject.threads},
                      {"compiler", subject.compiler},
                      {"kernel", subject.kernel},
                      {"constant_operand", subject.constantOperand},
                      {"candidates", OrderedJson::array()}};
  for (auto [strategy, time] : llvm::zip_equal(subject.strategies, seconds))
    json["candidates"].push_back({{"strategy", strategy}, {"seconds", time}});
  return writeFileAtomically(pathOf(folder, subject.key()),
                             json.dump(2) + "\n");
}

} // namespace segc
