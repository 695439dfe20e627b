// Every phase as the passes it consists of, so that one that is lost or there
// twice is seen.

// RUN: segc-opt %s --segc-seg --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=SEG
// SEG: Pass Manager with 2 passes:
// SEG-NEXT: builtin.module(
// SEG-NEXT: seg-warn-unused
// SEG-NEXT: canonicalize

// RUN: segc-opt %s --segc-entries --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=ENTRIES
// ENTRIES: Pass Manager with 2 passes:
// ENTRIES-NEXT: builtin.module(
// ENTRIES-NEXT: seg-import-network{features=false training=true}
// ENTRIES-NEXT: func.func(
// ENTRIES-NEXT: canonicalize

// RUN: segc-opt %s --segc-autodiff --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=AUTODIFF
// AUTODIFF: Pass Manager with 4 passes:
// AUTODIFF: seg-autodiff
// AUTODIFF: seg-expand-norm
// AUTODIFF: canonicalize
// AUTODIFF: cse

// RUN: segc-opt %s --segc-precision --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=PRECISION
// PRECISION: Pass Manager with 2 passes:
// PRECISION: seg-assign-precision{lists= precision=f32}
// PRECISION: seg-insert-casts

// RUN: segc-opt %s --segc-fusion --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=FUSION
// FUSION: Pass Manager with 3 passes:
// FUSION-NEXT: builtin.module(
// FUSION-NEXT: func.func(
// FUSION-NEXT: seg-fuse{conv=generated enable=true epilogues=true prologues=true reductions=true target=}
// FUSION: seg-narrow-filters{conv=generated multiply-type=auto target= threads=0 unverified-kernels=false winograd=f6}
// FUSION: seg-fuse-horizontally{enable=true small-bytes=65536 target=}

// RUN: segc-opt %s --segc-plan --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=PLAN
// PLAN: Pass Manager with 5 passes:
// PLAN: seg-quantize-products{conv=generated max-error=4.000000e-02 multiply-type=auto target= threads=0 unverified-kernels=false winograd=f6}
// PLAN: seg-select-strategy{conv=generated multiply-type=auto target= threads=0 unverified-kernels=false winograd=f6}
// PLAN: seg-schedule{in-place=true link= more-memory=2.000000e+00 ranks=0 target= threads=0}
// PLAN: seg-rematerialize{budget=-1 in-place=true share=1.000000e+00 table=false target=}
// PLAN: seg-plan-memory{in-place=true reuse=true}

// RUN: segc-opt %s --segc-program --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=PROGRAM
// PROGRAM: Pass Manager with 2 passes:
// PROGRAM-NEXT: builtin.module(
// PROGRAM-NEXT: exec-outline-programs{dependent-launches=false target=}
// PROGRAM-NEXT: exec-schedule-collectives{link= ranks=0 reduce-type=f32 target= threads=0}

// RUN: segc-opt %s --segc-kernels --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=KERNELS
// KERNELS: Pass Manager with 2 passes:
// KERNELS-NEXT: builtin.module(
// KERNELS-NEXT: exec-verify
// KERNELS-NEXT: exec-emit-kernels{target=}

// RUN: segc-opt %s --segc-llvm --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=LLVM
// LLVM: Pass Manager with 11 passes:
// LLVM: canonicalize
// LLVM: cse
// LLVM: loop-invariant-code-motion
// LLVM: convert-scf-to-cf
// LLVM: convert-vector-to-llvm
// LLVM: convert-math-to-llvm
// LLVM: finalize-memref-to-llvm
// LLVM: convert-arith-to-llvm
// LLVM: convert-cf-to-llvm
// LLVM: convert-func-to-llvm{{.*}}use-bare-ptr-memref-call-conv=true
// LLVM: reconcile-unrealized-casts

seg.network @tiny format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x4x4x2xf32>):
  %w = seg.param "w" glorot_uniform 0.0 decay : tensor<1x1x2x2xf32>
  %0 = seg.conv %image, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x4x4x2xf32>
  seg.output %0 : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x4x4x2xf32>, %labels: tensor<1x4x4xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
