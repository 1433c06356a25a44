"""What waits for a person, each with its reason and with what puts it right."""

from __future__ import annotations

from collections.abc import Iterator

from jqengine.admin.dashboard import words
from jqengine.admin.dashboard.desk import Desk, failing_of, needs_of
from jqengine.admin.dashboard.web import Asked, Response, redirect
from jqengine.errors import BadValue, JobQueueError
from jqengine.wire.oversightviews import Overview

MOST_REMOVED = 20
MOST_DEAD = 25


def show_troubles(desk: Desk, asked: Asked) -> Response:
    """``GET /needs-you``."""
    queue, after = asked.queue, asked.query.text("after") or None
    overview = queue.overview()
    removed = queue.jobs_page(state="removed", limit=MOST_REMOVED)
    dead = queue.deliveries(state="dead", after=after, limit=MOST_DEAD)
    count = needs_of(overview)
    said = words.counted(count, "thing")
    return desk.page(
        asked,
        "needs_you.html",
        troubles=count,
        lead=f"{said} {'needs' if count == 1 else 'need'} you" if count else "Nothing needs you",
        found=count,
        removed=removed.items,
        more_removed=removed.next is not None,
        dead=dead.items,
        dead_count=overview.dead_count,
        more_dead=dead.next,
        failing=failing_of(overview),
        nodes=list(_of_nodes(overview)),
    )


def redrive(desk: Desk, asked: Asked) -> Response:
    """``POST /needs-you/redrive``: one dead letter, those of a page, or all there are."""
    queue, form = asked.queue, asked.form
    if "everything" in form:
        count = queue.redrive_all()
    else:
        count = sum([queue.redrive(one) for one in form.all("delivery")])
    if not count:
        raise BadValue("these results are not dead letters any more")
    return redirect("/needs-you", did="redriven", n=count)


def forget_letters(desk: Desk, asked: Asked) -> Response:
    """``POST /needs-you/forget``: what nobody needs any more."""
    dropped = 0
    for delivery in asked.form.all("delivery"):
        try:
            dropped += asked.queue.drop_delivery(delivery)
        except JobQueueError as error:
            if not dropped:
                raise
            return desk.problem(asked, "409 Conflict", str(error))
    return redirect("/needs-you", did="forgotten", n=dropped)


def _of_nodes(overview: Overview) -> Iterator[str]:
    for name in overview.missing_nodes:
        yield f"node {name} is missing: it was not heard of for a while, and did not sign off"
    if overview.stuck_threads:
        said = words.counted(overview.stuck_threads, "thread")
        verb = "is" if overview.stuck_threads == 1 else "are"
        yield (
            f"{said} {verb} stuck: a job has used up its time, and the application has not"
            " returned; look at what it waits for, or restart the engine"
        )
