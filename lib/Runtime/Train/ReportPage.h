//===- ReportPage.h - Parts of the pages of runs ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_TRAIN_REPORTPAGE_H
#define SEGC_LIB_RUNTIME_TRAIN_REPORTPAGE_H

#include "segc/Base/Json.h"

#include <string>
#include <vector>

namespace segc {

/// A page that needs no other file: its policy lets a browser load none.
class ReportPage {
public:
  explicit ReportPage(const std::string &title);
  /// Adds a part with a heading; nothing if it is empty.
  void add(const std::string &heading, const std::string &html);
  std::string finish() const { return html + "</body></html>\n"; }

private:
  std::string html;
};

/// A row of a table, whose cells are HTML; `cell` is "td" or "th".
std::string tableRow(const std::vector<std::string> &cells,
                     const char *cell = "td");
/// The row above the others.
std::string headRow(const std::vector<std::string> &cells);
/// What is wider than a narrow window scrolls in it. `kind` is a class.
std::string htmlTable(const std::string &rows, const std::string &kind = "");
std::string wide(const std::string &html);
/// A table of names and texts, which are escaped.
std::string factTable(const OrderedJson &facts);

/// "0.1234"; "absent" for NaN.
std::string scoreText(double value);
/// A member of an object as a number; NaN if it is none.
double numberOf(const OrderedJson &value, const std::string &key);
/// The member `key` of an object; null where there is none. Files of results
/// may come from anywhere.
const OrderedJson &memberOf(const OrderedJson &value, const std::string &key);

/// A case, in the order of the file that names it.
struct ScoredCase {
  std::string name;
  double dice;         ///< Mean of the foreground; NaN: none.
  std::string picture; ///< A file, which need not be there.
};
/// The pictures of the best, the median and the worst case, as far as they are
/// there, with the colours of the labels; empty if there are none.
std::string exampleFigures(const std::vector<ScoredCase> &cases,
                           const std::vector<std::string> &labelNames);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_TRAIN_REPORTPAGE_H
