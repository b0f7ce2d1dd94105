"""A change of the contract is rated as a user of the client would rate it."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from fnmatch import fnmatchcase
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conftest import ROOT
from contract_seeds import SEEDS, field, put

import api_diff.__main__ as contract_diff
from api_diff import python, rules
from api_diff.change import DiffError, Rating
from api_diff.surface import load, surface

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contract_seeds import Told

    from api_diff.change import Change
    from api_diff.surface import Surface

GENERATOR = ROOT / ".venv-generator" / "bin"
CONTRACT = (ROOT / "openapi.yaml").read_text("utf-8")


def tree(root: Path, contract: str) -> None:
    """Lay out a tree with a contract, what is generated from it, and the client of today."""
    (root / "openapi.yaml").write_text(contract, "utf-8")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "generated").mkdir()
    options = ["--meta", "none", "--config", str(ROOT / "openapi-python-client.yaml"), "--fail-on-warning"]
    target = ["--path", str(root / "openapi.yaml"), "--output-path", str(root / "generated" / "thanksio_generated")]
    subprocess.run(
        [str(GENERATOR / "openapi-python-client"), "generate", *options, *target],
        env=os.environ | {"PATH": f"{GENERATOR}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    # `make generate` refuses some of what is tried here, so it is the generator that runs; and this is left.
    shutil.copy(ROOT / "generated" / "thanksio_generated" / "contract.py", root / "generated" / "thanksio_generated")


def fits(change: Change, told: Told) -> bool:
    rating, where, why = told
    named = fnmatchcase(change.where, where.replace("[]", "[[]]"))
    return change.rating is rating and named and why in change.effect


@pytest.mark.parametrize("group", dict.fromkeys(seed.group for seed in SEEDS))
def test_each_change_is_rated_for_users_and_nothing_else_is_reported(
    tmp_path: Path, subtests: pytest.Subtests, group: str
) -> None:
    """The changes of a group are made together, for to generate and compare takes two seconds."""
    seeds = [seed for seed in SEEDS if seed.group == group]
    changed = reduce(lambda contract, seed: seed.edit(contract), seeds, CONTRACT)
    if group == "responses":  # these are not in the public Python
        found = rules.changes(CONTRACT, changed)
    else:
        tree(tmp_path, changed)
        found = contract_diff.compare(tmp_path, ROOT)

    for seed in seeds:
        for told in seed.told:
            with subtests.test(f"{seed.name}: {told[1]}"):
                assert [change for change in found if fits(change, told)], found
    expected = [told for seed in seeds for told in seed.told]
    assert not [change for change in found if not any(fits(change, told) for told in expected)]


def test_what_only_people_read_is_invisible() -> None:
    found = rules.changes(CONTRACT, put("x-evidence: [seed, auth]", "x-evidence: [auth] # newer")(CONTRACT))

    assert [(change.rating, change.where) for change in found] == [(Rating.INVISIBLE, "openapi.yaml")]
    assert rules.changes(CONTRACT, CONTRACT) == []


BAD: dict[str, Callable[[str], str]] = {
    "no yaml": put("openapi: 3.1.0", "openapi: [3.1.0"),
    "no object": lambda _: "- openapi",
    "dangling reference": put("schemas/Order'", "schemas/Nothing'"),
}


@pytest.mark.parametrize("damage", BAD.values(), ids=BAD.keys())
def test_a_contract_that_cannot_be_compared_is_an_error(damage: Callable[[str], str]) -> None:
    with pytest.raises(DiffError):
        rules.changes(CONTRACT, damage(CONTRACT))


Contract = dict[str, Any]
ORDER, ORDERS = "/order/{order_id}/cancel", "/orders/{order_id}/cancel"


def fields(contract: Contract) -> Contract:
    found: Contract = contract["components"]["schemas"]["Order"]["properties"]
    return found


def operation(contract: Contract, path: str = ORDER) -> Contract:
    found: Contract = contract["paths"][path]["put"]
    return found


def order_of_its_own(contract: Contract) -> Contract:
    """Give the second operation a response of its own, and return the order's schema in it."""
    response = copy.deepcopy(contract["components"]["responses"]["OrderResponse"])
    schema = copy.deepcopy(contract["components"]["schemas"]["OrderResponse"])
    order: Contract = copy.deepcopy(contract["components"]["schemas"]["Order"])
    schema["properties"]["order"] = order
    response["content"]["application/json"]["schema"] = schema
    operation(contract, ORDERS)["responses"]["200"] = response
    return order


