"""The import rule of the architecture, read from the source.

``tap | cli > engine > admin | triggers | remote | dispatch > app | store | sinks > request >
vocabulary``: a module imports to its right or within its own room, and the group of ``dispatch``
meets the group of ``app`` through ``interfaces`` alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "jqengine"
SOURCE = Path(__file__).parent.parent / PACKAGE

GROUPS = (
    ("tap", "cli", "testing"),
    ("workers",),
    ("engine", "eager"),
    ("assembly",),
    (
        "admin",
        "triggers",
        "remote",
        "dispatch",
        "launch",
        "logs",
        "statedir",
        "statekey",
        "systemd",
        "telemetry",
    ),
    ("app", "store", "sinks", "client"),
    ("request", "wire"),
    ("vocabulary",),
)
"""Rooms from left to right. A module beside them that is in none is vocabulary."""

RANK = {room: rank for rank, group in enumerate(GROUPS) for room in group}
ONLY_BY_INTERFACES = (GROUPS[-4], GROUPS[-3])
AS_ANYBODY = {("admin", "client")}
"""A room that uses another as every program may, to show that it suffices."""

WALL_CLOCK = {
    "time.time",
    "time.time_ns",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
MAY_READ_IT = {f"{PACKAGE}.clock", f"{PACKAGE}.client.ids"}
"""The second because the client may import nothing but the standard library."""

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
GLOBAL_REACTOR = {"twisted.internet.reactor"}
MAY_HAVE_IT = {f"{PACKAGE}.tap", f"{PACKAGE}.workers.__main__"}
"""Where a process begins."""


class Module(NamedTuple):
    """One source file."""

    name: str
    is_package: bool
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package in which its relative imports begin."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def is_beside_the_rooms(self) -> bool:
        """Whether it is a file next to the folders."""
        return self.name.count(".") == 1 and not self.is_package


class Import(NamedTuple):
    """One imported name, in full: ``from a.b import c`` is ``a.b.c``."""

    name: str
    line: int
    in_function: bool
    for_types: bool


def violations(source: Path) -> list[str]:
    """Everything in the package at *source* that breaks the rule, each with its place."""
    modules = [read(path, source) for path in sorted(source.rglob("*.py"))]
    beside = {module.name.rpartition(".")[2] for module in modules if module.is_beside_the_rooms}
    found = [f"{module.name}:{fault}" for module in modules for fault in faults(module, beside)]
    return found + circles({module.name: module for module in modules})


def read(path: Path, source: Path) -> Module:
    parts = (source.name, *path.relative_to(source).with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Module(name, is_package, ast.parse(path.read_text("utf-8")))


def faults(module: Module, beside: set[str]) -> Iterator[str]:
    room = "root" if module.name == PACKAGE else room_of(module.name, beside)
    if room is None:
        yield "0: is in no room that the rule knows"
        return
    for one in imports(module):
        yield from (f"{one.line}: {fault}" for fault in import_faults(room, one, beside))
    if module.name not in MAY_HAVE_IT:
        yield from (f"{line}: the global reactor" for line in uses(module.tree, GLOBAL_REACTOR))
    if module.name not in MAY_READ_IT:
        yield from (f"{line}: reads the wall clock" for line in uses(module.tree, WALL_CLOCK))


def import_faults(room: str, one: Import, beside: set[str]) -> Iterator[str]:
    if one.name.partition(".")[0] != PACKAGE:
        return
    goal = room_of(one.name, beside)
    if goal is None:
        yield "imports the package root"
        return
    if one.in_function:
        yield f"imports {one.name} within a function"
    if goal == room:
        return
    if room not in RANK or RANK[goal] <= RANK[room]:
        yield f"{room} imports {goal}, which is not to its right"
    if (room, goal) in AS_ANYBODY:
        return
    if room in ONLY_BY_INTERFACES[0] and goal in ONLY_BY_INTERFACES[1]:
        yield f"{room} imports {goal}, which it meets through interfaces alone"


def room_of(name: str, beside: set[str]) -> str | None:
    """The room of a module or of a name in it; ``None`` if there is no such room."""
    second = name.split(".")[1] if "." in name else ""
    if second == "commandline":  # the parts of cli
        return "cli"
    if second in RANK:
        return second
    return "vocabulary" if second in beside else None


def imports(module: Module) -> Iterator[Import]:
    for node, within in nodes(module.tree):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{base(module, node)}.{one.name}" for one in node.names]
        else:
            continue
        in_function = any(isinstance(one, FUNCTIONS) for one in within)
        for_types = any(isinstance(one, ast.If) and is_for_types(one) for one in within)
        yield from (Import(name, node.lineno, in_function, for_types) for name in names)


def is_for_types(node: ast.If) -> bool:
    return "TYPE_CHECKING" in ast.unparse(node.test)


def base(module: Module, node: ast.ImportFrom) -> str:
    """What comes between ``from`` and ``import``, in full."""
    if not node.level:
        return node.module or ""
    around = module.package.split(".")
    kept = around[: len(around) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def nodes(
    node: ast.AST, within: tuple[ast.AST, ...] = ()
) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Everything beneath *node*, each with what it is within."""
    for child in ast.iter_child_nodes(node):
        yield child, within
        yield from nodes(child, (*within, child))


def uses(tree: ast.Module, forbidden: set[str]) -> Iterator[int]:
    """The lines that import or mention a *forbidden* dotted name, under whatever alias."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                first = one.name.partition(".")[0]
                aliases[one.asname or first] = one.name if one.asname else first
        elif isinstance(node, ast.ImportFrom):
            aliases.update(
                {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
            )
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {name for one in node.names for name in (one.name, f"{from_(node)}.{one.name}")}
            if forbidden & {*names, from_(node)}:
                yield node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node, aliases) in forbidden:
            yield node.lineno


def from_(node: ast.Import | ast.ImportFrom) -> str:
    return (node.module or "") if isinstance(node, ast.ImportFrom) else ""


def dotted(node: ast.expr, aliases: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return aliases.get(node.id, "")
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value, aliases)}.{node.attr}"
    return ""


def circles(modules: dict[str, Module]) -> list[str]:
    """Modules that load each other, within a room too; what is imported for types loads nothing."""
    targets = {
        name: {loaded(one.name, modules) for one in imports(module) if not one.for_types}
        & modules.keys()
        for name, module in modules.items()
    }
    found: list[str] = []
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            found.append(f"a circle: {' > '.join((*path[path.index(module) :], module))}")
        elif module not in done:
            for target in sorted(targets[module]):
                visit(target, (*path, module))
            done.add(module)

    for module in modules:
        visit(module, ())
    return found


def loaded(name: str, modules: dict[str, Module]) -> str:
    """The module that an import of *name* loads: *name* itself, or what it is a part of."""
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    return name
