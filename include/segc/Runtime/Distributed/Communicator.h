//===- Communicator.h - What the ranks of a job do together -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_COMMUNICATOR_H
#define SEGC_RUNTIME_DISTRIBUTED_COMMUNICATOR_H

#include "segc/Base/Status.h"
#include "segc/messages.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace segc {

/// The connection of this process with the other ranks of its job. All ranks
/// call the same functions in the same order. Sums are added in the order of
/// the ranks, whatever the library below: the same bits on all ranks and from
/// run to run. For one thread.
///
/// An error names the rank that was waited for and what for: the others have
/// most likely ended. After one the connection can only be aborted.
class Communicator {
public:
  /// A collective that takes longer than `deadline` is an error.
  Communicator(const segc_messages &messages,
               std::chrono::duration<double> deadline)
      : messages(messages), deadline(deadline) {}
  Communicator(const Communicator &) = delete;
  Communicator &operator=(const Communicator &) = delete;

  int64_t rank() const { return messages.rank; }
  int64_t size() const { return messages.size; }
  bool isFirst() const { return rank() == 0; }

  /// What the ranks do now, for messages: "gradients of step 12".
  void setOccasion(std::string newOccasion) {
    occasion = std::move(newOccasion);
  }

  /// Replaces values by their sum over all ranks.
  Status sum(float *values, uint64_t count);
  /// The mean: the sum, divided by the number of ranks.
  Status mean(float *values, uint64_t count);
  /// Replaces bytes by those of rank 0.
  Status broadcast(void *data, uint64_t bytes);
  /// Returns the text of rank 0.
  StatusOr<std::string> broadcast(std::string text);
  /// Returns the texts of all ranks on rank 0, and nothing on others.
  StatusOr<std::vector<std::string>> gather(const std::string &text);
  /// An error on all ranks if the texts differ: names `what`, the first rank
  /// that differs from rank 0, and both texts.
  Status checkSame(const std::string &what, const std::string &text);
  /// Waits for all ranks, however long: for work of one of them.
  Status wait();

  /// Ends the processes of all ranks. Does not return.
  void abort(int exitCode) { messages.abort(messages.context, exitCode); }
  Status close();

private:
  /// A message under way.
  struct Pending {
    uint64_t request;
    int64_t rank;
    bool done;
  };

  Status send(int64_t to, const void *data, uint64_t bytes);
  Status receive(int64_t from, void *data, uint64_t bytes);
  /// Waits for all messages under way.
  Status finish(bool hasDeadline = true);
  Status failure(const std::string &what) const;
  Status sumPart(float *values, uint64_t count);

  segc_messages messages;
  std::chrono::duration<double> deadline;
  std::string occasion = "start";
  std::vector<Pending> pending;
  std::vector<float> received; ///< Of a part, from each rank.
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_COMMUNICATOR_H
