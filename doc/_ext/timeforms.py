"""The ``time-forms`` directive: the grammars of time texts, from their tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jqengine.triggers import atforms, natural_forms, recurrence_forms
from jqengine.triggers.natural_grammar import Form
from jqengine.triggers.natural_words import KINDS


class TimeForms(SphinxDirective):
    """``.. time-forms:: NAME``, where NAME is a key of :data:`PARTS`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The tables as nodes."""
        text = "\n".join(PARTS[self.arguments[0]]())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _natural() -> Iterator[str]:
    yield from _categories(natural_forms.TABLES, natural_forms.TITLES)


def _recurring() -> Iterator[str]:
    yield from _categories(recurrence_forms.TABLES, recurrence_forms.TITLES)


def _categories(tables: Mapping[str, Sequence[Form]], titles: Mapping[str, str]) -> Iterator[str]:
    for name, forms in tables.items():
        title = f"{titles[name]}: ``{name}``"
        yield from ("", title, "-" * len(title), "")
        rows = ((_code(form.pattern), form.meaning, _examples(form.examples)) for form in forms)
        yield from _table("30 30 40", ("form", "meaning", "examples"), rows)


def _kinds() -> Iterator[str]:
    rows = ((_code(name), meaning) for name, meaning in KINDS.items())
    yield from _table("20 80", ("kind", "words"), rows)


def _at() -> Iterator[str]:
    rows = ((_code(form.pattern), form.meaning, _examples(form.examples)) for form in atforms.FORMS)
    yield from _table("30 30 40", ("form", "meaning", "examples"), rows)


def _deviations() -> Iterator[str]:
    rows = (
        (
            f"{_code(one.text)} at {_spaced(one.now)}, {one.zone}",
            _spaced(one.theirs) or "refused",
            _spaced(one.ours) or "refused",
            one.why,
        )
        for one in atforms.DEVIATIONS
    )
    yield from _table("30 17 17 36", ("text", "at(1)", "here", "why"), rows)


def _table(widths: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
    for row in (head, *rows):
        for index, cell in enumerate(row):
            lines = cell.split("\n")
            yield f"   {'*' if not index else ' '} - {lines[0]}"
            yield from (f"       {line}" for line in lines[1:])
    yield ""


def _examples(examples: Iterable[tuple[str, str]]) -> str:
    """One line for each, with a rule between a text and its due times."""
    return "\n".join(f"| {_code(text)} → {_due_times(times)}" for text, times in examples)


def _due_times(times: str) -> str:
    return ", ".join(_spaced(one) for one in times.split())


def _spaced(moment: str) -> str:
    """``2026-11-24T10:30:00`` as people write it: without the T and idle seconds."""
    return moment.replace("T", " ").removesuffix(":00")


def _code(text: str) -> str:
    return f"``{text}``"


PARTS = {
    "natural": _natural,
    "recurring": _recurring,
    "kinds": _kinds,
    "at": _at,
    "at-deviations": _deviations,
}
"""What can be shown."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("time-forms", TimeForms)
    return {"parallel_read_safe": True}
