/*===- emulator.h - Threads of an emulated GPU ----------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A kernel for an emulated GPU is a segc_kernel_fn that does the work of one
 * thread: `task` is its block and `scratch` points to its segc_emulator_thread.
 * What a thread does together with others, and what is checked, are functions
 * of the emulator, which runs the threads of a block side by side
 * (lib/Runtime/Emulator). They may return much later, or never after an error.
 *
 * `op` names the operation in reports. Each operation has a text of its own.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_EMULATOR_H
#define SEGC_EMULATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Shared memory begins at a multiple of this many bytes, so that the low bits
 * of a host address are the address in shared memory. */
#define SEGC_EMULATOR_SHARED_ALIGNMENT (256u << 10)

/* The operand of an address that is that of none. */
#define SEGC_EMULATOR_ANY_OPERAND 0xffffffffu

typedef enum segc_emulator_access {
  SEGC_EMULATOR_LOAD = 0,
  SEGC_EMULATOR_STORE = 1
} segc_emulator_access;

/* The kinds of shuffle are those of PTX. */
typedef enum segc_emulator_shuffle {
  SEGC_EMULATOR_SHUFFLE_INDEX = 0,
  SEGC_EMULATOR_SHUFFLE_UP = 1,
  SEGC_EMULATOR_SHUFFLE_DOWN = 2,
  SEGC_EMULATOR_SHUFFLE_BUTTERFLY = 3
} segc_emulator_shuffle;

typedef enum segc_emulator_vote {
  SEGC_EMULATOR_VOTE_ANY = 0,
  SEGC_EMULATOR_VOTE_ALL = 1,
  SEGC_EMULATOR_VOTE_BALLOT = 2
} segc_emulator_vote;

/* Products of matrices by a warp, with accumulators of f32; of int32 for S8,
 * whose sums wrap around. */
typedef enum segc_emulator_mma {
  SEGC_EMULATOR_MMA_F16_K16 = 0,  /* m16n8k16 */
  SEGC_EMULATOR_MMA_BF16_K16 = 1, /* m16n8k16 */
  SEGC_EMULATOR_MMA_TF32_K8 = 2,  /* m16n8k8 */
  SEGC_EMULATOR_MMA_F16_K8 = 3,   /* m16n8k8 */
  SEGC_EMULATOR_MMA_BF16_K8 = 4,  /* m16n8k8 */
  SEGC_EMULATOR_MMA_TF32_K4 = 5,  /* m16n8k4 */
  SEGC_EMULATOR_MMA_S8_K32 = 6    /* m16n8k32 */
} segc_emulator_mma;

/* What a fence orders. */
typedef enum segc_emulator_fence {
  /* Initialisations of mbarriers, before copies that arrive at them. */
  SEGC_EMULATOR_FENCE_MBARRIER_INIT = 0,
  /* Writes to shared memory, before copies and wgmma read it. */
  SEGC_EMULATOR_FENCE_PROXY_ASYNC = 1,
  /* Uses of registers, before wgmma uses them. */
  SEGC_EMULATOR_FENCE_WGMMA = 2
} segc_emulator_fence;

typedef enum segc_emulator_wgmma_type {
  SEGC_EMULATOR_WGMMA_F16 = 0,  /* m64nNk16 */
  SEGC_EMULATOR_WGMMA_BF16 = 1, /* m64nNk16 */
  SEGC_EMULATOR_WGMMA_TF32 = 2, /* m64nNk8 */
  SEGC_EMULATOR_WGMMA_TYPES = 3
} segc_emulator_wgmma_type;

typedef enum segc_emulator_wgmma_flags {
  SEGC_EMULATOR_WGMMA_A_MN_MAJOR = 1,
  SEGC_EMULATOR_WGMMA_B_MN_MAJOR = 2,
  SEGC_EMULATOR_WGMMA_NEGATE_A = 4,
  SEGC_EMULATOR_WGMMA_NEGATE_B = 8,
  SEGC_EMULATOR_WGMMA_FROM_ZERO = 16 /* accumulators are not read */
} segc_emulator_wgmma_flags;

typedef struct segc_emulator_thread segc_emulator_thread;

