"""Show pages in a headless browser, and return what a script measures there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from typing import TYPE_CHECKING, Any

from servers import program

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = (360, 1200)  # a phone and a desktop
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
    "--disable-component-update --allow-file-access-from-files --virtual-time-budget=5000 --dump-dom"
)


def measure(frames: dict[str, str], script: str, tmp_path: Path, *flags: str) -> Any:
    """Load each frame, given as the attributes of an iframe, in both widths; return what `script` puts into `found`.

    The script runs when all frames are loaded. The frames have their names and widths as `name`.
    """
    browser = shutil.which("google-chrome") or program("chromium", "chromium")
    shown = "".join(
        f'<iframe name="{name} {width}" width="{width}" height="900" {attributes}></iframe>'
        for name, attributes in frames.items()
        for width in WIDTHS
    )
    measured = f"window.onload = () => {{ const found = {{}}; {script} document.title = JSON.stringify(found); }}"
    shell = tmp_path / "pages.html"
    shell.write_text(f"<!doctype html><meta charset=utf-8>{shown}<script>{measured}</script>", "utf-8")
    command = [browser, *_FLAGS.split(), *flags, f"--user-data-dir={tmp_path / 'profile'}", shell.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    title = re.search(r"<title>(.*?)</title>", run.stdout)
    assert title, run.stderr
    return json.loads(unescape(title[1]))
