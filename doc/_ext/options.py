"""The ``options`` directive: the table of options as a reference page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jqengine.options import OPTIONS, Option


class Options(SphinxDirective):
    """``.. options::``, a section for each group of :data:`jqengine.options.OPTIONS`."""

    def run(self) -> list[nodes.Node]:
        """The groups as nodes."""
        text = "\n".join(_lines())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _lines() -> Iterator[str]:
    for group, options in groupby(OPTIONS, key=lambda option: option.group):
        yield from ("", group, "=" * len(group), "")
        for option in options:
            yield from _entry(option)


def _entry(option: Option) -> Iterator[str]:
    short = f"-{option.short} {option.metavar}, " if option.short else ""
    yield from (f".. option:: {short}--{option.name} {option.metavar}", "", f"   {option.help}", "")
    yield f"   :default: {_default(option)}"
    if option.in_environment:
        yield f"   :variable: ``{option.variable}``"
    if option.in_file:
        yield f"   :in a file: ``{option.name} = {_toml(option)}``"
    if option.repeatable:
        yield "   :repeatable: yes"
    yield ""


def _default(option: Option) -> str:
    if option.required or option.default_words or not option.default:
        return option.shown_default
    return f"``{option.shown_default}``"


def _toml(option: Option) -> str:
    """An example of a value in a settings file."""
    example = option.default[0] if option.default else "..."
    if example.isdigit():
        return example
    return f'["{example}"]' if option.repeatable else f'"{example}"'


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("options", Options)
    return {"parallel_read_safe": True}
