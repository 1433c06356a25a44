"""What can be said of a job when it is scheduled: the arguments of ``schedule``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from inspect import Parameter, Signature
from typing import Any, TypedDict

from jqengine.wire.views import ContinuationView

Duration = str | float | timedelta
"""``"90s"``, ``"1h30m"``, a number of seconds, or a timedelta."""

Statuses = str | int | Iterable[int]
"""``"0,400-499,503"``, ``"never"``, a status, or several."""


class TimeFields(TypedDict, total=False):
    """The time of a job: at most one of the first five; none of them means now.

    cron
        a crontab(5) expression: ``"*/5 * * * *"``
    every
        a duration between due times: ``"10 minutes"``, ``timedelta(hours=1)``
    at
        as at(1) reads it: ``"4pm + 3 days"``, ``"noon tomorrow"``, ``"teatime"``
    when
        plain English: ``"next friday 17:00"``, ``"every weekday at 9"``
    after
        a duration from now: ``"90s"``, ``90``
    tz
        the IANA zone the time is read in; the engine's own unless said
    times
        at most so many due times
    until
        no due time after this; a date alone is included
    jitter
        moves every due time later by a part of this that is the job's own
    """

    cron: str | None
    every: str | timedelta | None
    at: str | None
    when: str | None
    after: Duration | None
    tz: str | None
    times: int | None
    until: str | date | datetime | None
    jitter: Duration | None


class PolicyFields(TypedDict, total=False):
    """How the runs of a job are treated; said at :class:`JobFields`."""

    key: str | None
    duplicate: str | None
    group: str | None
    concurrency: int | str | None
    rate: str | None
    sinks: str | Sequence[str] | None
    attempts: int | None
    backoff: Duration | None
    timeout: Duration | None
    remove_on: Statuses | None
    catchup: str | None
    catchup_window: Duration | None
    overlap: str | None
    priority: int | None


class RequestFields(TypedDict, total=False):
    """What a job asks; said at :class:`JobFields`."""

    target: str | None
    method: str | None
    data: Mapping[str, Any] | Sequence[tuple[str, Any]] | None
    json: Any
    body: bytes | str | None
    headers: Mapping[str, str] | Sequence[tuple[str, str]] | None
    user: str | None


class EditFields(TimeFields, RequestFields, PolicyFields, total=False):
    """What can be changed of a job; said at :class:`JobFields`."""


class JobFields(TimeFields, PolicyFields, total=False):
    """All but the target.

    The request:

    method
        ``GET`` unless said
    data
        a mapping or a list of pairs; goes, encoded as a form, into the query
        for GET, HEAD and DELETE and into the body otherwise
    json
        any value; becomes an ``application/json`` body
    body
        the body as it is, up to 16 MiB
    headers
        a mapping or a list of pairs
    user
        becomes ``REMOTE_USER``
    continuation
        a continuation or its id, in place of a target and all of the above

    The job:

    name
        what it is called; a job of that name is replaced
    key
        two unfinished jobs never share a key
    duplicate
        if an unfinished job holds the key: ``first`` (unless said) makes that job
        the answer, and nothing is added; ``replace`` gives it this request and
        keeps its due time; ``debounce`` puts it off to this due time as well;
        ``reject`` is an error
    group
        whose limits its runs share; its key unless said
    concurrency
        runs of the group under way at once, at most; ``"none"`` for no limit
    rate
        how often an attempt of the group may begin: ``"10/1m"``
    sinks
        URLs to which results go besides the engine's own; ``off`` forgets those
    attempts, backoff, timeout
        tries of one run, the wait between them (``"2s..10m"``), how long one may take
    remove_on
        statuses that take a recurring job out of the queue; ``"never"`` for none
    catchup, catchup_window
        which due times that passed while no engine ran still run
        (``latest``, ``all``, ``none``), and how old they may be
    overlap
        what becomes of a due time while the run before it is unfinished
        (``skip``, ``allow``, ``queue``)
    priority
        of several waiting runs the one with the smaller number starts first
    """

    method: str | None
    data: Mapping[str, Any] | Sequence[tuple[str, Any]] | None
    json: Any
    body: bytes | str | None
    headers: Mapping[str, str] | Sequence[tuple[str, str]] | None
    user: str | None
    continuation: str | ContinuationView | None
    name: str | None


class JobRequest(JobFields, total=False):
    """One of many jobs: its target and the rest."""

    target: str


JOB_NAMES = JobFields.__required_keys__ | JobFields.__optional_keys__
REQUEST_NAMES = frozenset({"method", "data", "json", "body", "headers", "user"})
"""What a continuation says itself."""

EDIT_NAMES = EditFields.__required_keys__ | EditFields.__optional_keys__
TIME_NAMES = TimeFields.__required_keys__ | TimeFields.__optional_keys__


def check_names(function: str, given: Iterable[str], known: frozenset[str]) -> None:
    """Refuse an argument that is not known, as Python itself would.

    :raises TypeError: there is one.
    """
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")


def signature(first: Sequence[str], fields: type, returns: object) -> Signature:
    """The signature of a function with the keyword arguments *fields*, for ``help``."""
    positional = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in first]
    keywords = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in fields.__annotations__
    ]
    return Signature([*positional, *keywords], return_annotation=returns)
