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

/// The id of a kernel's row in the table.
std::string kernelId(size_t entry, size_t kernel);
/// "+ bias, relu" as far as it fits.
std::string fusedText(const Kernel &kernel, size_t maxCharacters);
/// The measured time if there is one, otherwise the modelled time.
double bestSeconds(const Report &report, const Version &version,
                   const Kernel &kernel);

/// The picture as an element of class `kind`, or an error message if it could
/// not be drawn.
std::string pictureElement(draw::Canvas &canvas, llvm::StringRef kind,
                           llvm::StringRef label);

/// The graph of an entry: kernels from left to right in program order, the
/// finest grid on top; lines are tensors.
std::string graphSvg(const Report &report, size_t entry);
/// The buffers of the arena: time from left to right, offsets upwards.
std::string memorySvg(const Entry &entry);
/// A table of what the kernels occupy of a GPU's multiprocessor; empty for
/// kernels of the host.
std::string resourceTable(const Entry &entry);
/// Tables of the entry's predictions, one for each device.
/// The section about collectives; empty if there are none.
std::string communicationSection(const Version &version);

std::string predictionTables(const Version &version, const Entry &entry,
                             int64_t batch);
/// The roofline diagram of an entry; empty if no kernel has both FLOP and
/// bytes.
std::string rooflineSvg(const Report &report, size_t entry);

extern const llvm::StringLiteral pageStyle, pageScript;

} // namespace segc::report

#endif // SEGC_LIB_DRIVER_REPORT_PICTURES_H
