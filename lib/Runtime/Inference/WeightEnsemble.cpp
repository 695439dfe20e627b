//===- WeightEnsemble.cpp - Several weights of one network ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/WeightEnsemble.h"

using namespace segc;

Status WeightEnsemble::add() {
  Member member;
  for (auto [buffer, copy] :
       {std::pair(&modelRunner.parameters(), &member.parameters),
        std::pair(&modelRunner.states(), &member.states)}) {
    SEGC_ASSIGN_OR_RETURN(const HostView view, modelRunner.read(*buffer));
    copy->assign(view.data(), view.data() + view.size());
  }
  selected = members.size();
  members.push_back(std::move(member));
  return Status::success();
}

Status WeightEnsemble::select(size_t member) {
  if (member == selected || members.empty())
    return Status::success();
  const Member &wanted = members[member];
  for (auto [buffer, copy] :
       {std::pair(&modelRunner.parameters(), &wanted.parameters),
        std::pair(&modelRunner.states(), &wanted.states)})
    SEGC_RETURN_IF_ERROR(
        modelRunner.write(*buffer, 0, copy->data(), copy->size()));
  modelRunner.weightsChanged();
  selected = member;
  return Status::success();
}

uint64_t WeightEnsemble::bytes() const {
  uint64_t sum = 0;
  for (const Member &member : members)
    sum += member.parameters.size() + member.states.size();
  return sum;
}
