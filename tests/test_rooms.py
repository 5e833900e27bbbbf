"""Who may import whom: the rooms of the package, read from the source itself."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sibmodel"

CORRIDOR = {"contract", "model"}
MAY_IMPORT = {
    "contract": set(),
    "model": {"contract"},
    "money": CORRIDOR,
    "walk": CORRIDOR,
    "happened": {*CORRIDOR, "walk"},
    "plan": {*CORRIDOR, "money", "happened", "walk"},
    "margins": {*CORRIDOR, "happened", "plan", "walk"},
    "claim_added": {*CORRIDOR, "happened", "money", "plan", "walk"},
    "ledger": CORRIDOR,
    "records": {"contract"},
    "statistics": set(),
    "explanation": {"contract"},
    "results": {*CORRIDOR, "explanation", "statistics"},
    "acceptance": {*CORRIDOR, "records"},
    "figures": {*CORRIDOR, "records"},
    "account": {*CORRIDOR, "acceptance", "figures"},
    "settlement": {*CORRIDOR, "acceptance", "account", "figures", "records"},
    "simulation": {*CORRIDOR, "happened", "plan", "ledger", "results", "statistics", "walk"},
    "questions": {
        *(*CORRIDOR, "happened", "margins", "claim_added"),
        *("simulation", "settlement", "results", "statistics"),
    },
    "pages": {"contract", "results", "questions"},
    "library": {"contract"},
    "factors": CORRIDOR,
}
"""A room may always import itself; ``cli`` and the front door may import every room."""

NO_ARITHMETIC = ("results", "questions", "pages")
"""From the model these may take names and types, never a function."""

FRONT_DOOR = {"__init__", "__main__", "cli", "cli_check", "cli_settle", "cli_shared", "cli_worth"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module's dotted name below the package, and its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        yield ".".join(parts), path


NAMES = {name for name, _ in modules()}


def imports(path: Path, *, lazy: bool) -> Iterator[tuple[str, str | None]]:
    """Modules of the package that a file imports, with the name it takes from each."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if not lazy and (id(node) in inside or _only_for_types(tree, node)):
            continue
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("sibmodel.") for alias in node.names), path
        if not isinstance(node, ast.ImportFrom):
            continue
        assert node.level == 0, f"{path}: imports are written in full"
        if node.module == "sibmodel" or (node.module or "").startswith("sibmodel."):
            source = (node.module or "").removeprefix("sibmodel").lstrip(".")
            for alias in node.names:
                whole = f"{source}.{alias.name}".lstrip(".")
                yield (whole, None) if whole in NAMES else (source or "__init__", alias.name)


def _only_for_types(tree: ast.Module, node: ast.AST) -> bool:
    return any(
        isinstance(block, ast.If)
        and isinstance(block.test, ast.Name)
        and block.test.id == "TYPE_CHECKING"
        and any(node is inner for inner in ast.walk(block))
        for block in tree.body
    )


def room(module: str) -> str:
    """The room a module is in."""
    return module.partition(".")[0]


@pytest.mark.parametrize(("name", "path"), [pytest.param(n, p, id=n) for n, p in modules()])
def test_a_room_imports_only_the_rooms_before_it(name: str, path: Path) -> None:
    if room(name) in FRONT_DOOR:
        return
    assert room(name) in MAY_IMPORT, f"{name} is in a new room: say whom it may import"
    for module, _ in imports(path, lazy=True):
        allowed = MAY_IMPORT[room(name)] | {room(name)}
        assert room(module) in allowed, f"{name} imports {module}"


def test_what_reads_results_takes_no_arithmetic_from_the_model() -> None:
    for name, path in modules():
        if room(name) not in NO_ARITHMETIC:
            continue
        for module, taken in imports(path, lazy=True):
            if room(module) != "model":
                continue
            assert taken is not None, f"{name} imports the whole of {module}"
            thing = getattr(importlib.import_module(f"sibmodel.{module}"), taken)
            assert not inspect.isfunction(thing), f"{name} calls {module}.{taken}"


def test_no_circle_of_rooms_nor_of_modules() -> None:
    rooms: dict[str, set[str]] = {}
    files: dict[str, set[str]] = {}
    for name, path in modules():
        if room(name) in FRONT_DOOR:
            continue
        rooms.setdefault(room(name), set()).update(
            room(module) for module, _ in imports(path, lazy=True) if room(module) != room(name)
        )
        files[name] = {module for module, _ in imports(path, lazy=False) if module != name}
    for graph in (rooms, files):
        assert not circle(graph)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """A circle in a graph, or nothing: what has no way out is taken away until nothing changes."""
    left = {name: set(others) for name, others in graph.items()}
    while left:
        ends = {name for name, others in left.items() if not others & set(left)}
        if not ends:
            break
        left = {name: others for name, others in left.items() if name not in ends}
    return sorted(left)


def test_the_circle_finder_finds_a_circle() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
