"""The documentation site in a browser: each page fits, its pictures load, and its text can be read in both themes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import WIDTHS, measure
from conftest import ROOT
from servers import skip_unless_ci

if TYPE_CHECKING:
    from pathlib import Path

SITE = ROOT / "build" / "site"
NOT_OURS = ("contract-viewer", "genindex", "py-modindex", "search")
MEASURE = """
const light = color => {
  const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
  return .2126 * r + .7152 * g + .0722 * b;
};
for (const frame of document.querySelectorAll('iframe')) {
  const page = frame.contentDocument, view = frame.contentWindow, wrong = [];
  if (!page.querySelector('h1')) wrong.push('no heading');
  const room = page.documentElement.scrollWidth;
  if (room > view.innerWidth) wrong.push(`the page is ${room} px wide`);
  for (const image of page.images) if (!image.naturalWidth) wrong.push(`${image.src} is not shown`);
  const text = light(view.getComputedStyle(page.querySelector('article p') || page.body).color);
  const ground = light(view.getComputedStyle(page.body).backgroundColor);
  if (Math.abs(text - ground) < 100) wrong.push('the text cannot be told from its background');
  found[frame.name] = {wrong, dark: ground < text};
}
"""


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_can_be_read_on_a_phone_and_on_a_desktop(theme: str, tmp_path: Path) -> None:
    if not (SITE / "index.html").exists():
        skip_unless_ci("The site is not built: make docs")
    pages = [path for path in SITE.glob("*.html") if path.stem not in NOT_OURS]
    broken = tmp_path / "broken.html"
    broken.write_text('<h1 style="width: 2000px">Too wide</h1><img src="missing.svg">', "utf-8")

    found = measure(
        {path.stem: f'src="{path.as_uri()}"' for path in [*pages, broken]},
        MEASURE,
        tmp_path,
        f"--blink-settings=preferredColorScheme={int(theme == 'light')}",
    )

    for width in WIDTHS:
        faults = ", ".join(found.pop(f"broken {width}")["wrong"])
        assert "the page is 20" in faults
        assert "missing.svg is not shown" in faults
    assert len(found) == 2 * len(pages)
    assert {name: page["wrong"] for name, page in found.items() if page["wrong"]} == {}
    assert {page["dark"] for page in found.values()} == {theme == "dark"}
