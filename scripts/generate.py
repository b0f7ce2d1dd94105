"""Generate generated/thanksio_generated/ from openapi.yaml, or check that it matches."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML  # the generator brings it

ROOT = Path(__file__).resolve().parent.parent
BANNER = b"# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.\n"
# The generator drops a schema that it cannot read; these are the files that the facade needs.
REQUIRED = ("api/orders/cancel_order.py", "api/orders/cancel_order_plural.py", "models/order_response.py")


class GenerationError(Exception):
    """The generator refused the contract, or left out something that the facade needs."""


def generate(contract: Path, target: Path) -> None:
    """Write the package for `contract` into `target`, which must not exist yet. Raises GenerationError."""
    tools = Path(sys.executable).parent
    command = [str(tools / "openapi-python-client"), "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", str(contract), "--config", str(ROOT / "openapi-python-client.yaml")]
    command += ["--output-path", str(target)]
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONUTF8": "1"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    if run.returncode:
        raise GenerationError(f"openapi-python-client failed:\n\n{run.stdout}{run.stderr}")
    for name in REQUIRED:
        if not (target / name).is_file() or b"OrderResponse" not in (target / name).read_bytes():
            raise GenerationError(
                f"The generator reported success, but {name} is missing or does not name OrderResponse.\n"
                "The operations must be named cancelOrder and cancelOrderPlural, with the tag orders."
            )
    (target / "contract.py").write_text(facts(contract), "utf-8")
    for module in target.rglob("*.py"):
        module.write_bytes(BANNER + module.read_bytes())
    (target / "py.typed").touch()


def facts(contract: Path) -> str:
    """Return a module with what the contract states and the generator does not pass on."""
    document = YAML(typ="safe").load(contract)
    fields = document["components"]["schemas"]["Order"]["properties"]
    words = {name: field["x-display-words"] for name, field in fields.items() if "x-display-words" in field}
    return (
        '"""What the contract says of itself, and the generator does not pass on."""\n\n'
        f'VERSION = "{document["info"]["version"]}"\nSERVER = "{document["servers"][0]["url"]}"\n\n'
        "# Forms in which the server also shows the known words of an order's field.\n"
        f"DISPLAY_WORDS: dict[str, list[str]] = {json.dumps(words)}\n"
    )


def differences(expected: Path, actual: Path) -> list[str]:
    """Return the name of every file that is not the same in both folders, and how it differs."""
    wanted, found = files(expected), files(actual)
    return [
        *(f"missing  {name}" for name in sorted(wanted.keys() - found.keys())),
        *(f"extra    {name}" for name in sorted(found.keys() - wanted.keys())),
        *(f"differs  {name}" for name in sorted(wanted.keys() & found.keys()) if wanted[name] != found[name]),
    ]


def files(package: Path) -> dict[str, bytes]:
    """Return the content of every file."""
    paths = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in paths}


def main() -> None:
    """Generate or check; exit with 1 and the reason if the contract is unusable or the package does not match."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; touch nothing")
    parser.add_argument("--contract", type=Path, default=ROOT / "openapi.yaml")
    parser.add_argument("--package", type=Path, default=ROOT / "generated" / "thanksio_generated")
    options = parser.parse_args()
    package: Path = options.package
    # Beside the package, so that it can be renamed; a check stays out of the tree altogether.
    with tempfile.TemporaryDirectory(prefix=".generate-", dir=None if options.check else package.parent) as folder:
        new = Path(folder) / "new"
        try:
            generate(options.contract, new)
        except GenerationError as error:
            sys.exit(f"{error}\n{package.name} is left as it was.")
        if not options.check:
            if package.exists():
                shutil.rmtree(package)
            new.rename(package)
        elif found := differences(new, package):
            sys.exit("\n  ".join([f"{package.name} does not match the contract:", *found]) + "\nFix: make generate")
    print(f"{package.name} matches {options.contract.name}")


if __name__ == "__main__":
    main()
