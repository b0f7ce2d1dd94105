"""Build the wheel, look into it, and run the tests on it as it will be installed.

Three environments: the locked one, in which the coverage is measured; the oldest libraries that pyproject.toml
allows; the newest that can be had. And one with nothing but the wheel, in which an order must be cancelled.
"""

from __future__ import annotations

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


class WheelTestError(Exception):
    """The wheel is not what it should be."""


def main() -> int:
    """Run all of it; the first thing that is wrong ends it."""
    with tempfile.TemporaryDirectory(prefix="thanksio-wheel-") as folder:
        scratch = Path(folder)
        try:
            wheel = build(scratch / "dist")
            look_into(wheel)
            alone(scratch / "alone", wheel)
            suite(scratch / "locked", wheel, "--cov", "--cov-report=term-missing:skip-covered")
            suite(scratch / "lowest", wheel, libraries=["--require-hashes", "-r", str(LOCKS / "lowest.txt")])
            suite(scratch / "newest", wheel, libraries=["--upgrade", *requirements()])
        except (WheelTestError, subprocess.CalledProcessError) as error:
            print(f"wheel-test: {error}", file=sys.stderr)
            return 1
    print("wheel-test: the wheel is sound.")
    return 0


def say(what: str) -> None:
    """Show progress: this takes minutes."""
    print(f"wheel-test: {what} ...", flush=True)


def run(*command: str | Path) -> str:
    """Run a command in the repository; its output is shown as it comes only for the tests."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def pip(python: Path, *arguments: str | Path) -> str:
    """Run an environment's pip."""
    return run(python, "-m", "pip", "--disable-pip-version-check", *arguments)


def installed(python: Path) -> dict[str, str]:
    """Return the name and version of everything in an environment."""
    listed = pip(python, "list", "--format=freeze").split()
    return {name.replace("-", "_").lower(): version for name, _, version in (line.partition("==") for line in listed)}


def environment(folder: Path) -> Path:
    """Make a virtual environment and give its interpreter."""
    run(sys.executable, "-m", "venv", folder)
    return folder / "bin" / "python"


def requirements() -> list[str]:
    """Return the libraries with their bounds, as the wheel states them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [str(line) for line in project["dependencies"]]


def build(folder: Path) -> Path:
    """Build the wheel with the locked build backend."""
    say("building")
    pip(Path(sys.executable), "--quiet", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def look_into(wheel: Path) -> None:
    """Check that the wheel holds both packages, all of their files, and nothing else."""
    say(f"looking into {wheel.name}")
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(parent).as_posix()
        for parent, package in ((ROOT / "src", "thanksio"), (ROOT / "generated", "thanksio_generated"))
        for path in (parent / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if found != expected or not {"thanksio/py.typed", "thanksio_generated/py.typed"} <= found:
        raise WheelTestError(f"contents differ: {sorted(found ^ expected)}")


def alone(folder: Path, wheel: Path) -> None:
    """Install the wheel and nothing else, and cancel an order; then with trio, too."""
    say("cancelling an order with nothing but the wheel")
    python = environment(folder)
    pip(python, "--quiet", "install", wheel)
    found = installed(python).keys()
    if "thanksio" not in found or not found <= ALLOWED:
        raise WheelTestError(f"beside the wheel there is {sorted(found - ALLOWED)}")
    print(run(python, ROOT / "scripts" / "bare.py", "asyncio"), end="")
    command = subprocess.run(
        [str(python.with_name("thanksio")), "--version"], capture_output=True, text=True, check=False
    )
    if command.returncode != 5 or "pip install 'thanksio[cli]'" not in command.stderr:  # noqa: PLR2004 - see its help
        raise WheelTestError(f"without its extra, the command says {command.stderr!r}")
    pip(python, "--quiet", "install", "trio")
    print(run(python, ROOT / "scripts" / "bare.py", "trio"), end="")


def suite(folder: Path, wheel: Path, *options: str, libraries: list[str] | None = None) -> None:
    """Run the whole suite on the installed wheel, over these libraries or the locked ones."""
    say(f"setting up the {folder.name} libraries")
    python = environment(folder)
    pip(python, "--quiet", "install", "--require-hashes", "-r", LOCKS / "dev.txt")
    if libraries:
        pip(python, "--quiet", "install", "--no-warn-conflicts", *libraries)
    pip(python, "--quiet", "install", "--no-deps", wheel)
    place = run(python, "-c", "import thanksio; print(thanksio.__file__)").strip()
    if not place.startswith(str(folder)):
        raise WheelTestError(f"the tests would run on {place}, which is not the wheel")
    found = installed(python)
    say("testing with " + ", ".join(f"{name} {found[name]}" for name in LIBRARIES))
    subprocess.run([str(python), "-m", "pytest", "-q", "--numprocesses", "4", *options], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
