"""Collect the public Python of a source tree without importing it: names, parameters, fields, types and words."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import griffe
from attrs import field, frozen

from api_diff.change import DiffError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind: TypeAlias = Literal["module", "class", "base", "function", "value", "field", "parameter", "result", "word"]

GENERATED = "thanksio_generated"
_MODULES = ("thanksio", "thanksio.testing")  # public is what is in their __all__
# Special methods that users call through syntax.
_SYNTAX = frozenset({"__enter__", "__exit__", "__aenter__", "__aexit__", "__contains__", "__iter__", "__len__"}) | {
    "__getitem__",
    "__setitem__",
    "__delitem__",
}


@frozen
class Fact:
    """One thing that users can rely on. `owner` is the name of what it belongs to, empty at the top level."""

    kind: Kind
    owner: str = ""
    types: frozenset[str] = frozenset()
    required: bool = False
    place: int | None = None  # of a parameter that can be passed by position
    default: str = field(default="", eq=False)


Surface: TypeAlias = dict[str, Fact]


def load(root: Path) -> griffe.Module:
    """Load both packages of a tree from source. Raises DiffError."""
    try:
        found = griffe.load(
            "thanksio",
            search_paths=[root / "src", root / "generated"],
            allow_inspection=False,
            resolve_aliases=True,
            resolve_external=True,
        )
    except (ImportError, SyntaxError, griffe.GriffeError) as error:
        raise DiffError(f"The Python of {root} cannot be read: {error}") from error
    return cast("griffe.Module", found)


def surface(package: griffe.Module) -> Surface:
    """Return every public fact by name."""
    facts: Surface = {}
    for name in _MODULES:
        module = package if name == "thanksio" else _target(package.members.get(name.removeprefix("thanksio.")))
        if module is None:
            continue
        for export in module.exports or ():
            thing = _target(module.members.get(str(export)))
            if thing is not None:
                facts.update(_thing(f"{name}.{export}", thing))
    return facts


def _target(thing: griffe.Object | griffe.Alias | None) -> griffe.Object | None:
    """Return the target of an alias, None if there is none."""
    try:
        return thing.final_target if isinstance(thing, griffe.Alias) else thing
    except griffe.AliasResolutionError:
        return None


def _thing(name: str, thing: griffe.Object, owner: str = "") -> Iterator[tuple[str, Fact]]:
    if isinstance(thing, griffe.Class):
        yield name, Fact("class", owner)
        yield from _class(name, thing)
    elif isinstance(thing, griffe.Function):
        yield name, Fact("function", owner)
        yield from _function(name, thing)
    elif isinstance(thing, griffe.Attribute):
        kind: Kind = "field" if owner else "value"
        yield name, Fact(kind, owner, types_of(thing, thing.annotation), default=str(thing.value or ""))
        yield from ((f"{name} {word}", Fact("word", name)) for word in _known_words(thing))
    else:
        yield name, Fact("module", owner)


def _class(name: str, kind: griffe.Class) -> Iterator[tuple[str, Fact]]:
    yield from ((f"{name} is a {base}", Fact("base", name)) for base in _bases(kind))
    made = _target(kind.all_members.get("__init__"))
    if isinstance(made, griffe.Function):
        yield from _function(name, made)
    elif not kind.path.startswith(GENERATED):  # an Order is created by the client
        yield from _attrs_parameters(name, kind)
    for part, member in kind.all_members.items():
        target = _target(member)
        if target is not None and (not part.startswith("_") or part in _SYNTAX):
            yield from _thing(f"{name}.{part}", target, name)


def _bases(kind: griffe.Class) -> Iterator[str]:
    """Yield the bases that `except` or `isinstance` can name: public ones of ours, and Python's."""
    for base in kind.bases:
        path = base if isinstance(base, str) else base.canonical_path
        target = _looked_up(kind, path)
        if isinstance(target, griffe.Class):
            yield from _bases(target)
        last = path.rpartition(".")[2]
        if not last.startswith("_") and last not in {"ABC", "Generic", "object"}:
            yield last


