"""The command line. It needs the extra `cli`; the library does not."""

from __future__ import annotations

import sys
from importlib.util import find_spec

_MISSING = "thanksio: the command line needs click and rich. Install them: pip install 'thanksio[cli]'"


def main() -> None:
    """Run the command line, and exit with its code; with 5 and one line if the extra is not installed."""
    if not (find_spec("click") and find_spec("rich")):  # find_spec instead of an import: rich is slow to import
        print(_MISSING, file=sys.stderr)  # noqa: T201 - there is no click to say it with
        sys.exit(5)
    from thanksio.cli._app import app  # noqa: PLC0415 - it imports click

    app.main(prog_name="thanksio")
