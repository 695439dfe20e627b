//===- Pictures.h - Pictures of a report page -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_REPORT_PICTURES_H
#define SEGC_LIB_DRIVER_REPORT_PICTURES_H

#include "segc/Draw/Canvas.h"
#include "segc/Draw/Units.h"
#include "segc/Driver/Report/Report.h"

namespace segc::report {

/// Where a kernel is described: the id of its row in the table.
std::string kernelId(size_t entry, size_t kernel);
/// "+ bias, relu" as far as it fits.
std::string fusedText(const Kernel &kernel, size_t maxCharacters);
/// The measured time if there is one, else the modelled.
double bestSeconds(const Report &report, const Version &version,
                   const Kernel &kernel);

/// The picture as an element of the page, of class `kind`; why there is none
/// if it could not be drawn.
std::string pictureElement(draw::Canvas &canvas, llvm::StringRef kind,
                           llvm::StringRef label);

/// Kernels from left to right in their order, the finest grid on top; lines
/// are the tensors that they hand on.
std::string graphSvg(const Report &report, size_t entry);
/// Time from left to right, offsets upwards: each buffer of the arena.
std::string memorySvg(const Entry &entry);
/// FLOP/s over FLOP per byte under the roof of the target; empty without
/// kernels that have both.
std::string rooflineSvg(const Report &report, size_t entry);

extern const llvm::StringLiteral pageStyle, pageScript;

} // namespace segc::report

#endif // SEGC_LIB_DRIVER_REPORT_PICTURES_H
