"""Generation is reproducible, replaces the package as a whole, and is checked both ways."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from contract import ORDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PYTHON = ROOT / ".venv-generator" / "bin" / "python"  # `make .venv-generator/ready` makes it
PACKAGE = ROOT / "generated" / "thanksio_generated"
Tree = dict[str, bytes]


def tree(package: Path) -> Tree:
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in files}


def generate(package: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    assert PYTHON.exists(), "run the tests with `make test`, which installs the generator"
    command = [str(PYTHON), str(ROOT / "scripts" / "generate.py"), "--package", str(package), *options]
    return subprocess.run(
        command, env=os.environ | environment, cwd=package.parent, capture_output=True, text=True, check=False
    )


def test_the_same_bytes_come_out_everywhere(tmp_path: Path) -> None:
    """Neither hash seed, time zone nor locale matters, nor a ruff setting of the repository around it."""
    (tmp_path / "pyproject.toml").write_text('[tool.ruff]\nline-length = 40\nlint.select = ["ALL"]\nindent-width = 2\n')
    (tmp_path / "ruff.toml").write_text('line-length = 50\nformat.quote-style = "single"\n')

    run = generate(tmp_path / "package", PYTHONHASHSEED="1", LC_ALL="C", LANG="C", TZ="Asia/Kathmandu")

    assert run.returncode == 0, run.stderr
    assert tree(tmp_path / "package") == tree(PACKAGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["package", "pyproject.toml", "ruff.toml"]


def test_every_module_is_marked_as_generated() -> None:
    files = tree(PACKAGE)

    assert files.pop("py.typed") == b""
    assert len(files) > 10
    assert all(text.startswith(b"# Generated from openapi.yaml") for text in files.values())


def test_an_editor_shows_the_description_of_every_field_of_an_order() -> None:
    """Editors read the string below a field, and no list in the docstring of the class."""
    module = ast.parse(tree(PACKAGE)["models/order.py"])
    (order,) = (node for node in module.body if isinstance(node, ast.ClassDef))
    shown = {
        field.target.id.removesuffix("_"): " ".join(text.value.value.split())
        for field, text in pairwise(order.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }

    assert shown == {name: " ".join(schema["description"].split()) for name, schema in ORDER["properties"].items()}


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "no yaml": (lambda _: "openapi: [", "Invalid YAML"),
    "dangling reference": (lambda text: text.replace("schemas/Order'", "schemas/Nothing'"), "Nothing"),
    "no operation": (lambda text: text.replace("operationId: cancelOrderPlural", "operationId: other"), "plural"),
}


@pytest.mark.parametrize(("damage", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_contract_leaves_the_package_and_prints_the_reason(
    tmp_path: Path, damage: Callable[[str], str], words: str
) -> None:
    package, contract = tmp_path / "package", tmp_path / "openapi.yaml"
    shutil.copytree(PACKAGE, package)
    sound = (ROOT / "openapi.yaml").read_text("utf-8")
    contract.write_text(damage(sound), "utf-8")
    assert contract.read_text("utf-8") != sound

    run = generate(package, "--contract", str(contract))

    assert run.returncode == 1
    assert words in run.stderr
    assert "left as it was" in run.stderr
    assert tree(package) == tree(PACKAGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["openapi.yaml", "package"]


def edited(package: Path) -> list[str]:
    """Change a package in every way, and return what is to be reported."""
    with (package / "client.py").open("a") as file:
        file.write("# better\n")
    (package / "models" / "order_response.py").write_text("")
    (package / "models" / "order.py").unlink()
    (package / "py.typed").unlink()
    (package / "models" / "mine.py").write_text("x = 1\n")
    (package / "helpers.txt").touch()
    return [
        "missing  models/order.py",
        "missing  py.typed",
        "extra    helpers.txt",
        "extra    models/mine.py",
        "differs  client.py",
        "differs  models/order_response.py",
    ]


def test_the_check_lists_each_difference_and_the_fix_repairs_it(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(PACKAGE, package)
    lines = edited(package)
    before = tree(package)

    run = generate(package, "--check")

    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "package does not match the contract:",
        *(f"  {line}" for line in lines),
        "Fix: make generate",
    ]
    assert tree(package) == before

    assert generate(package).returncode == 0
    assert tree(package) == tree(PACKAGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["package"]


def test_the_check_passes_what_generation_made() -> None:
    run = generate(PACKAGE, "--check")

    assert (run.returncode, run.stderr) == (0, "")
