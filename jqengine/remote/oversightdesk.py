"""The answers to the commands of those who look closely and put things right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from jqengine.errors import BadValue
from jqengine.job import Job
from jqengine.lifecycle import DeliveryState
from jqengine.queries import DeliveryFilter
from jqengine.redaction import Redactor
from jqengine.remote.closely import (
    account_as_json,
    delivery_as_json,
    instant_in_zone,
    sink_as_json,
)
from jqengine.remote.commands import oversight as commands
from jqengine.remote.commands.base import EngineCommand
from jqengine.remote.describe import job_as_json, report_as_json, run_as_json
from jqengine.remote.editing import version_of
from jqengine.remote.oversight import Glance, Oversight
from jqengine.remote.pages import MOST_BYTES, bounded, fitting
from jqengine.remote.uploads import Uploads
from jqengine.remote.words import instant_said, proposed_id, words_of
from jqengine.request.environ import rfc3339
from jqengine.wording import schedule_in_words

DEFAULT_PAGE = 100
DEFAULT_FIRINGS = 200
DEFAULT_INSTANTS = 10
DEFAULT_COUNT = 5

Response = dict[str, Any]
Find = Callable[[str | None, str | None], Awaitable[Job]]


class OversightDesk:
    """Answers one client.  For the reactor thread.

    :param find: the job of an id or a name.
    """

    def __init__(
        self, oversight: Oversight, find: Find, redactor: Redactor, uploads: Uploads
    ) -> None:
        self._oversight = oversight
        self._find = find
        self._redactor = redactor
        self._uploads = uploads

    async def show_run(self, run: str) -> Response:
        """One run in full."""
        account = await self._oversight.run(run)
        return {"run": bounded(account_as_json(account, self._redactor))}

    async def request_body(self, id: str, offset: int | None) -> Response:  # noqa: A002
        """A piece of a request's body."""
        if (offset or 0) < 0:
            raise BadValue("offset: expected 0 or more")
        data, size = await self._oversight.request_body(id, offset or 0, MOST_BYTES, self._redactor)
        return {"data": data, "size": size}

    async def deliveries(
        self,
        run: str | None,
        job: str | None,
        sink: str | None,
        state: str | None,
        after: str | None,
        limit: int | None,
    ) -> Response:
        """A page of deliveries."""
        states = None if state is None else words_of(DeliveryState, "state", state)
        wanted = DeliveryFilter(run_id=run, job_id=job, sink=sink, states=states)
        size = DEFAULT_PAGE if limit is None else limit
        page = await self._oversight.deliveries(wanted, after, size)
        described, all_fit = fitting(page.items, delivery_as_json)
        last = page.after if all_fit else page.items[len(described) - 1].id
        return {"deliveries": described, "next": last}

    async def redrive(self, delivery: str | None, sink: str | None) -> Response:
        """Try dead letters again."""
        if delivery is None:
            return {"count": await self._oversight.redrive_all(sink)}
        if sink is not None:
            raise BadValue("expected a delivery or a sink, and not both")
        return {"count": await self._oversight.redrive(delivery)}

    async def drop_delivery(self, delivery: str) -> Response:
        """Forget a dead letter."""
        return {"count": int(await self._oversight.drop_delivery(delivery))}

    async def sinks(self) -> Response:
        """The sinks that are known."""
        found = await self._oversight.sinks()
        return {"sinks": fitting(found, lambda one: sink_as_json(*one))[0]}

    async def upcoming(self, until: str | None, limit: int | None, each: int | None) -> Response:
        """What is due next."""
        size = DEFAULT_FIRINGS if limit is None else limit
        instant = None if until is None else instant_said("until", until)
        found = await self._oversight.foresight.upcoming(instant, size, each)
        lines: list[list[str]] = []
        room, reaches = MOST_BYTES, found.reaches
        for due, job in found.firings:
            line = [rfc3339(due), job.id, job.label[:200], job.definition.schedule.syntax.value]
            room -= sum(len(part.encode()) + 3 for part in line) + 2
            if room < 0:
                reaches = found.firings[len(lines) - 1].due
                break
            lines.append(line)
        return {"firings": lines, "reaches": rfc3339(reaches)}

    async def instants(self, count: int | None, **which: str | None) -> Response:
        """The next due times of a job."""
        job = await self._find(which["job"], which["name"])
        foresight = self._oversight.foresight
        found = foresight.instants(job, DEFAULT_INSTANTS if count is None else count)
        schedule, recurring = job.definition.schedule, foresight.recurs(job)
        words = schedule_in_words(schedule, job.anchor, recurring=recurring)
        zone = schedule.zone
        return {
            "when": {
                "instants": [instant_in_zone(one, zone) for one in found],
                "words": words,
                "recurring": recurring,
            }
        }

    async def when(self, count: int | None, **said: str | None) -> Response:
        """What a time text means."""
        foresight = self._oversight.foresight
        job, found = foresight.when(said, DEFAULT_COUNT if count is None else count)
        schedule, recurring = job.definition.schedule, foresight.recurs(job)
        return {
            "when": {
                "instants": [instant_in_zone(one, schedule.zone) for one in found],
                "words": schedule_in_words(schedule, job.anchor, recurring=recurring),
                "recurring": recurring,
            }
        }

    async def overview(self) -> Response:
        """How the engine is."""
        return {"overview": self._glance(await self._oversight.glance())}

    async def edit(
        self,
        job: str | None,
        name: str | None,
        check: int | None,
        version: str | None,
        clear: Any,
        upload: int | None,
        **said: Any,
    ) -> Response:
        """Change a job."""
        names = [] if clear is None else clear
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise BadValue("clear: expected a list of names")
        before = await self._find(job, name)
        after = await self._oversight.edit(
            before, self._with_body(said, upload), clear=names, check=bool(check), version=version
        )
        return {
            "job": bounded(job_as_json(after, self._redactor)),
            "version": version_of(after),
            "due_before": None if before.due is None else rfc3339(before.due),
        }

    async def retry_changed(
        self,
        run: str,
        id: str | None,  # noqa: A002
        upload: int | None,
        **said: Any,
    ) -> Response:
        """Run a changed request."""
        made = await self._oversight.retry_changed(
            run, self._with_body(said, upload), proposed_id(id)
        )
        return {"run": run_as_json(made, self._redactor)}

    def _with_body(self, said: Response, upload: int | None) -> Response:
        given = {name: value for name, value in said.items() if value is not None}
        if upload is not None:
            if "body" in given:
                raise BadValue("body and upload are given; a request has one body")
            given["body"] = self._uploads.take(upload)
        return given

    def _glance(self, glance: Glance) -> Response:
        """*glance*, its lists as long as all of it fits."""
        following, report = glance.next, partial(report_as_json, redactor=self._redactor)
        room = MOST_BYTES // 6
        return {
            "at": rfc3339(glance.at),
            "stats": dict(glance.stats),
            "next": None if following is None else bounded(self._job(following), room),
            "running": fitting(glance.running, report, room)[0],
            "removed": fitting(glance.removed, self._job, room)[0],
            "dead": fitting(glance.dead, delivery_as_json, room)[0],
            "dead_count": glance.dead_count,
            "failing": fitting(glance.failing, lambda one: sink_as_json(*one), room)[0],
            "stuck_threads": glance.stuck_threads,
            "missing_nodes": [name[:200] for name in glance.missing_nodes[:20]],
            "minutes": [
                [rfc3339(beat.start), beat.ended, beat.failed, _ms(beat.late), _ms(beat.latest)]
                for beat in glance.beats
            ],
        }

    def _job(self, job: Job) -> Response:
        return job_as_json(job, self._redactor)


ANSWERS: Mapping[type[EngineCommand], Callable[..., Coroutine[Any, Any, Response]]] = {
    commands.ShowRun: OversightDesk.show_run,
    commands.RequestBody: OversightDesk.request_body,
    commands.Deliveries: OversightDesk.deliveries,
    commands.Redrive: OversightDesk.redrive,
    commands.DropDelivery: OversightDesk.drop_delivery,
    commands.Sinks: OversightDesk.sinks,
    commands.Upcoming: OversightDesk.upcoming,
    commands.Instants: OversightDesk.instants,
    commands.When: OversightDesk.when,
    commands.Overview: OversightDesk.overview,
    commands.Edit: OversightDesk.edit,
    commands.RetryChanged: OversightDesk.retry_changed,
}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
