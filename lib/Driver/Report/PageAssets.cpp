//===- PageAssets.cpp - Style and script of a report page -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

namespace segc::report {

const llvm::StringLiteral pageStyle = R"css(
:root { color-scheme: light dark; --back: #fff; --fore: #1c2024; --faint: #6b7280;
  --line: #d5d9df; --panel: #f5f6f8; --accent: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --back: #15181c; --fore: #e4e7eb; --faint: #9aa3af;
  --line: #363c44; --panel: #1d2126; --accent: #7aa7ff; } }
body { font: 14px/1.45 system-ui, sans-serif; background: var(--back); color: var(--fore);
  max-width: 1400px; margin: 1.5rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .8rem; }
nav a { margin-right: 1rem; }
a { color: var(--accent); }
.scroll { overflow: auto; border: 1px solid var(--line); background: var(--panel); max-height: 46rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .left { text-align: left; }
thead th { position: sticky; top: 0; background: var(--panel); }
table.sortable th { cursor: pointer; }
table.sortable th[aria-sort=ascending]::after { content: " \25B2"; }
table.sortable th[aria-sort=descending]::after { content: " \25BC"; }
tr:target { outline: 2px solid var(--accent); outline-offset: -2px; }
.note, .empty { color: var(--faint); max-width: 62rem; }
details { margin: .5rem 0; }
svg { display: block; max-width: none; background: #fff; }
svg text { pointer-events: none; }
svg .edge { stroke: none; pointer-events: none; }
svg .edge.lit { stroke: #d9480f; stroke-width: 2.5; }
svg .node:hover, svg .spot:hover { stroke: #1c2024; stroke-width: 2; }
svg a:focus .node, svg a:focus .spot { stroke: #1c2024; stroke-width: 2; }
)css";

const llvm::StringLiteral pageScript = R"js(
for (const table of document.querySelectorAll("table.sortable"))
  table.tHead.addEventListener("click", ({target}) => {
    const column = target.cellIndex, body = table.tBodies[0];
    const down = target.ariaSort !== "descending";
    const key = row => { const cell = row.cells[column]; return cell.dataset.v ?? cell.textContent; };
    const compare = (a, b) => isNaN(key(a)) || isNaN(key(b))
      ? key(a).localeCompare(key(b)) : key(a) - key(b);
    body.append(...[...body.rows].sort((a, b) => down ? compare(b, a) : compare(a, b)));
    for (const head of target.parentNode.cells)
      head.ariaSort = head === target ? (down ? "descending" : "ascending") : null;
  });
for (const zoom of document.querySelectorAll(".zoomed input"))
  zoom.addEventListener("input", () => {
    const svg = zoom.closest(".zoomed").querySelector("svg");
    svg.style.width = svg.viewBox.baseVal.width * zoom.value / 100 + "px";
    svg.style.height = "auto";
  });
for (const node of document.querySelectorAll(".node")) {
  const k = node.dataset.kernel;
  const light = on => node.closest("svg").querySelectorAll(`[data-from="${k}"],[data-to="${k}"]`)
    .forEach(edge => edge.classList.toggle("lit", on));
  node.addEventListener("mouseenter", () => light(true));
  node.addEventListener("mouseleave", () => light(false));
}
)js";

} // namespace segc::report
