//===- TargetBackend.h - A target of the compiler ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What the compiler knows of a target: its versions, the kernels that it has
// for an op, and how kernels become machine code. Passes and the driver find
// backends by name; nothing outside a backend's own folder names one.
// docs/AddingABackend.md says how to write one.

#ifndef SEGC_TARGET_TARGETBACKEND_H
#define SEGC_TARGET_TARGETBACKEND_H

#include "segc/Base/KernelCounts.h"
#include "segc/Base/Status.h"
#include "segc/Target/KernelModel.h"
#include "segc/model.h"
#include "llvm/Support/Error.h"
#include <functional>

namespace mlir {
class DialectRegistry;
class OpPassManager;
} // namespace mlir

namespace segc {

class PerformanceModel;

/// One task of a launch, on memory of the host.
struct TaskCall {
  llvm::ArrayRef<void *> buffers; ///< A kernel's memrefs in order.
  llvm::ArrayRef<uint64_t> bytes; ///< Of each buffer.
  void *scratch = nullptr;        ///< The worker's own.
  int64_t batch = 0;
  int64_t task = 0, tasks = 0;
  int64_t first = 0; ///< On a GPU: the launch's first task, of those that its
                     ///< kernel has.
  int64_t threads = 0, sharedBytes = 0; ///< Of a task on a GPU.
  bool dependent = false; ///< The launch is (KernelEmission::dependent).
  /// Less than the backend's interleavings().
  unsigned interleaving = 0;
  /// Where it is not null, what an emulated task does is added to it.
  KernelCounts *counts = nullptr;
};

/// Machine code of kernels in this process.
class LoadedKernels {
public:
  /// Runs a task. An error is a fault of the kernel.
  using Task = std::function<Status(const TaskCall &)>;

  virtual ~LoadedKernels();
  virtual llvm::Expected<Task> lookup(llvm::StringRef kernel) = 0;
};

/// How kernels become machine code.
struct SerializeOptions {
  std::string symbolPrefix; ///< Of all symbols.
  unsigned optLevel = 2;    ///< LLVM's, 0 to 3.
  unsigned jobs = 1;        ///< Threads, and pieces that the code comes in.
  /// An assembler of the target, which an installation may lack, is run where
  /// there is one.
  bool assemble = true;
  bool assembly = false; ///< Text instead of objects.
};

using CodeBytes = llvm::SmallVector<char, 0>;

/// Code for another machine than the one that loads the model (segc_blob).
struct CodeBlob {
  std::string format, processor;
  CodeBytes code;
  unsigned module = 0;
};

/// What a kernel occupies of a GPU's multiprocessor, as its assembler says.
struct KernelResources {
  std::string kernel;
  int64_t registers = 0; ///< Of a thread.
  int64_t stackBytes = 0, spillBytes = 0;
  int64_t residentBlocks = 0; ///< Of a multiprocessor at a time.
};

/// Machine code of kernels: objects to link, or blobs. As text it is objects
/// in either case.
struct SerializedKernels {
  std::vector<CodeBytes> objects;
  std::vector<CodeBlob> blobs;
  std::vector<KernelResources> resources; ///< Empty if they are unknown.
};

class TargetBackend {
public:
  using Versions = std::vector<std::shared_ptr<const TargetVersion>>;

  virtual ~TargetBackend();

  /// "cpu", "cuda": what specs begin with.
  llvm::StringRef name() const { return ownName; }
  /// What runs its kernels.
  virtual segc_device device() const { return SEGC_DEVICE_HOST; }
  /// Whether kernels that no device has verified are chosen unasked: what runs
  /// them does as is specified, and no device is waited for.
  virtual bool trustsUnverifiedKernels() const { return false; }

  //===--------------------------------------------------------------------===//
  // Versions
  //===--------------------------------------------------------------------===//

  /// Versions that kernels can be compiled for, best last.
  const Versions &versions() const { return ownVersions; }
  /// The version that passes work for unless they are told another.
  virtual std::shared_ptr<const TargetVersion> defaultVersion() const {
    return versions().back();
  }
  /// Of those that a model is compiled for by default: those that differ where
  /// values of 16 bits are multiplied in these types.
  virtual Versions distinctVersions(MultiplyTypeSet types) const {
    return versions();
  }
  /// The best of them that runs on this machine. An error says what lacks.
  virtual llvm::Expected<std::shared_ptr<const TargetVersion>>
  nativeVersion(MultiplyTypeSet types) const;
  /// What this machine lacks to run kernels of the version; empty: nothing.
  virtual std::string missingFeature(const TargetVersion &version) const {
    return "";
  }
  /// What this machine lacks to run models of the version, in whatever process
  /// and on whatever device; empty: nothing.
  virtual std::string missingDevice(const TargetVersion &version) const {
    return missingFeature(version);
  }
  /// The machine's name for its device, for times that are kept.
  virtual std::string deviceName() const { return name().str(); }
  /// The version with caches of 1 / 2^`shift` the size: strategies of small
  /// fusions are then those of large ones, for tests.
  virtual std::shared_ptr<const TargetVersion>
  withSmallerCaches(const std::shared_ptr<const TargetVersion> &version,
                    unsigned shift) const {
    return version;
  }
  /// The version of this name; null if there is none.
  std::shared_ptr<const TargetVersion>
  findVersion(llvm::StringRef version) const;

  //===--------------------------------------------------------------------===//
  // Kernels
  //===--------------------------------------------------------------------===//

