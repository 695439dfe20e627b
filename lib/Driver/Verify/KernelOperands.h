//===- KernelOperands.h - Memory of a kernel's operands ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_VERIFY_KERNELOPERANDS_H
#define SEGC_LIB_DRIVER_VERIFY_KERNELOPERANDS_H

#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Driver/Verify/KernelCheck.h"
#include "segc/Reference/HostTensor.h"

namespace segc {

/// The memory of a fusion's inputs and results.
class KernelOperands {
public:
  KernelOperands(seg::FusionOp fusion, llvm::ArrayRef<int> inPlace,
                 const std::vector<reference::HostTensor> &inputs);

  /// Runs the kernels. Returns a fault other than wrong values, or an empty
  /// string.
  std::string run(const KernelRun &kernels) const;
  /// The results.
  std::vector<reference::HostTensor> read() const;
  /// The buffer of an input.
  const GuardedBuffer &input(unsigned index) const { return *buffers[index]; }

private:
  void allocate(mlir::Type type) {
    buffers.push_back(std::make_unique<GuardedBuffer>(
        mlir::cast<mlir::RankedTensorType>(type)));
    pointers.push_back(buffers.back()->data());
  }

  llvm::SmallVector<mlir::Type> resultTypes;
  llvm::ArrayRef<int> inPlace;
  const std::vector<reference::HostTensor> &inputs;
  std::vector<std::unique_ptr<GuardedBuffer>> buffers;
  llvm::SmallVector<void *> pointers;
  llvm::SmallVector<GuardedBuffer *> outputs;
};

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_KERNELOPERANDS_H
