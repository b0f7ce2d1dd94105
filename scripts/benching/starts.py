"""Processes that start, do one thing and end: imports, the command line, the first call of a script."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from attrs import define, field

from benching.answers import TOKEN
from benching.crew import environment
from benching.figures import Table
from benching.names import PEERS
from benching.scripts import PLAIN, scripts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benching.sections import Setting

BARE = "bare interpreter"
_PATIENCE = 60.0
_READY = f"import thanksio; thanksio.ThanksIO({TOKEN!r}, base_url='http://127.0.0.1:1')"
_IMPORTS = {
    BARE: "pass",
    "import httpx, attrs": "import httpx, attrs",
    "import thanksio": "import thanksio",
    "client ready": _READY,
}
_COMMANDS = {
    "thanksio --version": ["--version"],
    "thanksio --help": ["--help"],
    "thanksio cancel --help": ["cancel", "--help"],
}
_IMPORTED = re.compile(r"^import time: +(\d+) \|", re.MULTILINE)


@define
class _Starts:
    """How long starts of one kind took, and what they printed."""

    seconds: dict[str, list[float | None]] = field(factory=dict)
    said: dict[str, list[subprocess.CompletedProcess[str]]] = field(factory=dict)


def _started(section: str, commands: Mapping[str, list[str]], setting: Setting) -> _Starts:
    """Run each once without counting it, so that all is cached, then in rounds, starting with another one each time."""
    found, names = _Starts({name: [] for name in commands}, {name: [] for name in commands}), list(commands)
    for number in range(setting.starts + 1):
        setting.tell(f"{section}: starting processes, round {number} of {setting.starts}")
        start = number % len(names)
        for name in [*names[start:], *names[:start]]:
            began = time.perf_counter()
            run = subprocess.run(
                commands[name],
                env=environment(peer=name in PEERS),
                capture_output=True,
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
            took = time.perf_counter() - began
            if number:
                found.seconds[name].append(took if run.returncode == 0 else None)
                found.said[name].append(run)
    return found


def imports(setting: Setting) -> Table:
    """Import in fresh interpreters, once by the clock and once with `-X importtime`, which counts modules."""
    plain = {name: [sys.executable, "-c", PLAIN + code] for name, code in _IMPORTS.items()}
    counted = {f"{name}, counted": [sys.executable, "-X", "importtime", *line[1:]] for name, line in plain.items()}
    found = _started("import", plain | counted, setting)
    modules, own = dict[str, float](), dict[str, float]()
    for name in _IMPORTS:
        lists = [_IMPORTED.findall(run.stderr) for run in found.said[f"{name}, counted"]]
        modules[name] = statistics.median(map(len, lists))
        own[name] = statistics.median(sum(map(int, times)) / 1e3 for times in lists)
    samples = {name: found.seconds[name] for name in _IMPORTS}
    more = {"modules": modules, "importtime ms": own}
    return Table("import", "Import time, fresh interpreters", "ms", samples, net_of=BARE, more=more)


def commands(setting: Setting) -> Table:
    """Start the command line."""
    lines = {name: [sys.executable, "-m", "thanksio.cli", *words] for name, words in _COMMANDS.items()}
    found = _started("command", {BARE: [sys.executable, "-c", "pass"]} | lines, setting)
    return Table("command", "Start of the command line", "ms", found.seconds, net_of=BARE)


def first(setting: Setting) -> Table:
    """Start a process that makes one call: interpreter, imports, client, connection and call."""
    texts = {name: text for name, text in scripts(setting.url).items() if setting.peers or name not in PEERS}
    lines = {
        name: [str(setting.peers) if name in PEERS else sys.executable, "-c", text] for name, text in texts.items()
    }
    found = _started("first", {BARE: [sys.executable, "-c", "pass"]} | lines, setting)
    absent = {name: _why(runs[0]) for name, runs in found.said.items() if runs[0].returncode}
    said = {name: [_times(run.stdout) for run in found.said[name]] for name in texts if name not in absent}
    more = {
        "ready ms": {name: statistics.median(ready for ready, _ in times) for name, times in said.items()},
        "first call ms": {name: statistics.median(call for _, call in times) for name, times in said.items()},
    }
    samples = {name: seconds for name, seconds in found.seconds.items() if name not in absent}
    title = "First call of a new process, from its start to its end"
    return Table("first", title, "ms", samples, net_of=BARE, more=more, absent=absent)


def _why(run: subprocess.CompletedProcess[str]) -> str:
    return "".join(run.stderr.strip().splitlines()[-1:]) or f"it ended with {run.returncode}"


def _times(said: str) -> tuple[float, float]:
    ready, call = said.split()
    return float(ready) * 1e3, float(call) * 1e3
