"""What is public, what is not, and who may import whom."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
import yaml
from conftest import ROOT

import thanksio
import thanksio.testing
import thanksio_generated
from thanksio import errors

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = [
    "APIConnectionError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncThanksIO",
    "AuthenticationError",
    "CONTRACT_VERSION",
    "CancelResult",
    "CancellationRefusedError",
    "ConfigurationError",
    "InvalidOrderIdError",
    "JournalError",
    "Order",
    "OrderNotCancelledError",
    "OrderNotFoundError",
    "Pace",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "RateLimitError",
    "RetryPolicy",
    "ServerError",
    "ThanksIO",
    "ThanksIOError",
    "UNSET",
    "Unset",
    "__version__",
    "errors",
]
SOURCES = sorted((ROOT / "src" / "thanksio").rglob("*.py"))


def test_the_public_names_are_these() -> None:
    assert sorted(thanksio.__all__) == PUBLIC
    assert sorted(thanksio.testing.__all__) == ["FAULTS", "FakeOrder", "FakeThanksIO", "Fault", "ReceivedCall"]
    assert all(hasattr(thanksio, name) for name in PUBLIC)


@pytest.mark.parametrize("client", [thanksio.ThanksIO, thanksio.AsyncThanksIO])
def test_a_client_is_made_of_these(client: type) -> None:
    signature = inspect.signature(client)
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}

    assert defaults == {
        "token": None,
        "base_url": None,
        "timeout": 10.0,
        "deadline": 90.0,
        "retry": thanksio.RetryPolicy(max_attempts=4, backoff=0.5, cap=8.0),
        "cancel_path": "auto",
        "proxy": None,
        "ssl_context": None,
        "transport": None,
        "pace": False,
        "on_drift": None,
        "on_result": None,
    }
    assert signature.parameters["base_url"].kind is inspect.Parameter.KEYWORD_ONLY


def test_sync_and_async_have_the_same_names() -> None:
    def names(client: type) -> set[str]:
        return {name for name in dir(client) if not name.startswith("_")}

    assert names(thanksio.ThanksIO) == {"cancel_order", "cancel_orders", "close", "with_options"}
    assert names(thanksio.AsyncThanksIO) == {"cancel_order", "cancel_orders", "aclose", "with_options"}


def test_every_public_name_has_a_docstring() -> None:
    public = [getattr(thanksio, name) for name in PUBLIC]
    clients = (thanksio.ThanksIO, thanksio.AsyncThanksIO)
    members = [getattr(client, name) for client in clients for name in dir(client) if not name.startswith("_")]

    assert all(inspect.getdoc(thing) for thing in [*public, *members])
    assert all(kind.__doc__ for kind in vars(errors).values() if inspect.isclass(kind))


def imports(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_one_module_imports_generated_code() -> None:
    importers = [
        path.name for path in SOURCES if any("thanksio_generated" in name for name in imports(path.read_text()))
    ]

    assert importers == ["_models.py"]


@pytest.mark.parametrize(
    "name",
    [
        "_verdict",
        "_retry",
        "_call",
        "_rate_limit",
        "_redact",
        "_tunnel",
        "bulk/_window",
        "bulk/_results",
        "bulk/_run",
        "drift",
        "errors",
    ],
)
def test_what_decides_does_nothing(name: str) -> None:
    """The modules that decide import nothing that could act."""
    roots = {module.partition(".")[0] for module in imports((ROOT / "src" / "thanksio" / f"{name}.py").read_text())}

    assert not roots & {"httpx", "httpcore", "anyio", "socket", "ssl", "time", "random", "os", "asyncio"}


def test_no_module_imports_itself_through_others() -> None:
    """Imports have one direction, those for type checkers included."""
    below = {_module(path): _imported(path) for path in SOURCES if path.parent.name == "thanksio"}
    below.pop("thanksio")  # it loads names when they are first used
    while ends := [name for name, others in below.items() if not others & below.keys()]:
        for name in ends:
            del below[name]

    assert below == {}


def _module(path: Path) -> str:
    return "thanksio" if path.stem == "__init__" else f"thanksio.{path.stem}"


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names |= {
                f"{node.module}.{alias.name}" if node.module == "thanksio" else str(node.module) for alias in node.names
            }
    return names


def test_one_private_name_of_another_library_is_used() -> None:
    """docs/design.md lists it with its reason, and tests/transport guards it."""
    others = r"\b(httpx|httpcore|h11|anyio|attrs?)\.[\w.]*_[a-z]|\bself\._pool\b|from (httpx|httpcore|h11|anyio)\._"
    found = {line.strip() for path in SOURCES for line in path.read_text().splitlines() if re.search(others, line)}

    assert {line.partition("#")[0].strip() for line in found if "self._pool" in line} == {"self._pool = connection"}
    assert [line for line in found if "self._pool" not in line and re.search(r"(?<!self)\._[a-z]", line)] == []


def test_both_packages_are_typed() -> None:
    assert (files(thanksio) / "py.typed").is_file()
    assert (files(thanksio_generated) / "py.typed").is_file()


def test_the_wheel_needs_httpx_attrs_and_what_they_bring() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}

    assert needed == {"httpx", "httpcore", "h11", "anyio", "attrs"}


def test_the_documented_tree_of_errors_is_the_real_one() -> None:
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    (\W*)(\w+Error)\b", line):
            kind = getattr(errors, match[2])
            drawn = len(match[1]) // 3
            assert len([base for base in kind.__mro__ if issubclass(base, errors.ThanksIOError)]) == drawn + 1


@pytest.mark.parametrize("client", [thanksio.ThanksIO, thanksio.AsyncThanksIO])
def test_a_run_is_made_of_these(client: type) -> None:
    parameters = inspect.signature(client.cancel_orders).parameters  # type: ignore[attr-defined]

    assert {name: parameter.default for name, parameter in parameters.items() if name not in {"self", "ids"}} == {
        "max_in_flight": 8,
        "pace": True,
        "journal": None,
        "deadline": None,
    }


def test_versions_are_stated_once() -> None:
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert contract["info"]["version"] == thanksio.CONTRACT_VERSION
    assert project["version"] == thanksio.__version__
