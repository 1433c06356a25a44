"""The sentence that says what a button has done.

Only a word of this table goes into an address, and numbers: nobody can make a
page say something else by a link.
"""

from __future__ import annotations

from collections.abc import Mapping

from jqengine.admin.dashboard.web import Form

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "paused": ("The job is paused.", "{n} jobs are paused."),
    "resumed": ("The job goes on.", "{n} jobs go on."),
    "cancelled": ("The job is cancelled.", "{n} jobs are cancelled."),
    "ran": ("It runs now.", "{n} jobs run now."),
    "edited": ("The job is changed.", "{n} jobs are changed."),
    "retried": ("It is tried again.", "{n} runs are tried again."),
    "scheduled": ("The job is in the queue.", "{n} jobs are in the queue."),
    "existing": (
        "An unfinished job holds that key: here it is.",
        "{n} of them were in the queue already.",
    ),
    "redriven": ("The result is on its way again.", "{n} results are on their way again."),
    "forgotten": ("It is forgotten.", "{n} are forgotten."),
    "drained": ("The node takes no more jobs.", "{n} nodes take no more jobs."),
    "undrained": ("The node takes jobs again.", "{n} nodes take jobs again."),
    "gone": ("It was gone already.", "They were gone already."),
    "paused-group": ("The group is paused.", "{n} groups are paused."),
    "resumed-group": ("The group goes on.", "{n} groups go on."),
}
_MOST = 1_000_000


def sentence(query: Form) -> str | None:
    """What the query's ``did`` and ``n`` say, with how many were refused; else ``None``."""
    found = _SENTENCES.get(query.raw("did"))
    if found is None:
        return None
    count, refused = _number(query.raw("n"), 1), _number(query.raw("not"), 0)
    said = found[0] if count == 1 else found[1].format(n=f"{count:,}")
    if refused:
        others = "one was" if refused == 1 else f"{refused:,} were"
        said += f" Of the others {others} refused, being in no state for it."
    return said


def _number(text: str, otherwise: int) -> int:
    return (
        min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 8 else otherwise
    )