def renamed_parameter(contract: Contract) -> None:
    contract["components"]["parameters"]["OrderId"]["name"] = "id"
    for path in (ORDER, ORDERS):
        contract["paths"][path.replace("order_id", "id")] = contract["paths"].pop(path)


def closed_in_all_of(contract: Contract) -> None:
    field = fields(contract)["type"]
    field["allOf"] = [{"type": "string"}, field.pop("anyOf")[0]]


REQUIRED = {"name": "x", "in": "header", "required": True, "schema": {"type": "string"}}
ELSEWHERE = [{"url": "https://other.example/api"}]
ALONE: dict[str, tuple[Callable[[Contract], Any], Rating, str]] = {  # one edit; the worst rating, and where
    "200 removed from one operation": (
        lambda it: operation(it, ORDERS)["responses"].pop("200"),
        Rating.BREAKING,
        "response 200",
    ),
    "status removed from one operation": (
        lambda it: operation(it, ORDERS)["responses"].pop("405"),
        Rating.INVISIBLE,
        "response 405",
    ),
    "field removed from one operation": (
        lambda it: order_of_its_own(it)["properties"].pop("style"),
        Rating.BREAKING,
        "order.style",
    ),
    "field retyped in one operation": (
        lambda it: order_of_its_own(it)["properties"]["style"].update(type="string"),
        Rating.BREAKING,
        "order.style",
    ),
    "response written out in one operation": (order_of_its_own, Rating.INVISIBLE, "openapi.yaml"),
    "parameter required by one operation": (
        lambda it: operation(it, ORDERS)["parameters"].append(REQUIRED),
        Rating.BREAKING,
        "header parameter x",
    ),
    "server of one operation": (
        lambda it: operation(it, ORDERS).update(servers=ELSEWHERE),
        Rating.BREAKING,
        "servers 0",
    ),
    "parameter of the path renamed": (renamed_parameter, Rating.INVISIBLE, "openapi.yaml"),
    "shorter ids": (
        lambda it: it["components"]["parameters"]["OrderId"]["schema"].update(maxLength=5),
        Rating.BREAKING,
        "path parameter 1",
    ),
    "const": (lambda it: fields(it)["style"].update(const=1), Rating.BREAKING, "order.style"),
    "set closed by allOf": (closed_in_all_of, Rating.BREAKING, "order.type"),
    "set open in other words": (
        lambda it: fields(it)["type"]["anyOf"][1].update(type=["string"]),
        Rating.INVISIBLE,
        "openapi.yaml",
    ),
    "items of any type": (
        lambda it: fields(it)["thumbnail_images"].pop("items"),
        Rating.BREAKING,
        "order.thumbnail_images[]",
    ),
    "smaller range": (lambda it: fields(it)["settled"].update(maximum=0), Rating.COMPATIBLE, "order.settled"),
    "range removed": (lambda it: fields(it)["settled"].pop("maximum"), Rating.BREAKING, "order.settled"),
    "order within itself": (
        lambda it: fields(it).update(parent={"$ref": "#/components/schemas/Order"}),
        Rating.COMPATIBLE,
        "order.parent",
    ),
    "field in two parts": (
        lambda it: it["components"]["schemas"]["Order"].update(allOf=[{"properties": {"style": {"type": "string"}}}]),
        Rating.BREAKING,
        "order.style",
    ),
}


@pytest.mark.parametrize(("edit", "rating", "where"), ALONE.values(), ids=ALONE.keys())
def test_a_change_in_one_place_is_rated(edit: Callable[[Contract], Any], rating: Rating, where: str) -> None:
    contract = json.loads(json.dumps(yaml.safe_load(CONTRACT)))  # without shared parts: an edit stays in its place
    before = json.dumps(contract)
    edit(contract)

    found = rules.changes(before, json.dumps(contract))

    assert max(change.rating for change in found) is rating
    assert where in {change.where for change in found if change.rating is rating}


def test_a_set_of_words_that_is_closed_may_become_smaller_and_not_larger() -> None:
    def closed(*words: str) -> str:
        return field("back_image", "type: [string, 'null']", f"type: string\n          enum: [{', '.join(words)}]")(
            CONTRACT
        )

    (smaller,) = rules.changes(closed("a", "b"), closed("a"))
    (larger,) = rules.changes(closed("a"), closed("a", "b"))

    assert (smaller.rating, smaller.what) == (Rating.COMPATIBLE, "words: removed b")
    assert (larger.rating, larger.what) == (Rating.BREAKING, "words: added b")


def facts(source: str, folder: Path) -> Surface:
    package = folder / "src" / "thanksio"
    (package / "testing").mkdir(parents=True)
    (package / "__init__.py").write_text(source, "utf-8")
    (package / "testing" / "__init__.py").write_text("__all__ = []\n", "utf-8")
    return surface(load(folder))


