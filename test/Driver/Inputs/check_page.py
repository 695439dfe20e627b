# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opens a report in headless Chromium and says what it shows.

  check_page.py CHROMIUM PAGE FOLDER [CLICK]

A copy of the page gets a probe: a script that counts, by section, the shapes of
each picture that have an extent and the rows of each table. A line is printed
for each picture and table; CLICK (a selector) is clicked first. FOLDER takes the
copy, the browser's profile and a screenshot, which must not be one colour.
"""

import html
import json
import pathlib
import re
import struct
import subprocess
import sys
import zlib

PROBE = """<script>
addEventListener("load", () => {
  const wanted = %s;
  if (wanted) document.querySelector(wanted).click();
  const seen = shape => { const box = shape.getBoundingClientRect(); return box.width > 0 || box.height > 0; };
  const section = element => element.closest("section").id;
  const lines = [];
  for (const svg of document.querySelectorAll("svg[data-picture]"))
    for (const kind of ["rect", "path", "line", "circle", "text"])
      lines.push(`${section(svg)}: ${svg.dataset.picture} has ${[...svg.querySelectorAll(kind)].filter(seen).length} ${kind}`);
  for (const table of document.querySelectorAll("table[data-table]"))
    lines.push(`${section(table)}: table ${table.dataset.table} has ${[...table.tBodies[0].rows].filter(seen).length} rows, first ${table.tBodies[0].rows[0]?.cells[0].textContent}`);
  for (const note of document.querySelectorAll(".empty"))
    lines.push(`${section(note)}: says ${note.textContent}`);
  lines.push(`scripts: ${document.scripts.length}`);
  document.documentElement.dataset.probe = JSON.stringify(lines);
});
</script>"""


def browse(chromium, folder, *arguments):
    """What the browser prints, and what pages say on their console."""
    common = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
    common += ["--window-size=1300,4000", "--enable-logging=stderr"]
    done = subprocess.run(
        [chromium, *common, f"--user-data-dir={folder / 'profile'}", *arguments], capture_output=True, text=True, timeout=240
    )
    if done.returncode:
        sys.exit(f"{chromium} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def distinct_rows(png):
    """How many different rows of filtered bytes a PNG has."""
    data, at, idat = png.read_bytes(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", data[at + 8 : at + 18])
        if kind == b"IDAT":
            idat += data[at + 8 : at + 8 + size]
        at += size + 12
    line = 1 + width * {2: 3, 6: 4}[colours] * depth // 8
    raw = zlib.decompress(idat)
    return len({raw[i * line : (i + 1) * line] for i in range(height)})


def main():
    chromium, page, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    click = sys.argv[4] if len(sys.argv) > 4 else None
    folder.mkdir(parents=True, exist_ok=True)
    probed = folder / "probed.html"
    probed.write_text(page.read_text().replace("</body>", PROBE % json.dumps(click) + "</body>"))
    dom, _ = browse(chromium, folder, "--dump-dom", probed.as_uri())
    found = re.search(r'data-probe="([^"]*)"', dom)
    if not found:
        sys.exit("the probe did not run:\n" + dom[:2000])
    print("\n".join(json.loads(html.unescape(found.group(1)))))
    screenshot = folder / "page.png"
    browse(chromium, folder, f"--screenshot={screenshot}", page.resolve().as_uri())
    print("screenshot:", "shows something" if distinct_rows(screenshot) > 100 else "is blank")


if __name__ == "__main__":
    main()
