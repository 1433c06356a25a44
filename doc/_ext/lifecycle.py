"""The ``lifecycle`` directive: a transition table of the code as a table of the page."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jqengine.lifecycle import DELIVERY_TRANSITIONS, JOB_TRANSITIONS, RUN_TRANSITIONS

TABLES: dict[str, Mapping[tuple[StrEnum, StrEnum], StrEnum]] = {
    "jobs": JOB_TRANSITIONS,
    "runs": RUN_TRANSITIONS,
    "deliveries": DELIVERY_TRANSITIONS,
}


class Lifecycle(SphinxDirective):
    """``.. lifecycle:: jobs``, and so on for each table."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table as nodes."""
        name = self.arguments[0]
        lines = [
            f".. list-table:: States of {name}",
            "   :header-rows: 1",
            "",
            "   * - from",
            "     - event",
            "     - to",
        ]
        for (state, event), after in TABLES[name].items():
            lines += [f"   * - {state}", f"     - {event}", f"     - {after}"]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("lifecycle", Lifecycle)
    return {"parallel_read_safe": True}
