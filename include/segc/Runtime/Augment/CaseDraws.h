//===- CaseDraws.h - Draws of the samples of prepared cases -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_AUGMENT_CASEDRAWS_H
#define SEGC_RUNTIME_AUGMENT_CASEDRAWS_H

#include "segc/Runtime/Augment/PatchDrawer.h"
#include "segc/Runtime/Data/Loader.h"

namespace segc {

/// A case, and what is drawn for a sample of it.
struct CaseDraw {
  PreparedCase prepared;
  PatchDraw draw;
};

/// What samples of prepared cases draw. Any thread may ask for any sample.
class CaseDraws {
public:
  /// `cases` must outlive it.
  static StatusOr<std::unique_ptr<CaseDraws>>
  create(const PatchSource &cases, int64_t channels, PatchOptions options);
  ~CaseDraws();

  const PatchOptions options;
  const int64_t channels;

  /// All cases are cases of Split::Train.
  int64_t count(Split split) const;
  /// Looks at every case: they must have labels and the model's channels.
  Status load(Split split) const;
  StatusOr<CaseDraw> draw(Split split, int64_t index,
                          const AugmentKey &key) const;

private:
  struct Boxes;

  CaseDraws(const PatchSource &cases, int64_t channels, PatchOptions options);
  Status check(const PreparedCase &prepared) const;
  const std::vector<std::vector<ForegroundBox>> &
  boxesOf(const PreparedCase &prepared, int64_t index) const;

  const PatchSource &cases;
  std::unique_ptr<PatchDrawer> drawer;
  std::vector<std::unique_ptr<Boxes>> boxes; ///< One a case.
};

/// What a loader of such samples is asked for by the rules: by those of v2
/// cases are drawn, by those of the example they come in epochs.
void followRules(const PatchOptions &options, LoaderOptions &loader);

} // namespace segc

#endif // SEGC_RUNTIME_AUGMENT_CASEDRAWS_H
