"""What the API does with runs, deliveries, and all that is no job."""

from __future__ import annotations

from jqengine.admin.api import shown
from jqengine.admin.api.asking import Answer, Asked
from jqengine.admin.api.jobs import bytes_answer, page_of, request_fields, run_answer
from jqengine.admin.api.keys import Keys
from jqengine.errors import NoSuchJob
from jqengine.wire.views import ResultView


def runs(asked: Asked) -> Answer:
    """Runs that match, a page at a time."""
    return page_of(asked, "runs", asked.queue.runs_page(**asked.query), shown.run)


def run(asked: Asked) -> Answer:
    """A run in full."""
    return Answer(200, shown.run_in_full(asked.queue.run(asked.variables["run"])))


class Retries:
    """Retries runs.

    :param keys: remembers idempotency keys.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def retry(self, asked: Asked) -> Answer:
        """Give an ended run one more attempt, or ask once more what it asked, changed."""
        run_id, said = asked.variables["run"], request_fields(asked.said)
        if not said:
            return Answer(200, shown.run(asked.queue.retry(run=run_id)))
        new_id = None if asked.key is None else self._id(asked, run_id)
        return run_answer(asked.queue.retry_changed(run_id, run_id=new_id, **said))

    def _id(self, asked: Asked, run_id: str) -> str:
        assert asked.key is not None
        what = [run_id, dict(asked.said)]
        found = self._keys.id_for(asked.key, "retry", what, lambda one: _has_run(asked, one))
        return found[0]


def attempts(asked: Asked) -> Answer:
    """What the application answered to each attempt of a run."""
    return Answer(200, {"attempts": [shown.attempt(one) for one in _results(asked)]})


def response(asked: Asked) -> Answer:
    """The body of what the application answered, as a file."""
    found = _results(asked)
    wanted = asked.query.get("attempt", found[-1].attempt if found else None)
    if wanted not in [one.attempt for one in found]:
        raise NoSuchJob("there is no result of that attempt")
    run_id = asked.variables["run"]
    return bytes_answer(asked.queue.response_body(run_id, wanted), f"result-{run_id}")


def output(asked: Asked) -> Answer:
    """Where to read what a run says, as it says it."""
    run_id = asked.queue.run(asked.variables["run"]).run.id
    place = f"/runs/{run_id}/response"
    return Answer(307, {"location": place}, (("Location", place),))


def request_body(asked: Asked) -> Answer:
    """The body of a run's request."""
    run_id = asked.queue.run(asked.variables["run"]).run.id
    return bytes_answer(asked.queue.request_body(run_id), f"request-{run_id}")


def deliveries(asked: Asked) -> Answer:
    """Deliveries that match, a page at a time."""
    return page_of(asked, "deliveries", asked.queue.deliveries(**asked.query), shown.delivery)


def redrive(asked: Asked) -> Answer:
    """Try a dead letter again."""
    done = asked.queue.redrive(asked.variables["delivery"])
    return Answer(200, {"count": int(done)})


def redrive_all(asked: Asked) -> Answer:
    """Try all dead letters again, or those for one sink."""
    return Answer(200, {"count": asked.queue.redrive_all(sink=asked.said.get("sink"))})


def drop(asked: Asked) -> Answer:
    """Forget a dead letter."""
    return Answer(200, {"count": int(asked.queue.drop_delivery(asked.variables["delivery"]))})


def sinks(asked: Asked) -> Answer:
    """The sinks that are known."""
    return Answer(200, {"sinks": [shown.sink(one) for one in asked.queue.sinks()]})


def continuations(asked: Asked) -> Answer:
    """The continuations there are, the newest first; none of their secrets."""
    page = asked.queue.continuations_page(**asked.query)
    return page_of(asked, "continuations", page, shown.continuation)


def drop_continuation(asked: Asked) -> Answer:
    """Forget a continuation."""
    done = asked.queue.drop_continuation(asked.variables["continuation"])
    return Answer(200, {"count": int(done)})


def nodes(asked: Asked) -> Answer:
    """The processes that share the store."""
    return Answer(200, {"nodes": [shown.node(one) for one in asked.queue.nodes()]})


def drain(asked: Asked) -> Answer:
    """Let a node claim nothing more."""
    return Answer(200, shown.node(asked.queue.drain(asked.variables["node"])))


def undrain(asked: Asked) -> Answer:
    """Let a node claim again."""
    return Answer(200, shown.node(asked.queue.undrain(asked.variables["node"])))


def groups(asked: Asked) -> Answer:
    """The groups there are."""
    return Answer(200, {"groups": [shown.group(one) for one in asked.queue.groups()]})


def pause_group(asked: Asked) -> Answer:
    """Let nothing of a group begin."""
    return Answer(200, shown.group(asked.queue.pause(group=asked.variables["group"])))


def resume_group(asked: Asked) -> Answer:
    """Let a paused group go on."""
    return Answer(200, shown.group(asked.queue.resume(group=asked.variables["group"])))


def pause_all(asked: Asked) -> Answer:
    """Let nothing begin, on any node."""
    return Answer(200, {"changed": asked.queue.pause_all()})


def resume_all(asked: Asked) -> Answer:
    """Let runs begin again."""
    return Answer(200, {"changed": asked.queue.resume_all()})


def stats(asked: Asked) -> Answer:
    """Counts."""
    return Answer(200, asked.queue.stats())


def overview(asked: Asked) -> Answer:
    """How the engine is, at a glance."""
    return Answer(200, shown.overview(asked.queue.overview()))


def upcoming(asked: Asked) -> Answer:
    """The due times to come of all jobs, in order."""
    found = asked.queue.upcoming(**asked.query)
    firings = [shown.firing(one) for one in found.firings]
    return Answer(200, {"firings": firings, "reaches": shown.instant(found.reaches)})


def when(asked: Asked) -> Answer:
    """What a time text means; no job is made."""
    return Answer(200, shown.when(asked.queue.when(**asked.query)))


def reload(asked: Asked) -> Answer:
    """Read the crontabs again."""
    return Answer(200, asked.queue.reload())


def _results(asked: Asked) -> list[ResultView]:
    run_id = asked.queue.run(asked.variables["run"]).run.id
    return asked.queue.results(run_id, bodies=False)


def _has_run(asked: Asked, run_id: str) -> bool:
    try:
        asked.queue.run(run_id)
    except NoSuchJob:
        return False
    return True
