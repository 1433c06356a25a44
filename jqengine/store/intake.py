"""Accepting jobs: what is new, what replaces, what another job answers for.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, literal_column, select, update

from jqengine.job import Job
from jqengine.lifecycle import UNFINISHED_JOBS, JobEvent, JobState, RunState
from jqengine.news import Topic
from jqengine.plan import CrontabPlan, PlanAuthor
from jqengine.store.ballast import require_room
from jqengine.store.blocks import insert_in_blocks
from jqengine.store.constructs import InsertIfAbsent
from jqengine.store.continuationrules import awaited_by
from jqengine.store.continuations import put_requests, use_up
from jqengine.store.crontabplans import note
from jqengine.store.decisions import (
    LINE_GONE,
    PUT_OFF,
    held_key,
    in_place_of,
    is_anonymous,
    is_there_already,
)
from jqengine.store.firing import FINISH_EXHAUSTED
from jqengine.store.groups import note_limits
from jqengine.store.news import tell
from jqengine.store.rows import (
    ANONYMOUS_RUN_COLUMNS,
    GROUPED_RUN_COLUMNS,
    REQUEST_COLUMNS,
    Texts,
    anonymous_run,
    body_id_of,
    grouped_run,
    job_values,
)
from jqengine.store.schema import job_unfinished, jobs, run_unbegun, runs, text_of
from jqengine.store.selecting import (
    anonymous_jobs,
    forget_bodies,
    jobs_from,
    keep_bodies,
    select_in,
    states_before,
)
from jqengine.store.turns import take_turn

_INSERT_ANONYMOUS = insert_in_blocks(
    InsertIfAbsent(runs),
    ANONYMOUS_RUN_COLUMNS,
    state=text_of(RunState.WAITING),
    attempt=literal_column("0"),
)

_INSERT_GROUPED = insert_in_blocks(
    InsertIfAbsent(runs),
    GROUPED_RUN_COLUMNS,
    state=text_of(RunState.WAITING),
    attempt=literal_column("0"),
)

_REPLACED_COLUMNS = [column.name for column in jobs.columns if column.name != "id"]
_REPLACE = (
    update(jobs)
    .where(jobs.c.id == bindparam("old_id"))
    .values({name: bindparam(f"new_{name}") for name in _REPLACED_COLUMNS})
)
_GIVE_UP_KEY = update(jobs).where(jobs.c.id == bindparam("old_id")).values(key=None)
_RETIRE = (
    update(jobs)
    .where(jobs.c.id == bindparam("old_id"))
    .where(jobs.c.state.in_(states_before(JobEvent.RETIRE)))
    .values(state=JobState.RETIRED.value, due=None, reason=LINE_GONE)
)


def add(connection: Connection, new: Sequence[Job]) -> Sequence[Job]:
    """See :meth:`jqengine.interfaces.IStore.add`."""
    require_room(connection)
    if not all(map(is_anonymous, new)) or any(map(awaited_by, new)):
        take_turn(connection)
    ready, kept = put_requests(connection, new)
    answers = _add(connection, ready)
    use_up(connection, ready, answers, kept)
    tell(connection, Topic.READY)
    return answers


def _add(connection: Connection, new: Sequence[Job]) -> Sequence[Job]:
    anonymous = [job for job in new if is_anonymous(job)]
    if len(anonymous) == len(new):
        return _add_anonymous(connection, anonymous)
    others = [job for job in new if not is_anonymous(job)]
    # What is refused must be so before anything is written.
    register = _Register(connection, others)
    accepted = iter([register.accept_once(job) for job in others])
    added = iter(_add_anonymous(connection, anonymous))
    keep_bodies(connection, others)
    register.write()
    return [next(added if is_anonymous(job) else accepted) for job in new]


def _add_anonymous(connection: Connection, new: Sequence[Job]) -> Sequence[Job]:
    """Add one-time jobs; each as it is, should it have been added before."""
    keep_bodies(connection, new)
    if _insert_anonymous(connection, new) == len(new):
        return new
    found = anonymous_jobs(connection, {job.id for job in new})
    return [found[job.id] for job in new]


def _insert_anonymous(connection: Connection, new: Sequence[Job]) -> int:
    """How many of *new* were not there before."""
    texts = Texts()
    free = [anonymous_run(job, texts) for job in new if job.definition.policy.group is None]
    added = _INSERT_ANONYMOUS.change(connection, free)
    if len(free) < len(new):
        grouped = [job for job in new if job.definition.policy.group is not None]
        known = _known(connection, [job.id for job in grouped])
        added += _INSERT_GROUPED.change(connection, [grouped_run(job, texts) for job in grouped])
        note_limits(connection, [job.definition.policy for job in grouped if job.id not in known])
    return added


def _known(connection: Connection, run_ids: Sequence[str]) -> set[str]:
    """Those of *run_ids* that are there."""
    return {row.id for row in select_in(connection, select(runs.c.id), runs.c.id, run_ids)}


class Applied(NamedTuple):
    """What came of a plan.

    :ivar refused: the jobs that did not get in, each with the one that holds its key.
    :ivar before: who made the plan before it, if that was another node.
    """

    refused: Sequence[tuple[Job, Job]]
    before: PlanAuthor | None


def apply(connection: Connection, plan: CrontabPlan) -> Applied:
    """See :meth:`jqengine.interfaces.IStore.apply`."""
    take_turn(connection)
    before = note(connection, plan)
    if plan.retire:
        connection.execute(_RETIRE, [{"old_id": job_id} for job_id in plan.retire])
    changed = (*plan.add, *plan.replace)
    keep_bodies(connection, changed)
    register = _Register(connection, changed)
    answers = [(job, register.accept_line(job)) for job in changed]
    register.write()
    tell(connection, Topic.READY)
    refused = [(job, answer) for job, answer in answers if answer.definition != job.definition]
    return Applied(refused, before)


class _Register:
    """The jobs that new ones can meet: of the same id, identity or key.

    Decisions are made here, in order and in memory, so that a thousand jobs
    cost a few questions and a few writes.
    """

    def __init__(self, connection: Connection, new: Sequence[Job]) -> None:
        self._connection = connection
        self._by_id: dict[str, Job] = {}
        self._id_of_identity: dict[str, str] = {}
        self._id_of_key: dict[str, str] = {}
        self._accepted: dict[str, None] = {}
        self._bodies_given_up: set[str | None] = set()
        self._accepted_as: dict[str, str] = {}
        self._put_off: dict[str, float] = {}
        self._rewritten: set[str] = set()
        for row in self._met_by(new):
            self._accepted_as[row.id] = row.accepted_as
        self._stored = set(self._accepted_as)

    def accept_once(self, job: Job) -> Job:
        """What came of *job* if it was accepted before, else :meth:`accept` it."""
        for old in (self._replaced_by(job), self._holder_of_key(job)):
            if old is not None and job.id in (old.id, self._accepted_as[old.id]):
                return old
        return self.accept(job)

    def accept_line(self, job: Job) -> Job:
        """:meth:`accept` *job* of the crontab, unless another node has been faster."""
        old = self._replaced_by(job)
        if old is not None and is_there_already(old, job):
            return old
        return self.accept(job)

    def accept(self, job: Job) -> Job:
        """*job* as it is from now on, or the one that holds its key.

        :raises KeyHeld: see :func:`held_key`.
        """
        old = self._replaced_by(job)
        holder = self._holder_of_key(job)
        if holder is not None and holder is not old:
            return self._settle(holder, job)
        return self._take(job, old, job if old is None else in_place_of(old, job))

    def _settle(self, holder: Job, job: Job) -> Job:
        """What comes of the *holder* of the key of *job*."""
        settled = held_key(holder, job, lambda: self._has_unbegun(holder.id))
        if settled.job is holder:
            self._bodies_given_up.add(body_id_of(job))
            return holder
        if settled.puts_off:
            self._put_off[holder.id] = job.created
        elif settled.rewrites:
            self._rewritten.add(holder.id)
        return self._take(job, holder, settled.job)

    def _has_unbegun(self, job_id: str) -> bool:
        """Whether a run of a job waits that has not begun; it does not meanwhile."""
        if job_id in self._put_off:
            return False
        query = select(runs.c.id).where(*run_unbegun, runs.c.job_id == job_id)
        return bool(self._connection.execute(query.with_for_update()).all())

    def _take(self, job: Job, old: Job | None, accepted: Job) -> Job:
        """Note that *job* made *accepted* of *old*."""
        if old is not None:
            self._forget_key(old)
            self._bodies_given_up.add(body_id_of(old))
        self._note(accepted)
        self._accepted[accepted.id] = None
        self._accepted_as[accepted.id] = job.id
        return accepted

    def write(self) -> None:
        """Write all that was accepted."""
        accepted = [
            job_values(self._by_id[job_id], self._accepted_as[job_id])
            for job_id in sorted(self._accepted)
        ]
        old = [values for values in accepted if values["id"] in self._stored]
        new = [values for values in accepted if values["id"] not in self._stored]
        if old:
            # First, as one of them may take the key that another gives up.
            self._connection.execute(_GIVE_UP_KEY, [{"old_id": values["id"]} for values in old])
            self._connection.execute(_REPLACE, [_replacement(values) for values in old])
        if new:
            self._connection.execute(insert(jobs), new)
        for values in old:
            self._change_unbegun(values)
        exhausted = [(values["id"],) for values in accepted if values["exhausted"]]
        FINISH_EXHAUSTED.change(self._connection, exhausted)
        forget_bodies(self._connection, self._bodies_given_up)
        said = [self._by_id[job_id].definition.policy for job_id in self._accepted]
        note_limits(self._connection, said)

    def _change_unbegun(self, values: dict[str, Any]) -> None:
        """Bring the runs of a job that have not begun to what was decided of them."""
        job_id = values["id"]
        unbegun = update(runs).where(*run_unbegun, runs.c.job_id == job_id)
        if job_id in self._rewritten:
            said = {name: values[name] for name in (*REQUEST_COLUMNS, "continuation", "group_name")}
            self._connection.execute(unbegun.values(said))
        if job_id in self._put_off:
            ended = {"finished": self._put_off[job_id], "reason": PUT_OFF}
            self._connection.execute(unbegun.values(state=RunState.CANCELLED.value, **ended))

    def _met_by(self, new: Sequence[Job]) -> Iterable[Row[Any]]:
        definitions = [job.definition for job in new]
        identities = {one.identity for one in definitions if one.identity is not None}
        keys = {one.policy.key for one in definitions if one.policy.key is not None}
        query = select(jobs)
        of_keys = query.where(job_unfinished).with_for_update()
        found = [
            *select_in(self._connection, query, jobs.c.id, {job.id for job in new}),
            *select_in(self._connection, query, jobs.c.identity, identities),
            *select_in(self._connection, of_keys, jobs.c.key, keys),
        ]
        for job in jobs_from(self._connection, found):
            self._note(job)
        return found

    def _replaced_by(self, job: Job) -> Job | None:
        identity = job.definition.identity
        known = self._id_of_identity.get(identity) if identity is not None else None
        return self._by_id.get(known or job.id)

    def _holder_of_key(self, job: Job) -> Job | None:
        key = job.definition.policy.key
        known = self._id_of_key.get(key) if key is not None else None
        return self._by_id[known] if known else None

    def _note(self, job: Job) -> None:
        identity, key = job.definition.identity, job.definition.policy.key
        self._by_id[job.id] = job
        if identity is not None:
            self._id_of_identity[identity] = job.id
        if key is not None and job.state in UNFINISHED_JOBS:
            self._id_of_key[key] = job.id

    def _forget_key(self, job: Job) -> None:
        key = job.definition.policy.key
        if key is not None and self._id_of_key.get(key) == job.id:
            del self._id_of_key[key]


def _replacement(values: dict[str, object]) -> dict[str, object]:
    new = {f"new_{name}": values[name] for name in _REPLACED_COLUMNS}
    return {"old_id": values["id"], **new}
