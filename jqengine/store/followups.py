"""Jobs that a run has scheduled for its success, accepted with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from twisted.logger import Logger

from jqengine.errors import NoSuchContinuation, NotPossible
from jqengine.job import Job, Outcome

_log = Logger()


def add_follow_ups(ended: Iterable[Outcome], add: Callable[[Sequence[Job]], Sequence[Job]]) -> None:
    """Accept the follow-ups of runs that have *ended*.

    Those of one run are accepted together or not at all; whatever becomes of
    them, the run has ended.

    :param add: see :meth:`jqengine.interfaces.IStore.add`; it has done nothing
        when it raises.
    """
    for outcome in ended:
        follow_ups = outcome.dispatch.follow_ups
        if not follow_ups:
            continue
        try:
            add(follow_ups)
        except (NoSuchContinuation, NotPossible) as error:
            _log.error(
                "The {count} jobs that run {run} scheduled are not accepted: {error}",
                count=len(follow_ups),
                run=outcome.run_id,
                error=error,
            )
