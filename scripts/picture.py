"""Draw docs/cancel.svg: a run of `thanksio cancel` as a terminal shows it, taken from a real one (needs tmux)."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from thanksio.testing import FakeThanksIO

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "cancel.svg"
ORDERS, LIMIT, COLUMNS = 3000, 1200, 92
# The fonts that Rich names are fetched from the network; a terminal's own will do.
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def fill(fake: FakeThanksIO, path: Path) -> None:
    """Place the orders of a campaign over the last half hour, some of them printed already, and list them in a file."""
    now = datetime.now(UTC)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["order_id", "placed_at"])
        for nth in range(ORDERS):
            fake.place(50_000 + nth, **({"status": "printed"} if nth % 150 == 0 else {}))
            placed = now - timedelta(seconds=1800 - nth * 0.5)
            table.writerow([50_000 + nth, f"{placed:%Y-%m-%d %H:%M:%S}"])
    fake.limit(LIMIT)


def tmux(*arguments: str) -> str:
    """Type a command into a terminal of our own."""
    command = ["tmux", "-L", f"thanksio-{os.getpid()}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def shown(text: str, seconds: float) -> str:
    """Wait until the terminal shows a text, and give all of it with its colours."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if text in tmux("capture-pane", "-p", "-J"):
            return tmux("capture-pane", "-p", "-e")
        time.sleep(0.1)
    raise TimeoutError(f"the terminal did not show {text!r}")


def draw(screen: str) -> str:
    """Make a picture of what a terminal shows."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen.rstrip()))
    return _FONTS.sub("", console.export_svg(title="thanksio cancel --from orders.csv", unique_id="cancel"))


def main() -> int:
    """Run it, and take the picture in the second minute's pause."""
    if not shutil.which("tmux"):
        print("tmux is missing. Install it: apt-get install tmux", file=sys.stderr)
        return 1
    with FakeThanksIO() as fake, tempfile.TemporaryDirectory() as folder:
        fill(fake, Path(folder) / "orders.csv")
        program = Path(sys.executable).with_name("thanksio")
        settings = f"THANKSIO_TOKEN={fake.token} THANKSIO_BASE_URL={fake.base_url}"
        tmux("new-session", "-d", "-x", str(COLUMNS), "-y", "24", "-c", folder, "sh")
        try:
            tmux("send-keys", f"export {settings} PS1='$ '; clear", "Enter")
            time.sleep(0.5)  # the shell's own
            tmux("send-keys", f"alias thanksio={program}; clear", "Enter")
            tmux("send-keys", "thanksio cancel --from orders.csv", "Enter")
            shown("[y/N]", 20)
            tmux("send-keys", "y", "Enter")
            PICTURE.write_text(draw(shown("1,200 of 1,200", 60)), "utf-8")
        finally:
            tmux("kill-server")
    print(f"{PICTURE.relative_to(ROOT)} is drawn.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
