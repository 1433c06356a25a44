"""The ``amp-commands`` and ``amp-errors`` directives: the wire contract as a reference page.

Made from the classes that the server itself parses with, so the page cannot
say anything else than what is spoken.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jqengine.remote.arguments import Documented
from jqengine.remote.commands import COMMANDS, Arguments, EngineCommand, Event, Role
from jqengine.wire.codes import ERRORS


class AmpCommands(SphinxDirective):
    """``.. amp-commands::``, a section for each command, in their order."""

    def run(self) -> list[nodes.Node]:
        """The commands as nodes."""
        text = "\n".join(line for command in (*COMMANDS, Event) for line in _section(command))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class AmpErrors(SphinxDirective):
    """``.. amp-errors::``, a table of the codes."""

    def run(self) -> list[nodes.Node]:
        """The table as nodes."""
        rows = [
            (f"``{code}``", f"{about[0].upper()}{about[1:]}.")
            for code, (_, about) in ERRORS.items()
        ]
        return self.parse_text_to_nodes("\n".join(_table(("Code", "Meaning"), rows)))


def _section(command: type[EngineCommand]) -> Iterator[str]:
    name = command.__name__
    yield from ("", f".. _amp-{name}:", "", name, "=" * len(name), "")
    yield from inspect.cleandoc(command.__doc__ or "").split("\n")
    yield from ("", f":role: {_role(command.role)}", "")
    yield from _values("Arguments", command.arguments)
    yield from _values("Answer", command.response)


def _role(role: Role) -> str:
    return "none" if role is Role.STRANGER else role.word


def _values(title: str, arguments: Arguments) -> Iterator[str]:
    if not arguments:
        yield from (f"{title}: nothing.", "")
        return
    rows = []
    for name, argument in arguments:
        assert isinstance(argument, Documented)
        given = "optional" if argument.optional else "always"
        rows.append((f"``{name.decode()}``", argument.form, given, argument.about))
    yield from (f"{title}:", "")
    yield from _table(("Key", "Value", "", "Meaning"), rows)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "")
    for row in (heads, *rows):
        for number, cell in enumerate(row):
            yield f"   {'*' if number == 0 else ' '} - {cell}"
    yield ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("amp-commands", AmpCommands)
    app.add_directive("amp-errors", AmpErrors)
    return {"parallel_read_safe": True}
