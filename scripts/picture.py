"""Draw docs/cancel.svg: a run of `thanksio cancel` as a terminal shows it, taken from a real one (needs tmux)."""

from __future__ import annotations

import os
import re
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
ORDERS, LIMIT, COLUMNS = 3000, 1200, 92
COMMAND = "thanksio cancel --from orders.csv"


def place_orders(fake: FakeThanksIO) -> str:
    """Place orders over the last half hour, some of them printed already, and return them as CSV."""
    now = datetime.now(UTC)
    lines = ["order_id,placed_at"]
    for nth in range(ORDERS):
        order = fake.place(50_000 + nth, status="reviewing" if nth % 150 else "printed")
        lines.append(f"{order.id},{now - timedelta(seconds=1800 - nth * 0.5):%Y-%m-%d %H:%M:%S}")
    return "\n".join(lines)


def tmux(*arguments: str, **environment: str) -> str:
    """Run a command of tmux, in a server of our own."""
    command = ["tmux", "-L", f"thanksio-{os.getpid()}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment).stdout


def shown(text: str, seconds: float) -> str:
    """Wait until the terminal shows a text, and return all that it shows, with colours."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if text in tmux("capture-pane", "-p", "-J"):
            return tmux("capture-pane", "-p", "-e")
        time.sleep(0.1)
    raise TimeoutError(f"the terminal did not show {text!r}")


def draw(screen: str) -> str:
    """Draw what a terminal shows, with the reader's fonts: those that Rich names are fetched from the network."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen.rstrip()))
    picture = console.export_svg(title=COMMAND, unique_id="cancel")
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)


def main() -> None:
    """Run the command, and take the picture in the pause before the second minute."""
    with FakeThanksIO() as fake, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "orders.csv").write_text(place_orders(fake), "utf-8")
        fake.limit(LIMIT)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = {"PATH": path, "PS1": "$ ", "THANKSIO_TOKEN": fake.token, "THANKSIO_BASE_URL": fake.base_url}
        tmux("new-session", "-d", "-x", str(COLUMNS), "-y", "24", "-c", folder, "bash", "--norc", **variables)
        try:
            shown("$", 10)
            tmux("send-keys", COMMAND, "Enter")
            shown("[y/N]", 20)
            tmux("send-keys", "y", "Enter")
            (ROOT / "docs" / "cancel.svg").write_text(draw(shown("1,200 of 1,200", 60)), "utf-8")
        finally:
            tmux("kill-server")


if __name__ == "__main__":
    main()
