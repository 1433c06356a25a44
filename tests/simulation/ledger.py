"""The checker: from what was seen and what the store says at the end to what is wrong.

Pure functions, in the manner of Jepsen's tests of schedulers.  The history is
replayed against a bookkeeper's idea of the queue; whatever does not agree with
the promises of the design is a violation, said in a sentence that begins with
the run or job it is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.duebook import DueBook
from tests.simulation.endrules import end_rules
from tests.simulation.groupbook import GroupBook
from tests.simulation.history import LOGGED, STEPPED, Acknowledged, Effect, Happened
from tests.simulation.policybook import PolicyBook
from tests.simulation.runbook import RunBook
from tests.simulation.seen import Seen


def violations(seen: Seen) -> list[str]:
    """Everything that is wrong, nothing when all is well."""
    return list(dict.fromkeys(_violations(seen)))


def _violations(seen: Seen) -> Iterator[str]:
    runs, dues = RunBook(), DueBook()
    policies = PolicyBook(dues)
    groups = GroupBook(runs)
    for event in seen.history:
        yield from runs.read(event)
        if isinstance(event, Effect):
            yield from dues.read(event)
            yield from policies.read(event)
            yield from groups.read(event)
        elif isinstance(event, Happened):
            dues.happened(event)
            if event.what == STEPPED:
                groups.clock_was_set(event.when)
            if event.what == LOGGED:
                yield f"the log has a failure: {event.about}"
        elif isinstance(event, Acknowledged) and event.job_id not in seen.final.jobs:
            yield f"{event.job_id}: was acknowledged and is not in the store"
    yield from runs.end(seen.final)
    yield from dues.end(seen.final, seen.horizon)
    yield from end_rules(seen, runs)
