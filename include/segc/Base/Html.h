//===- Html.h - Text as part of a page --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_HTML_H
#define SEGC_BASE_HTML_H

#include <string>
#include <string_view>

namespace segc {

/// Escapes `text` for use between tags or in a quoted attribute of HTML or SVG.
/// Names in a page come from files and must not become markup.
std::string escapeHtml(std::string_view text);

} // namespace segc

#endif // SEGC_BASE_HTML_H
