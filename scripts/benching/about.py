"""Describe a run: the machine, the versions and the date."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benching.answers import ROOT

_OURS = ("thanksio", "httpx", "httpcore", "anyio", "attrs")
_PEERS = ("postgrid-python", "lob-python", "openai", "stripe")
_ASK = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def about(server: str, peers: Path | None) -> dict[str, str]:
    """Return the machine, the versions and the date, each in words."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "server": server,
        "commit": commit(),
        "load before": " ".join(f"{figure:.1f}" for figure in os.getloadavg()),
        "versions": ", ".join(f"{name} {found}" for name, found in versions().items()),
        "peers": ", ".join(f"{name} {found}" for name, found in peer_versions(peers).items()) or "not measured",
    }


def processor() -> str:
    """Return the name of the processor, where the system says so."""
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", path.read_text("utf-8")) if path.exists() else None
    return " ".join(found[1].split()) if found else platform.processor() or platform.machine()


def commit() -> str:
    """Return the commit that is measured, with a plus if the working tree differs from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def versions() -> dict[str, str]:
    """Return the versions of the installed libraries that are measured."""
    found = {}
    for name in _OURS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def peer_versions(python: Path | None) -> dict[str, str]:
    """Return the versions of the peers, from their interpreter."""
    if not python:
        return {}
    command = [str(python), "-c", _ASK, *_PEERS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    found: dict[str, str] = json.loads(done.stdout or "{}")
    return found
