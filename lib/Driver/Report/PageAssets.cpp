//===- PageAssets.cpp - Style and script of a report page -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Draw.h"

namespace segc::report {

const llvm::StringLiteral pageStyle = R"css(
:root { color-scheme: light dark; --back: #fff; --fore: #1c2024; --faint: #6b7280;
  --line: #d5d9df; --panel: #f5f6f8; --accent: #2563eb; --warm: #d9480f; --box: #e9effd; }
@media (prefers-color-scheme: dark) { :root { --back: #15181c; --fore: #e4e7eb; --faint: #9aa3af;
  --line: #363c44; --panel: #1d2126; --accent: #7aa7ff; --warm: #ff9c66; --box: #22304d; } }
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
svg { display: block; max-width: none; font: 12px system-ui, sans-serif; }
svg text { fill: var(--fore); }
svg .small { font-size: 11px; }
svg .strong { font-weight: 600; }
svg .faint { fill: var(--faint); }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .row { fill: var(--back); }
svg .box { fill: var(--box); stroke: var(--accent); }
svg .share { fill: var(--warm); }
svg a { text-decoration: none; }
svg .node:hover .box, svg .node:focus .box { stroke-width: 2.5; }
svg .edge { fill: none; stroke: var(--faint); stroke-opacity: .55; }
svg .edge.lit { stroke: var(--warm); stroke-opacity: 1; stroke-width: 2.5; }
svg .grid { stroke: var(--line); }
svg .roof { stroke: var(--warm); stroke-width: 2; }
svg .bound { stroke: var(--warm); stroke-width: 2; stroke-dasharray: 6 4; }
svg .peak { fill: var(--warm); fill-opacity: .22; }
svg .point { fill: none; stroke: var(--accent); stroke-width: 1.5; pointer-events: all; }
svg .point.measured { fill: var(--accent); fill-opacity: .55; }
svg .buffer { stroke: var(--back); stroke-width: .6; fill-opacity: .8; }
svg .buffer:hover { stroke: var(--fore); stroke-width: 1.5; }
svg .inside { font-size: 10px; fill: #111; pointer-events: none; }
svg .c0 { fill: #7fa8e8; } svg .c1 { fill: #e6a57e; } svg .c2 { fill: #86c79b; }
svg .c3 { fill: #b9a3e3; } svg .c4 { fill: #dccb74; } svg .c5 { fill: #79c4cb; }
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