typedef struct segc_emulator_functions {
  uint64_t struct_size; /* bytes of this table */

  /* bar.sync of `threads` threads, 0: all of the block. */
  void (*barrier)(segc_emulator_thread *, uint32_t barrier, uint32_t threads,
                  const char *op);
  /* The lanes of a mask: bar.warp.sync, shfl.sync, vote.sync. */
  void (*warp_barrier)(segc_emulator_thread *, uint32_t lanes, const char *op);
  uint32_t (*shuffle)(segc_emulator_thread *, uint32_t lanes, uint32_t value,
                      uint32_t offset, uint32_t clamp, uint32_t kind,
                      uint32_t *valid /* or NULL */, const char *op);
  uint32_t (*vote)(segc_emulator_thread *, uint32_t lanes, uint32_t predicate,
                   uint32_t kind, const char *op);

  /* ldmatrix: `count` (1, 2, 4) matrices of 8 rows of 16 bytes in shared
   * memory; a result a matrix. */
  void (*load_matrix)(segc_emulator_thread *, const void *row, uint32_t count,
                      uint32_t transposed, uint32_t *result, const char *op);
  /* mma.sync: the fragments of PTX, in words; results are the accumulators. */
  void (*multiply)(segc_emulator_thread *, uint32_t kind, const uint32_t *a,
                   const uint32_t *b, const void *c, void *result,
                   const char *op);

  /* cp.async of 4, 8 or 16 bytes, of which all but the first `source_bytes` are
   * zero; commit_group; wait_group: at most `groups` are still under way. */
  void (*copy_async)(segc_emulator_thread *, void *shared, const void *global,
                     uint32_t bytes, uint32_t source_bytes, uint32_t operand,
                     const char *op);
  void (*commit_copies)(segc_emulator_thread *, const char *op);
  void (*wait_copies)(segc_emulator_thread *, uint32_t groups, const char *op);

  /* Checks an access before it is made. `access` is a segc_emulator_access.
   * Accesses to operands whose bounds hold need no call, unless the thread has
   * observe_global. */
  void (*access_shared)(segc_emulator_thread *, const void *address,
                        uint32_t bytes, uint32_t alignment, uint32_t access,
                        const char *op);
  void (*access_global)(segc_emulator_thread *, const void *address,
                        uint32_t bytes, uint32_t alignment, uint32_t access,
                        uint32_t operand, const char *op);

  /* elect.sync of the lanes of a mask. */
  uint32_t (*elect)(segc_emulator_thread *, uint32_t lanes, const char *op);
  /* A segc_emulator_fence. */
  void (*fence)(segc_emulator_thread *, uint32_t kind, const char *op);

  /* mbarriers in shared memory. An arrival first expects the bytes of so many
   * more, and returns the phase; waits are for the end of a phase, by parity
   * (1 or 0) or by what an arrival has returned. */
  void (*init_mbarrier)(segc_emulator_thread *, void *mbarrier, uint32_t count,
                        const char *op);
  void (*invalidate_mbarrier)(segc_emulator_thread *, void *mbarrier,
                              const char *op);
  uint64_t (*arrive_mbarrier)(segc_emulator_thread *, void *mbarrier,
                              uint32_t count, uint32_t bytes, const char *op);
  void (*wait_mbarrier)(segc_emulator_thread *, void *mbarrier, uint32_t parity,
                        const char *op);
  uint32_t (*try_mbarrier)(segc_emulator_thread *, void *mbarrier,
                           uint32_t parity, const char *op);

  /* cp.async.bulk.tensor, tiled, of `rank` coordinates. The launch's tensor
   * maps lie behind its operands in `buffers`. Loads arrive at an mbarrier;
   * stores are committed and waited for in groups, `read`: until they have read
   * shared memory. */
  void (*load_tensor)(segc_emulator_thread *, void *shared, const void *map,
                      const int32_t *coordinates, uint32_t rank, void *mbarrier,
                      const char *op);
  void (*store_tensor)(segc_emulator_thread *, const void *map,
                       const void *shared, const int32_t *coordinates,
                       uint32_t rank, const char *op);
  void (*commit_stores)(segc_emulator_thread *, const char *op);
  void (*wait_stores)(segc_emulator_thread *, uint32_t groups, uint32_t read,
                      const char *op);

  /* wgmma.mma_async of a segc_emulator_wgmma_type and flags, with `columns` / 2
   * accumulators a thread. It returns what stands for each of the results until
   * wgmma_accumulator reads one; anything else is not changed by that. */
  float (*wgmma)(segc_emulator_thread *, uint32_t type, uint32_t columns,
                 uint32_t flags, uint64_t a, uint64_t b,
                 const float *accumulators, const char *op);
  void (*commit_wgmma)(segc_emulator_thread *, const char *op);
  void (*wait_wgmma)(segc_emulator_thread *, uint32_t groups, const char *op);
  float (*wgmma_accumulator)(segc_emulator_thread *, float result,
                             uint32_t number, const char *op);

  /* Clusters. A kernel whose blocks form clusters of `blocks` says so before
   * anything else. barrier.cluster of all their threads; mapa: the address in
   * the shared memory of a block of the cluster, accesses through which are
   * checked before they are made. */
  void (*enter_cluster)(segc_emulator_thread *, uint32_t blocks,
                        const char *op);
  void (*arrive_cluster)(segc_emulator_thread *, const char *op);
  void (*wait_cluster)(segc_emulator_thread *, const char *op);
  void *(*map_shared)(segc_emulator_thread *, const void *address,
                      uint32_t block, const char *op);
  void (*access_cluster)(segc_emulator_thread *, const void *address,
                         uint32_t bytes, uint32_t alignment, uint32_t access,
                         const char *op);

  /* griddepcontrol.wait: until the kernel in front has ended. It may change
   * observe_global. NOLINTNEXTLINE: a name of C */
  void (*wait_launch)(segc_emulator_thread *, const char *op);
} segc_emulator_functions;

struct segc_emulator_thread {
  const segc_emulator_functions *functions;
  void *shared;                  /* the block's memory */
  const uint64_t *operand_bytes; /* of each operand */
  int64_t blocks;                /* of the launch */
  uint32_t index;                /* in the block */
  uint32_t threads;              /* of the block */
  uint32_t shared_bytes;
  uint32_t observe_global; /* call access_global before every access */
  /* Of the launch (SEGC_LAUNCH_FIRST_TASK). */
  int64_t first_task; /* NOLINT: a name of C */
};

#ifdef __cplusplus
}
#endif

#endif /* SEGC_EMULATOR_H */
