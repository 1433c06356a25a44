"""The forms: a new job, a job edited, a run retried with a changed request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jqengine.admin.dashboard import fields
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.fields import Option, Values
from jqengine.admin.dashboard.meaning import EXAMPLES, SYNTAXES, Means, known_syntax
from jqengine.admin.dashboard.pages.effect import effect_of
from jqengine.admin.dashboard.pages.job import job_of
from jqengine.admin.dashboard.pages.run import request_body
from jqengine.admin.dashboard.requesttext import as_text
from jqengine.admin.dashboard.web import Asked, Response, redirect
from jqengine.errors import BadRequest, BadSchedule, BadValue, NotPossible
from jqengine.wire.oversightviews import RunDetails
from jqengine.wire.views import JobView

SHOWN_INSTANTS = 5
MOST_BODY = 50_000
"""Bytes of a body that a form shows."""

_MISTAKES = (BadRequest, BadSchedule, BadValue, NotPossible)

_LEFT_OUT = "Secrets of the original are left out; write them anew where they are needed."
_HIDDEN = "What is redacted here stays as it is unless you change it."


class Button(NamedTuple):
    """A way to send a form."""

    words: str
    name: str = ""
    main: bool = False


def new_job(desk: Desk, asked: Asked) -> Response:
    """``GET /jobs/new``, perhaps with the request of a job or a run in it."""
    values, about = _like(asked)
    return _new(desk, asked, values, _example(values), about=about)


def add_job(desk: Desk, asked: Asked) -> Response:
    """``POST /jobs/new``: schedule it, or show what its time means."""
    values = fields.values_of(asked.form)
    if "preview" in asked.form:
        return _new(desk, asked, values, _means(asked, values))
    try:
        said = fields.new_job(values)
        job = asked.queue.schedule(said.pop("target"), **said)
    except _MISTAKES as error:
        return _new(desk, asked, values, _means(asked, values), problem=str(error))
    return redirect(f"/jobs/{job.id}", did="existing" if job.existing else "scheduled")


def instants(desk: Desk, asked: Asked) -> Response:
    """``GET /instants``: what a time text means, for the script of the form."""
    values = {name: asked.query.text(name) for name in ("syntax", "time", "tz")}
    body = desk.templates.page("instants.html", {"means": _means(asked, values)})
    return Response("200 OK", body)


def edit_job(desk: Desk, asked: Asked) -> Response:
    """``GET /jobs/ID/edit``."""
    job = job_of(asked.queue, asked.variables[0])
    found = asked.queue.versioned(job.id)
    values = _values_of_job(asked, found.job)
    return _edit(desk, asked, found.job, found.version, values, _example(values))


def save_job(desk: Desk, asked: Asked) -> Response:
    """``POST /jobs/ID/edit``: show what it would change, or change it."""
    job = job_of(asked.queue, asked.variables[0])
    version = asked.form.text("version")
    values = fields.values_of(asked.form)
    saves = "save" in asked.form
    try:
        said, clear = fields.changes(values, _values_of_job(asked, job))
        answer = asked.queue.edit(
            job.id, clear=clear, check=not saves, version=version or None, **said
        )
    except _MISTAKES as error:
        return _edit(desk, asked, job, version, values, _means(asked, values), problem=str(error))
    if saves:
        return redirect(f"/jobs/{job.id}", did="edited")
    effect = effect_of(job, answer.job, desk.templates.zone)
    return _edit(desk, asked, job, version, values, _means(asked, values), effect=effect)


def retry_changed(desk: Desk, asked: Asked) -> Response:
    """``GET /runs/ID/retry``: the request of the run, to be changed."""
    details = asked.queue.run(asked.variables[0])
    return _retry(desk, asked, _values_of_run(asked, details))


def send_changed(desk: Desk, asked: Asked) -> Response:
    """``POST /runs/ID/retry-changed``: once more, with that request."""
    details = asked.queue.run(asked.variables[0])
    values = fields.values_of(asked.form)
    try:
        said = fields.changed_request(values, _values_of_run(asked, details))
        run = asked.queue.retry_changed(details.run.id, **said)
    except _MISTAKES as error:
        return _retry(desk, asked, values, problem=str(error))
    return redirect(f"/runs/{run.id}", did="retried")


def _new(
    desk: Desk,
    asked: Asked,
    values: Values,
    means: Means,
    *,
    about: str | None = None,
    problem: str | None = None,
) -> Response:
    said_more = any(values[one.name] for one in fields.NEW_JOB) or values["body"]
    return _form(
        desk,
        asked,
        values,
        problem=problem,
        heading="New job",
        about=about,
        action="/jobs/new",
        means=means,
        syntaxes=SYNTAXES,
        open=bool(said_more or values["headers"]),
        more_words="Headers, body, name, policy",
        options=fields.NEW_JOB,
        buttons=(Button("Schedule", main=True), Button("Show what the time means", "preview")),
        back="/jobs",
    )


def _edit(
    desk: Desk,
    asked: Asked,
    job: JobView,
    version: str,
    values: Values,
    means: Means,
    *,
    problem: str | None = None,
    effect: Any = None,
) -> Response:
    return _form(
        desk,
        asked,
        values,
        problem=problem,
        heading=f"Edit {job.label}",
        about=_HIDDEN,
        action=f"/jobs/{job.id}/edit",
        carried=(("version", version),),
        means=means,
        syntaxes=_syntaxes_for(values),
        open=True,
        more_words="Headers, body, policy",
        options=fields.EDITED,
        effect=effect,
        buttons=(
            Button("Save", "save", main=effect is not None),
            Button("Show what it would change", "check", main=effect is None),
        ),
        back=f"/jobs/{job.id}",
    )


def _retry(desk: Desk, asked: Asked, values: Values, *, problem: str | None = None) -> Response:
    run_id = asked.variables[0]
    return _form(
        desk,
        asked,
        values,
        problem=problem,
        heading="Retry with a changed request",
        about=f"It is asked once more, now. The job stays as it is. {_HIDDEN}",
        action=f"/runs/{run_id}/retry-changed",
        open=True,
        more_words="Headers, body, user",
        options=fields.RETRIED,
        buttons=(Button("Retry", main=True),),
        back=f"/runs/{run_id}",
    )


def _form(
    desk: Desk,
    asked: Asked,
    values: Values,
    *,
    heading: str,
    action: str,
    options: Sequence[Option],
    buttons: Sequence[Button],
    back: str,
    more_words: str,
    open: bool,  # noqa: A002  # what HTML calls it
    problem: str | None,
    about: str | None = None,
    carried: Sequence[tuple[str, str]] = (),
    means: Means | None = None,
    syntaxes: Sequence[tuple[str, str]] = (),
    effect: Any = None,
) -> Response:
    return desk.page(
        asked,
        "form.html",
        status="400 Bad Request" if problem else "200 OK",
        problem=problem,
        heading=heading,
        about=about,
        action=action,
        carried=carried,
        values=values,
        means=means,
        syntaxes=syntaxes,
        open=open,
        more_words=more_words,
        options=options,
        effect=effect,
        buttons=buttons,
        back=back,
    )


def _syntaxes_for(values: Values) -> Sequence[tuple[str, str]]:
    """What can be chosen; a job of the engine's start keeps that until another is."""
    known = [syntax for syntax, _ in SYNTAXES]
    if values["syntax"] in known:
        return SYNTAXES
    return ((values["syntax"], "as it is"), *SYNTAXES)


