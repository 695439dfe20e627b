//===- CheckReport.cpp - Table and JSON of faults -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Check/Check.h"

#include <algorithm>

using namespace segc;

static const char *outcomeName(Outcome outcome) {
  static constexpr const char *names[] = {"proposed", "repaired", "left out",
                                          "remains"};
  return names[static_cast<size_t>(outcome)];
}

OrderedJson CheckReport::toJson() const {
  OrderedJson list = OrderedJson::array();
  for (const Fault &fault : faults) {
    OrderedJson row = {{"case", fault.caseName},
                       {"fault", fault.name},
                       {"what", fault.what},
                       {"fix", fault.fix}};
    if (fault.outcome != Outcome::Proposed) {
      row["outcome"] = outcomeName(fault.outcome);
      row["done"] = fault.done;
    }
    list.push_back(std::move(row));
  }
  OrderedJson json = {{"format", 1}, {"cases", cases}, {"faults", list}};
  if (kept >= 0)
    json["kept"] = kept;
  return json;
}

int64_t CheckReport::count(Outcome outcome) const {
  return std::count_if(faults.begin(), faults.end(), [&](const Fault &fault) {
    return fault.outcome == outcome;
  });
}

std::string CheckReport::toText() const {
  auto nameOf = [](const Fault &fault) {
    return fault.caseName.empty() ? "dataset.json" : fault.caseName;
  };
  size_t caseWidth = 0, faultWidth = 0;
  for (const Fault &fault : faults) {
    caseWidth = std::max(caseWidth, nameOf(fault).size());
    faultWidth = std::max(faultWidth, fault.name.size());
  }
  std::string text;
  for (const Fault &fault : faults) {
    std::string name = nameOf(fault), kind = fault.name;
    name.resize(caseWidth, ' ');
    kind.resize(faultWidth, ' ');
    std::string line =
        name + "  " + kind + "  " + fault.what + "; " +
        outcomeName(fault.outcome) + ": " +
        (fault.outcome == Outcome::Proposed ? fault.fix : fault.done);
    // Names of files may hold anything.
    for (char &c : line)
      if ((c >= 0 && c < ' ') || c == 0x7f)
        c = '?';
    text += line + "\n";
  }
  return text;
}
