//===- AutotuneCache.h - Cache of measured strategies -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_COMMON_MEASURE_AUTOTUNECACHE_H
#define SEGC_LIB_CODEGEN_COMMON_MEASURE_AUTOTUNECACHE_H

#include "segc/Base/Status.h"
#include "segc/Target/TargetBackend.h"
#include <vector>

namespace segc {

/// Everything on which the times of a kernel's strategies depend.
struct AutotuneSubject {
  AutotuneSubject(seg::FusionOp fusion, const StrategyContext &context,
                  unsigned threads,
                  llvm::ArrayRef<seg::StrategyAttr> candidates);

  std::string target, processor, compiler, kernel;
  unsigned threads;
  bool constantOperand;
  std::vector<std::string> strategies;

  /// Returns a hash of all fields. Subjects with the same key have the same
  /// times.
  std::string key() const;
};

/// Reads the times of a subject from a folder; NotFound if it was not measured.
StatusOr<std::vector<double>> readTimes(const std::string &folder,
                                        const AutotuneSubject &subject);
Status writeTimes(const std::string &folder, const AutotuneSubject &subject,
                  const std::vector<double> &seconds);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_COMMON_MEASURE_AUTOTUNECACHE_H
