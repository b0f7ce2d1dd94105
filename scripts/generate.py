"""Turn openapi.yaml into generated/thanksio_generated/, or check that this has been done."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML  # the generator brings it

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "openapi.yaml"
PACKAGE = ROOT / "generated" / "thanksio_generated"
BANNER = b"# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.\n"

# The generator drops a schema that it cannot read; these are the files without which a cancel has no answer.
REQUIRED = ("api/orders/cancel_order.py", "api/orders/cancel_order_plural.py", "models/order_response.py")


class GenerationError(Exception):
    """The generator refused the contract, or left out something that the facade needs."""


def generate(contract: Path, target: Path) -> None:
    """Write the package for `contract` into `target`, which must not exist yet."""
    if not contract.is_file():
        raise GenerationError(f"There is no contract at {contract}.")
    tools = Path(sys.executable).parent
    command = [str(tools / "openapi-python-client"), "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", str(contract), "--config", str(ROOT / "openapi-python-client.yaml")]
    command += ["--output-path", str(target)]
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONUTF8": "1"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    if run.returncode:
        raise GenerationError(f"openapi-python-client says:\n\n{run.stdout}{run.stderr}")
    _complete(target, contract)


def _complete(package: Path, contract: Path) -> None:
    """Add what the generator leaves out, and make sure that no part is missing."""
    for name in REQUIRED:
        if not (package / name).is_file() or b"OrderResponse" not in (package / name).read_bytes():
            raise GenerationError(
                f"The generator reported success, but {name} is missing or has no answer in it.\n"
                "The operations must be named cancelOrder and cancelOrderPlural, with the tag orders."
            )
    document = YAML(typ="safe").load(contract)
    (package / "contract.py").write_text(
        '"""What the contract says of itself, and the generator does not pass on."""\n\n'
        f'VERSION = "{document["info"]["version"]}"\nSERVER = "{document["servers"][0]["url"]}"\n\n'
        "# Forms in which the server also shows the known words of an order's field.\n"
        f"DISPLAY_WORDS: dict[str, list[str]] = {json.dumps(_display_words(document))}\n",
        "utf-8",
    )
    for module in package.rglob("*.py"):
        module.write_bytes(BANNER + module.read_bytes())
    (package / "py.typed").touch()


def _display_words(document: dict[str, Any]) -> dict[str, list[str]]:
    fields = document["components"]["schemas"].get("Order", {}).get("properties", {})
    return {name: list(field["x-display-words"]) for name, field in fields.items() if "x-display-words" in field}


def swap_in(new: Path, package: Path) -> None:
    """Put `new` in the place of `package`, by renaming; if that fails, the old one is put back."""
    old = new.with_name("old")
    if package.exists():
        package.rename(old)
    try:
        new.rename(package)
    except OSError:
        if old.exists():
            old.rename(package)
        raise


def differences(expected: Path, actual: Path) -> list[str]:
    """Name every file that is not the same on both sides, and how it differs."""
    wanted, found = _files(expected), _files(actual)
    return [
        *(f"missing  {name}" for name in sorted(wanted.keys() - found.keys())),
        *(f"extra    {name}" for name in sorted(found.keys() - wanted.keys())),
        *(f"differs  {name}" for name in sorted(wanted.keys() & found.keys()) if wanted[name] != found[name]),
    ]


def _files(package: Path) -> dict[str, bytes]:
    paths = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in paths}


def main(arguments: list[str] | None = None) -> int:
    """Generate or check; 1 means that the package is not what the contract says, and why is on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; touch nothing")
    parser.add_argument("--contract", type=Path, default=CONTRACT)
    parser.add_argument("--package", type=Path, default=PACKAGE)
    options = parser.parse_args(arguments)
    # Beside the package, so that the swap is a rename; a check stays out of the tree altogether.
    scratch = Path(tempfile.mkdtemp(prefix=".generate-", dir=None if options.check else options.package.parent))
    try:
        generate(options.contract, scratch / "new")
        if options.check:
            return _report(differences(scratch / "new", options.package), options.package)
        swap_in(scratch / "new", options.package)
    except GenerationError as error:
        print(f"{error}\n{options.package.name} is left as it was.", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{options.package.name}: {len(_files(options.package))} files written from {options.contract.name}")
    return 0


def _report(found: list[str], package: Path) -> int:
    if not found:
        print(f"{package.name} is what the contract says.")
        return 0
    print(f"{package.name} is not what the contract says:\n", *found, sep="\n  ", file=sys.stderr)
    print("\nRepair it with: make generate", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
