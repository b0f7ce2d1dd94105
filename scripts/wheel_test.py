"""Build the wheel, check its contents and types, and run the tests on it as it is installed.

The tests run with the oldest libraries that pyproject.toml allows, and with the newest unless these are the locked
ones, with which `make test` runs. An environment with nothing but the wheel must be able to cancel an order.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "scripts" / "locks"
LIBRARIES = ("httpx", "httpcore", "anyio", "attrs")
# What httpx and attrs bring, under any Python that is supported; an install beyond this is a new dependency.
ALLOWED = {"thanksio", "pip", "setuptools", *LIBRARIES, "certifi", "h11", "idna", "sniffio", "typing_extensions"}
NEEDS_EXTRA = 5  # the exit code of the command without the extra `cli`


def main() -> None:
    """Run everything, and stop at the first failure."""
    with tempfile.TemporaryDirectory(prefix="thanksio-wheel-") as folder:
        scratch = Path(folder)
        wheel = build(scratch / "dist")
        check_contents(wheel)
        cancel_with_nothing_else(scratch / "alone", wheel)
        lowest = install(scratch / "lowest", wheel, "--require-hashes", "-r", LOCKS / "lowest.txt")
        check_types(lowest)
        run_tests(lowest)
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        newest = install(scratch / "newest", wheel, "--upgrade", *project["dependencies"])
        if versions(newest) == versions(Path(sys.executable)):
            say("the newest libraries are the locked ones; not testing them again")
        else:
            run_tests(newest)
    say("passed")


def say(text: str) -> None:
    """Show progress: this takes minutes."""
    print(f"wheel-test: {text}", flush=True)


def run(*command: str | Path) -> str:
    """Run a command in the repository, and return its output."""
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def pip(python: Path, *arguments: str | Path) -> str:
    """Run an environment's pip, and return its output."""
    return run(python, "-m", "pip", "--disable-pip-version-check", *arguments)


def installed(python: Path) -> dict[str, str]:
    """Return the name and version of everything in an environment."""
    lines = pip(python, "list", "--format=freeze").replace("-", "_").lower().split()
    return dict(line.split("==") for line in lines)


def versions(python: Path) -> dict[str, str]:
    """Return the versions of the libraries that the wheel needs."""
    found = installed(python)
    return {name: found[name] for name in LIBRARIES}


def new_environment(folder: Path) -> Path:
    """Create a virtual environment, and return its interpreter."""
    run(sys.executable, "-m", "venv", folder)
    return folder / "bin" / "python"


def build(folder: Path) -> Path:
    """Build the wheel with the locked build backend."""
    say("building")
    pip(Path(sys.executable), "--quiet", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """Check that the wheel contains all files of both packages, and nothing else."""
    say(f"checking {wheel.name}")
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(parent).as_posix()
        for parent, package in ((ROOT / "src", "thanksio"), (ROOT / "generated", "thanksio_generated"))
        for path in (parent / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if found != expected or not {"thanksio/py.typed", "thanksio_generated/py.typed"} <= found:
        sys.exit(f"the wheel has other contents: {sorted(found ^ expected)}")


def cancel_with_nothing_else(folder: Path, wheel: Path) -> None:
    """Install the wheel and nothing else, and cancel an order; then also with trio."""
    say("cancelling an order with nothing but the wheel")
    python = new_environment(folder)
    pip(python, "--quiet", "install", wheel)
    if beyond := installed(python).keys() - ALLOWED:
        sys.exit(f"the wheel also installs {sorted(beyond)}")
    print(run(python, ROOT / "scripts" / "bare.py", "asyncio"), end="")
    command = subprocess.run([folder / "bin" / "thanksio"], capture_output=True, text=True, check=False)
    if command.returncode != NEEDS_EXTRA or "pip install 'thanksio[cli]'" not in command.stderr:
        sys.exit(f"without its extra, the command prints {command.stderr!r}")
    pip(python, "--quiet", "install", "trio")
    print(run(python, ROOT / "scripts" / "bare.py", "trio"), end="")


def install(folder: Path, wheel: Path, *libraries: str | Path) -> Path:
    """Create an environment with the tools of the tests, these libraries and the wheel; return its interpreter."""
    say(f"setting up the {folder.name} libraries")
    python = new_environment(folder)
    pip(python, "--quiet", "install", "--require-hashes", "-r", LOCKS / "dev.txt")
    pip(python, "--quiet", "install", "--no-warn-conflicts", *libraries)
    pip(python, "--quiet", "install", "--no-deps", wheel)
    place = run(python, "-c", "import thanksio; print(thanksio.__file__)")
    if not place.startswith(str(folder)):
        sys.exit(f"the tests would run on {place}, which is not the wheel")
    return python


def check_types(python: Path) -> None:
    """Check that every public name has a known type."""
    say("checking that all public types are known")
    command = [str(LOCKS / "node_modules" / ".bin" / "pyright"), "--verifytypes", "thanksio", "--ignoreexternal"]
    environment = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}  # it looks for `python`
    done = subprocess.run(command, cwd=python.parent, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode or "Type completeness score: 100%" not in done.stdout:
        sys.exit(f"public types are incomplete:\n{done.stdout}")


def run_tests(python: Path) -> None:
    """Run the suite on the installed wheel, except the tests of `scripts/`, which does not depend on it."""
    say("testing with " + ", ".join(f"{name} {version}" for name, version in versions(python).items()))
    command = [str(python), "-m", "pytest", "-q", "--numprocesses", "4", "--ignore", "tests/scripts"]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