def _example(values: Mapping[str, str]) -> Means:
    return Means(words=EXAMPLES[known_syntax(values["syntax"])])


def _means(asked: Asked, values: Mapping[str, str]) -> Means:
    """What is to be said of the time in a form."""
    syntax, text = known_syntax(values["syntax"]), values["time"]
    if syntax == "now" or not text:
        return _example(values)
    said: dict[str, Any] = {syntax: text, **({"tz": values["tz"]} if values["tz"] else {})}
    try:
        found = asked.queue.when(count=SHOWN_INSTANTS, **said)
    except _MISTAKES as error:
        return Means(error=str(error))
    return Means(instants=found.instants, words=found.words)


def _like(asked: Asked) -> tuple[dict[str, str], str | None]:
    """The fields that a job or a run to be like fills, and what is to be said of them."""
    like, run = asked.query.text("like"), asked.query.text("run")
    if like:
        values = _values_of_job(asked, job_of(asked.queue, like)) | {"name": "", "key": ""}
    elif run:
        values = _values_of_run(asked, asked.queue.run(run))
    else:
        return {**fields.no_values(), "syntax": "when"}, None
    values["syntax"] = known_syntax(values["syntax"])
    kept, left_out = fields.without_secrets(values)
    return kept, _LEFT_OUT if left_out else None


def _values_of_job(asked: Asked, job: JobView) -> dict[str, str]:
    body = None
    if 0 < job.body_size <= MOST_BODY and "continuation" not in job.schedule:
        body = asked.queue.request_body(job.id)
    return fields.values_of_job(job, body)


def _values_of_run(asked: Asked, details: RunDetails) -> dict[str, str]:
    run, body = details.run, request_body(asked.queue, details)
    shown = body if body and as_text(body) is not None else None
    return fields.no_values() | fields.values_of_request(
        run.method, run.target, details.headers, shown, run.user
    )