  /// All models; those of one op in order of preference.
  const KernelModels &models() const { return ownModels; }
  /// That of fusions of pointwise ops alone.
  virtual const KernelModel &pointwiseModel() const = 0;
  /// That of several such fusions in one launch, independent of each other and
  /// of any shapes; null if launches cost the target too little for
  /// seg-fuse-horizontally to make such fusions.
  virtual const KernelModel *horizontalModel() const { return nullptr; }
  /// Whether it is faster to compute the ops again in each of so many kernels
  /// than to write their result for all. Fusion is one for all versions.
  virtual bool paysAsPrologue(llvm::ArrayRef<mlir::Operation *> ops,
                              size_t kernels) const {
    return false;
  }

  /// Models that compute such a root, or pointwise ops if it is null.
  llvm::SmallVector<const KernelModel *> modelsOf(mlir::Operation *root) const;
  /// The model of the fusion's strategy; null, with an error on the root, if
  /// there is none.
  const KernelModel *modelOf(seg::FusionOp fusion) const;
  /// Checks kind and parameters of the fusion's strategy, if it has one.
  mlir::LogicalResult verifyStrategy(seg::FusionOp fusion) const;
  /// Modelled seconds of a fusion, or of another op with a cost, on one core.
  double seconds(mlir::Operation *op, const TargetVersion &version) const;
  /// Where kernels are added to a module: at its end, unless the target's lie
  /// in a module of their own.
  virtual mlir::OpBuilder kernelBuilder(mlir::ModuleOp module) const {
    return mlir::OpBuilder::atBlockEnd(module.getBody());
  }
  /// Emits the kernels of a fusion that has a strategy.
  mlir::LogicalResult emitKernels(KernelEmission &emission) const;

  /// Predictions for devices that this machine need not have; null if there
  /// are none.
  virtual const PerformanceModel *performanceModel() const { return nullptr; }

  // What any of a root's models takes in.
  bool takesEpilogue(mlir::Operation *root) const;
  bool takesPrologue(mlir::OpOperand &operand) const;
  bool takesReduction(mlir::Operation *root, mlir::Operation *reduction) const;

  //===--------------------------------------------------------------------===//
  // Machine code
  //===--------------------------------------------------------------------===//

  /// Registers dialects, interfaces and translations of its kernels.
  virtual void registerDialects(mlir::DialectRegistry &registry) const = 0;
  /// Adds the passes that lower emitted kernels to what is translated.
  virtual void populateLowering(mlir::OpPassManager &manager) const = 0;
  /// The names of lowered kernels and of their code as text, for --emit.
  virtual llvm::StringRef loweredName() const { return "llvm"; }
  virtual llvm::StringRef assemblyName() const { return "asm"; }
  /// Machine code of emitted kernels, lowered or not.
  virtual llvm::Expected<SerializedKernels>
  serialize(mlir::ModuleOp kernels, const TargetVersion &version,
            const SerializeOptions &options) const = 0;
  /// LLVM bitcode, for processors of an architecture (TargetVersion.h), of what
  /// a model needs beside its kernels: the function that the loader calls, and
  /// the entries. Empty for a backend whose models need that of another, which
  /// is the processor that loads them.
  virtual llvm::StringRef supportBitcode(llvm::StringRef architecture) const {
    return "";
  }
  /// Compiles emitted kernels for this process; lowers them in place. The
  /// lowering or LLVM say on the context, or in the error, what is at fault.
  virtual llvm::Expected<std::unique_ptr<LoadedKernels>>
  load(mlir::ModuleOp kernels, const TargetVersion &version) const = 0;
  /// A kernel of a model that is loaded into this process.
  virtual LoadedKernels::Task taskOf(segc_kernel_fn function,
                                     llvm::StringRef kernel) const;
  /// In how many ways the threads of a task can be interleaved. Tests run all,
  /// and the results must be the same.
  virtual unsigned interleavings() const { return 1; }

protected:
  TargetBackend(std::string name, Versions versions, KernelModels models);

private:
  std::string ownName;
  Versions ownVersions;
  KernelModels ownModels;
};

/// Makes a backend known by its name, for the rest of the process. One of the
/// same name is kept.
void registerTargetBackend(std::unique_ptr<TargetBackend> backend);
/// The backend of this name, or the one that was registered first if it is
/// empty; null if there is none.
const TargetBackend *findTargetBackend(llvm::StringRef name);
/// All of them, in the order of their registration.
std::vector<const TargetBackend *> targetBackends();
/// The first supportBitcode() of all; empty if there is none.
llvm::StringRef modelSupportBitcode(llvm::StringRef architecture);
/// Of the processor that this compiler runs on.
#if defined(__aarch64__)
inline constexpr llvm::StringLiteral hostArchitecture = "aarch64";
#else
inline constexpr llvm::StringLiteral hostArchitecture = "x86_64";
#endif

/// The target of a spec such as "cpu:x86-64-v4": without a version the
/// backend's default, of an empty spec that of the backend that was registered
/// first. An error names what there is.
llvm::Expected<Target> resolveTarget(llvm::StringRef spec);
/// The same for a pass, whose error is reported on `op`.
mlir::FailureOr<Target> resolveTarget(mlir::Operation *op,
                                      llvm::StringRef spec);

/// Whether a model of the backend calls the library.
bool callsLibrary(const TargetBackend &backend, llvm::StringRef library);
/// What computes convolutions, by the option `conv` of a pass, whose error is
/// reported on `op`.
mlir::FailureOr<ConvImplementation>
resolveConvImplementation(mlir::Operation *op, const TargetBackend &backend,
                          llvm::StringRef name);

} // namespace segc

#endif // SEGC_TARGET_TARGETBACKEND_H
