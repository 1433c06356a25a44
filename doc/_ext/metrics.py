"""The ``metrics`` directive: the table of metrics as a reference."""

from __future__ import annotations

from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jqengine.admin.metricstable import METRICS, Metric


class Metrics(SphinxDirective):
    """``.. metrics::``, a list of :data:`jqengine.admin.metricstable.METRICS`."""

    def run(self) -> list[nodes.Node]:
        """The list as nodes."""
        return self.parse_text_to_nodes("\n".join(_lines()))


def _lines() -> Iterator[str]:
    for metric in METRICS:
        yield from (f"``{metric.name}``", f"   {_kind(metric)}. {metric.help}", "")


def _kind(metric: Metric) -> str:
    kind = metric.kind.value.capitalize()
    labels = " by " + ", ".join(f"``{label}``" for label in metric.labels) if metric.labels else ""
    return f"{kind}{labels}{', of the store' if metric.of_store else ''}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("metrics", Metrics)
    return {"parallel_read_safe": True}
