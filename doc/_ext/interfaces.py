"""The ``interfaces`` directive: every zope interface of a module, from its docstrings.

autodoc takes an interface for a variable, because it is no class.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from textwrap import indent

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from zope.interface.interface import InterfaceClass, Method


class Interfaces(SphinxDirective):
    """``.. interfaces:: package.module``, in the order of the source."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The interfaces as nodes."""
        module = import_module(self.arguments[0])
        text = "\n".join(
            line
            for value in vars(module).values()
            if isinstance(value, InterfaceClass) and value.__module__ == module.__name__
            for line in _interface(value)
        )
        return self.parse_text_to_nodes(f".. currentmodule:: {module.__name__}\n\n{text}")


def _interface(interface: InterfaceClass) -> Iterator[str]:
    yield from _entry(f".. py:class:: {interface.__name__}", interface, "")
    # zope keeps members in a mapping, in the order of the source.
    for name in interface.names():
        member = interface[name]
        if isinstance(member, Method):
            yield from _entry(f".. py:method:: {name}{member.getSignatureString()}", member, "   ")
        else:
            yield from _entry(f".. py:attribute:: {name}", member, "   ")


def _entry(head: str, described: object, margin: str) -> Iterator[str]:
    text = inspect.cleandoc(described.__doc__ or "")
    yield from (margin + head, "", indent(text, f"{margin}   "), "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("interfaces", Interfaces)
    return {"parallel_read_safe": True}
