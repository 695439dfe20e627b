# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opens the pages of runs in headless Chromium and says what is wrong with them.

  check_report.py CHROMIUM FOLDER PAGE...

For each page and each of two widths: sections that are missing, pictures that do
not show, anything that was loaded, a page wider than that, and messages of the
console. Links must lead to files beside the page. FOLDER takes frames with a
probe, screenshots and the browser's profile. The network answers nothing.
"""

import html
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "Driver" / "Inputs"))
from check_page import browse, distinct_rows  # noqa: E402

WIDTHS = (1300, 400)
POLICY = "default-src 'none'"
# A frame, because a headless browser has no window below 500 pixels; the page in
# it is as it is.
FRAME = """<!doctype html><body style="margin:0"><iframe style="width:%dpx;height:4000px;border:0" srcdoc="%s"></iframe>
<script>
addEventListener("load", () => {
  const frame = document.querySelector("iframe").contentWindow, page = frame.document, root = page.documentElement;
  const images = [...page.images];
  document.body.dataset.probe = JSON.stringify({
    overflow: root.scrollWidth - frame.innerWidth,
    sections: [...page.querySelectorAll("h2")].map(heading => heading.textContent),
    empty: [...page.querySelectorAll("section")].filter(part => part.offsetHeight < 60).length,
    curves: [...page.querySelectorAll("svg")].filter(svg => svg.getBoundingClientRect().width > 0).length,
    images: images.length,
    hidden: images.filter(image => !image.naturalWidth || !image.offsetWidth).length,
    loaded: [...page.querySelectorAll("[src], link[href]")].map(element => element.getAttribute("src") ?? element.href).filter(name => !name.startsWith("data:")),
    links: [...page.querySelectorAll("a[href]")].map(link => link.getAttribute("href")),
  });
});
</script></body>"""


def faults_of(chromium, folder, page, width):
    text = page.read_text()
    framed = folder / f"framed-{width}.html"
    framed.write_text(FRAME % (width, html.escape(text)))
    offline = "--host-resolver-rules=MAP * ~NOTFOUND"
    dom, console = browse(chromium, folder, offline, "--dump-dom", framed.as_uri())
    found = re.search(r'data-probe="([^"]*)"', dom)
    if not found:
        sys.exit(f"{page}: the probe did not run:\n{dom[:2000]}")
    seen = json.loads(html.unescape(found.group(1)))
    screenshot = folder / f"{page.parent.name}-{width}.png"
    browse(chromium, folder, offline, f"--screenshot={screenshot}", framed.as_uri())
    print(f"{width} pixels: {', '.join(seen['sections'])}; {seen['curves']} curves, {seen['images']} images, {len(seen['links'])} links")
    faults = [f"console: {line}" for line in console]
    faults += [f"loads {name}" for name in seen["loaded"]]
    faults += [f"the link {link} leads nowhere" for link in seen["links"] if not (page.parent / link).is_file()]
    if POLICY not in text:
        faults.append("has no policy that forbids loading")
    for key in ("empty", "hidden"):
        if seen[key]:
            faults.append(f"{seen[key]} {'sections' if key == 'empty' else 'images'} do not show")
    if seen["overflow"] > 0:
        faults.append(f"is {seen['overflow']} pixels wider than {width}")
    if distinct_rows(screenshot) < 100:
        faults.append("is blank")
    return faults


def main():
    chromium, folder, pages = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    wrong = [f"{page}: {fault}" for page in pages for width in WIDTHS for fault in faults_of(chromium, folder, pathlib.Path(page), width)]
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