def _function(name: str, function: griffe.Function) -> Iterator[tuple[str, Fact]]:
    given = [parameter for parameter in function.parameters if parameter.name not in {"self", "cls"}]
    for place, parameter in enumerate(given):
        by_place = parameter.kind in {griffe.ParameterKind.positional_only, griffe.ParameterKind.positional_or_keyword}
        variadic = parameter.kind in {griffe.ParameterKind.var_positional, griffe.ParameterKind.var_keyword}
        fact = Fact(
            "parameter",
            name,
            types_of(function, parameter.annotation),
            required=parameter.required and not variadic,
            place=place if by_place else None,
            default=str(parameter.default or ""),
        )
        yield f"{name}({parameter.name})", fact
    if function.name != "__init__":
        yield f"{name}() ->", Fact("result", name, types_of(function, function.returns))


def _attrs_parameters(name: str, kind: griffe.Class) -> Iterator[tuple[str, Fact]]:
    """Yield the parameters that attrs makes of a class's fields, without leading underscores."""
    decorators = " ".join(str(decorator.value) for decorator in kind.decorators)
    if "define" not in decorators and "frozen" not in decorators:
        return
    members = [_target(member) for member in kind.all_members.values()]
    made = [member for member in members if isinstance(member, griffe.Attribute) and _is_given(member)]
    for place, member in enumerate(made):
        default = _default(str(member.value or ""))
        types = types_of(member, member.annotation)
        position = None if "kw_only=True" in decorators else place
        fact = Fact("parameter", name, types, required=not default, place=position, default=default)
        yield f"{name}({member.name.lstrip('_')})", fact


def _default(value: str) -> str:
    """Return the default of a field of an attrs class, empty if it has none."""
    if not value.startswith("field("):
        return value
    call = ast.parse(value, mode="eval").body
    given = {word.arg: ast.unparse(word.value) for word in call.keywords} if isinstance(call, ast.Call) else {}
    return given.get("default") or given.get("factory") or ""


def _is_given(member: griffe.Attribute) -> bool:
    in_body = "class-attribute" in member.labels or "instance-attribute" in member.labels
    annotation = str(member.annotation or "")
    return in_body and bool(annotation) and "ClassVar" not in annotation and "init=False" not in str(member.value or "")


def types_of(owner: griffe.Object, annotation: str | griffe.Expr | None) -> frozenset[str]:
    """Return the parts of a union; a generated name is replaced by its definition."""
    parts = _split(str(annotation)) if annotation is not None else []
    return frozenset[str]().union(*(_expanded(owner, part) for part in parts))


def _expanded(owner: griffe.Object, part: str) -> frozenset[str]:
    part = part.strip("\"'")
    target = _looked_up(owner, part) if part.replace(".", "").replace("_", "").isalnum() else None
    if isinstance(target, griffe.Class) and target.path.startswith(GENERATED) and target.name not in {"Order", "Unset"}:
        return frozenset({"a known word" if _enum_words(target) else "an object"})
    if isinstance(target, griffe.Attribute) and str(target.annotation or "").endswith("TypeAlias"):
        return types_of(target, str(target.value).strip("\"'"))
    if part.startswith("Literal["):
        return frozenset(_split(part.removeprefix("Literal[").removesuffix("]"), ","))
    return frozenset({part})


def _known_words(member: griffe.Attribute) -> list[str]:
    parts = [_looked_up(member, part) for part in _split(str(member.annotation or ""))]
    return [word for part in parts if isinstance(part, griffe.Class) for word in _enum_words(part)]


def _enum_words(kind: griffe.Class) -> list[str]:
    is_enum = any("Enum" in str(base) for base in kind.bases)
    members = [member for member in kind.members.values() if isinstance(member, griffe.Attribute) and member.value]
    return [str(member.value) for member in members if is_enum]


def _looked_up(owner: griffe.Object, name: str) -> griffe.Object | None:
    """Resolve a name in its scope or as a whole path; None if it is outside of these packages."""
    try:
        return _target(owner.modules_collection[owner.resolve(name)])
    except (KeyError, griffe.NameResolutionError):
        pass
    try:
        return _target(owner.modules_collection[name])
    except (KeyError, ValueError):
        return None


def _split(text: str, at: str = "|") -> list[str]:
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == at and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]
