"""Who imports whom within the package: read off the source, so that imports inside functions count as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.helpers.paths import CHECKOUT

PACKAGE = CHECKOUT / "diagnose"


def modules() -> dict[str, Path]:
    """Return the files of the package by module name."""
    return {_name(path): path for path in PACKAGE.rglob("*.py")}


def imports() -> dict[str, set[str]]:
    """Return for each module those that it imports; what is only for the type checker counts as well."""
    known = modules()
    return {name: set(_imported(ast.parse(path.read_text()), known)) - {name} for name, path in known.items()}


def room(module: str) -> str:
    """Return the room of a module: its folder, or itself at the top level; "" is the package's own file."""
    parts = module.split(".")[1:]
    if (PACKAGE / Path(*parts) / "__init__.py").exists():
        return ".".join(parts)
    return ".".join(parts[:-1]) or ".".join(parts)


def rooms() -> dict[str, set[str]]:
    """Return for each room the others that it imports."""
    graph: dict[str, set[str]] = {}
    for module, imported in imports().items():
        graph.setdefault(room(module), set()).update(map(room, imported))
    return {name: others - {name, ""} for name, others in graph.items() if name}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of nodes that reach each other."""
    reached = {node: _reach(node, graph) for node in graph}
    found = {frozenset(m for m in reached[n] if n in reached[m]) | {n} for n in graph if n in reached[n]}
    return [set(circle) for circle in found]


def _reach(node: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[node])
    while waiting:
        if (one := waiting.pop()) not in seen:
            seen.add(one)
            waiting += graph.get(one, ())
    return seen


def _name(path: Path) -> str:
    return ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def _imported(tree: ast.Module, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from (name for name in (whole if whole in known else node.module,) if name in known)