HEAD = "from attrs import frozen\nfrom typing import Literal, TypeAlias\n__all__ = ['Thing', 'work']\n"
OLD = (
    HEAD
    + """
Word: TypeAlias = Literal["a", "b"]
class _Base: pass
class Middle(_Base, ValueError): pass
class Thing(Middle):
    size: int
    def __init__(self, size: int, *, word: Word = "a") -> None: ...
    def give(self, deadline: float | None = None) -> Word: ...
    def _private(self) -> None: ...
@frozen
class _Policy:
    most: int = 4
    cap: float = 1.0
def work(first: int, second: str = "x", *, third: bool = False) -> int: ...
"""
)
PYTHON: dict[str, tuple[str, str, list[tuple[Rating, str]]]] = {
    "nothing": ("", "", []),
    "name removed": ("['Thing', 'work']", "['Thing']", [(Rating.BREAKING, "thanksio.work")]),
    "method removed": (
        "def give(",
        "def hand(",
        [(Rating.BREAKING, "thanksio.Thing.give"), (Rating.COMPATIBLE, "thanksio.Thing.hand")],
    ),
    "private method removed": ("def _private(self) -> None", "def _other(self) -> None", []),
    "private base renamed": ("_Base", "_Root", []),
    "base removed": (", ValueError", "", [(Rating.BREAKING, "thanksio.Thing is a ValueError")]),
    "parameter removed": (", *, third: bool = False", "", [(Rating.BREAKING, "thanksio.work(third)")]),
    "parameter added": ("third: bool", "fourth: int = 1, third: bool", [(Rating.COMPATIBLE, "thanksio.work(fourth)")]),
    "parameter that must be given": (
        "third: bool",
        "fourth: int, third: bool",
        [(Rating.BREAKING, "thanksio.work(fourth)")],
    ),
    "parameter required": (
        "second: str = 'x'".replace("'", '"'),
        "second: str",
        [(Rating.BREAKING, "thanksio.work(second)")],
    ),
    "parameter moved": (
        'first: int, second: str = "x"',
        'second: str = "x", first: int = 0',
        [
            (Rating.BREAKING, "thanksio.work(first)"),
            (Rating.BREAKING, "thanksio.work(second)"),
            (Rating.COMPATIBLE, "thanksio.work(first)"),
        ],
    ),
    "parameter by keyword alone": (
        'second: str = "x", *,',
        '*, second: str = "x",',
        [(Rating.BREAKING, "thanksio.work(second)")],
    ),
    "parameter takes more": ("first: int", "first: float", [(Rating.COMPATIBLE, "thanksio.work(first)")]),
    "parameter takes less": (
        "deadline: float | None = None",
        "deadline: float = 1.0",
        [(Rating.BREAKING, "thanksio.Thing.give(deadline)"), (Rating.COMPATIBLE, "thanksio.Thing.give(deadline)")],
    ),
    "default changed": ("third: bool = False", "third: bool = True", [(Rating.COMPATIBLE, "thanksio.work(third)")]),
    "result wider": ("-> int", "-> int | None", [(Rating.BREAKING, "thanksio.work() ->")]),
    "result unknown": ("-> int", "-> object", [(Rating.BREAKING, "thanksio.work() ->")]),
    "field retyped": ("size: int\n", "size: str\n", [(Rating.BREAKING, "thanksio.Thing.size")]),
    "word added to an alias": (
        'Literal["a", "b"]',
        'Literal["a", "b", "c"]',
        [(Rating.COMPATIBLE, "thanksio.Thing(word)"), (Rating.BREAKING, "thanksio.Thing.give() ->")],
    ),
    "function becomes a value": (
        'def work(first: int, second: str = "x", *, third: bool = False) -> int: ...',
        "work = 1",
        [(Rating.BREAKING, "thanksio.work")],
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), PYTHON.values(), ids=PYTHON.keys())
def test_a_change_of_the_python_is_rated(tmp_path: Path, old: str, new: str, told: list[tuple[Rating, str]]) -> None:
    assert old in OLD
    found = python.compare(facts(OLD, tmp_path / "old"), facts(OLD.replace(old, new), tmp_path / "new"))

    assert sorted((change.rating, change.where) for change in found) == sorted(told)


def test_python_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DiffError, match="cannot be read"):
        load(tmp_path)


def test_the_seeds_are_many() -> None:
    assert len({seed.name for seed in SEEDS}) == len(SEEDS) >= 40
