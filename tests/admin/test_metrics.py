"""What is counted, how it is written down, and what the board and the alerts ask for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from jqengine.admin.metrics import Metrics, Values
from jqengine.admin.metricstable import METRICS, Kind
from jqengine.admin.runmeasures import RunMeasures
from jqengine.admin.storemetrics import FRESH, PATIENCE, SHARE, StoreMetrics
from jqengine.errors import StoreUnavailable
from jqengine.job import Outcome, Run
from jqengine.lifecycle import RunState
from jqengine.measures import Distribution, RequestMeasures, StoreMeasures
from jqengine.store.memory import MemoryStore
from tests.admin.hostile import ALL
from tests.store.values import LEASE, NOW, OWNER, a_job, an_end, an_id_factory

CONTRIB = Path(__file__).parent.parent.parent / "contrib"
RULES = CONTRIB / "prometheus/jobqueue.rules.yml"
BOARD = CONTRIB / "grafana/jobqueue.json"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


async def no_store() -> Mapping[str, Values]:
    return {}


def read(text: str, parser: Any) -> dict[str, Any]:
    return {family.name: family for family in parser(text)}


async def written(
    sources: Mapping[str, Values], accept: str = "", node: str = "node"
) -> tuple[str, str]:
    made = {name: (lambda values=values: values) for name, values in sources.items()}
    answer = await Metrics(made, no_store, lambda: node).answer(accept)
    return answer.content_type, answer.body.decode()


def test_a_distribution() -> None:
    one = Distribution((1.0, 2.0))
    for number in (0.5, 1.0, 1.5, 2.0, 3.0, 1e9):
        one.observe(number)
    assert one.counts == [2, 2, 2]
    assert one.total == pytest.approx(8.0 + 1e9)


def test_measures_of_requests_and_of_the_store() -> None:
    requests = RequestMeasures()
    for status in (200, 204, 404, 500, 0):
        requests.ended(status, 0.002)
    assert requests.statuses == {2: 2, 4: 1, 5: 1, 0: 1}
    assert sum(requests.seconds.counts) == 5
    store = StoreMeasures()
    store.group(3, 0.01)
    store.group(0, 0.0)
    assert sum(store.sizes.counts) == sum(store.seconds.counts) == 1
    assert store.sizes.total == 3


def ended(run: Run, outcome: Outcome, status: int, state: RunState, late: float) -> Outcome:
    result = outcome.result._replace(
        status=status, started=run.due + late, finished=run.due + late + 2
    )
    return outcome._replace(result=result, verdict=outcome.verdict._replace(state=state))


@ensureDeferred
async def test_measures_of_runs() -> None:
    store = MemoryStore(an_id_factory())
    await store.open()
    await store.add([a_job(due=NOW), a_job(due=NOW)])
    runs = await store.claim(OWNER, NOW, 2, LEASE)
    measures = RunMeasures()
    measures.began(runs)
    assert measures.begun == 2
    first, second = runs
    measures.ended(first, ended(first, an_end(first), 200, RunState.FINISHED, 0.5))
    retried = ended(second, an_end(second), 0, RunState.WAITING, -3.0)  # the clock was set back
    measures.ended(second, retried._replace(attempt=2))
    removing = retried.verdict._replace(remove="410 Gone")
    measures.ended(second._replace(job_id="another"), retried._replace(verdict=removing))
    assert measures.ended_by == {(RunState.FINISHED, 2): 1, (RunState.WAITING, 0): 2}
    assert measures.removed == 1
    assert sum(measures.duration.counts) == 3
    # Not how late a second attempt is, which was to be late.
    assert sum(measures.lateness.counts) == 2
    assert measures.lateness.total == 0.5


@ensureDeferred
async def test_both_formats_are_what_they_say() -> None:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
    from prometheus_client.parser import text_string_to_metric_families as plain

    lateness = Distribution((1.0, 2.0))
    lateness.observe(1.5)
    sources = {
        "jobqueue_attempts_begun_total": {(): 7},
        "jobqueue_jobs": {("due",): 3, ("running",): 0},
        "jobqueue_job_lateness_seconds": {(): lateness},
    }
    for accept, parser, kind in (
        ("", plain, "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", plain, "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS + ",text/plain;q=0.5", openmetrics, "application/openmetrics-text"),
    ):
        content_type, text = await written(sources, accept)
        assert content_type.startswith(kind)
        families = read(text, parser)
        begun, jobs = families["jobqueue_attempts_begun"], families["jobqueue_jobs"]
        assert [sample.value for sample in begun.samples] == [7]
        assert [sample.labels for sample in jobs.samples] == [
            {"state": "due", "node": "node"},
            {"state": "running", "node": "node"},
        ]
        buckets = families["jobqueue_job_lateness_seconds"].samples
        assert [one.value for one in buckets if one.name.endswith("_bucket")] == [0, 1, 1]
        assert families["process_resident_memory_bytes"].samples[0].labels == {"node": "node"}


@pytest.mark.parametrize("text", ALL)
@ensureDeferred
async def test_nothing_breaks_out_of_a_label(text: str) -> None:
    from prometheus_client.parser import text_string_to_metric_families as plain

    _, said = await written({"jobqueue_jobs": {(text,): 1}}, node=text)
    family = read(said, plain)["jobqueue_jobs"]
    assert len(family.samples) == 1
    assert "jobqueue_forged" not in read(said, plain)


@pytest.mark.parametrize("accept", ["\r\nX: y", "application/openmetrics-text; version=a\nb", "é"])
@ensureDeferred
async def test_a_strange_accept_is_answered(accept: str) -> None:
    content_type, _ = await written({}, accept)
    assert content_type.isprintable()


def test_each_metric_is_named_as_its_kind_is() -> None:
    for metric in METRICS:
        assert re.fullmatch(r"jobqueue_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
        assert metric.help.endswith(".")
    assert len({metric.name for metric in METRICS}) == len(METRICS)


class Questions:
    """A store that answers when it is told to, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers: list[Deferred[Any]] = []

    def stats(self, now: float) -> Deferred[Any]:
        self.asked += 1
        return self._later()

    def next_ready(self) -> Deferred[Any]:
        return self._later()

    def delivery_counts(self) -> Deferred[Any]:
        return self._later()

    def _later(self) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred(lambda _: None)
        self.answers.append(answer)
        return answer


class Still:
    def now(self) -> float:
        return NOW


def asked(metrics: StoreMetrics) -> list[Mapping[str, Values]]:
    found: list[Mapping[str, Values]] = []
    Deferred.fromCoroutine(metrics()).addCallback(found.append)
    return found


def test_the_store_is_asked_seldom_and_never_waited_for() -> None:
    reactor, store = Clock(), Questions()
    metrics = StoreMetrics(reactor, Still(), store, store)
    found = asked(metrics)
    assert not found
    for answer, value in zip(store.answers, ({"due": 3}, NOW - 7, {"dead": 2}), strict=True):
        answer.callback(value)
    assert found == [
        {
            "jobqueue_store_up": {(): 1},
            "jobqueue_jobs": {("due",): 3},
            "jobqueue_oldest_due_seconds": {(): 7.0},
            "jobqueue_deliveries": {("dead",): 2},
        }
    ]
    assert asked(metrics) == found
    assert store.asked == 1
    reactor.advance(FRESH - 0.1)
    assert asked(metrics) == found
    assert store.asked == 1
    reactor.advance(0.2)
    late = asked(metrics)
    assert store.asked == 2
    reactor.advance(PATIENCE)
    assert late == [{"jobqueue_store_up": {(): 0}}]
    broken = asked(metrics)
    store.answers[-1].errback(StoreUnavailable("gone"))
    for answer in store.answers[-3:-1]:
        answer.cancel()
    assert broken == [{"jobqueue_store_up": {(): 0}}]


def test_a_store_that_is_slow_to_count_is_asked_less_often() -> None:
    reactor, store = Clock(), Questions()
    metrics = StoreMetrics(reactor, Still(), store, store)
    found = asked(metrics)
    reactor.advance(0.5)
    for answer, value in zip(store.answers, ({"due": 3}, None, {}), strict=True):
        answer.callback(value)
    assert found[0]["jobqueue_oldest_due_seconds"] == {(): 0.0}
    reactor.advance(0.5 / SHARE - 0.1)
    assert asked(metrics) == found
    reactor.advance(0.2)
    asked(metrics)
    assert store.asked == 2


@ensureDeferred
async def test_the_store_in_memory_can_be_asked() -> None:
    store = MemoryStore(an_id_factory())
    await store.open()
    await store.add([a_job(due=NOW - 60), a_job(due=NOW + 60)])
    found = await StoreMetrics(Clock(), Still(), store, store)()
    assert found["jobqueue_oldest_due_seconds"] == {(): 60.0}
    assert found["jobqueue_jobs"]["due",] == 1
    assert found["jobqueue_deliveries"] == {("pending",): 0, ("delivering",): 0, ("dead",): 0}


def names_in(text: str) -> set[str]:
    return {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in re.findall(r"\bjobqueue_[a-z_]+", text)
    }


@pytest.mark.parametrize("file", [RULES, BOARD], ids=lambda file: file.name)
def test_what_board_and_alerts_ask_for_exists(file: Path) -> None:
    asked_for = names_in(file.read_text())
    assert len(asked_for) > 10
    assert asked_for <= {metric.name for metric in METRICS}


def test_the_board_shows_each_thing_once_and_in_its_place() -> None:
    board = json.loads(BOARD.read_text())
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(places)) == len(places) == len({panel["title"] for panel in board["panels"]})
    assert all(panel["description"].endswith(".") for panel in board["panels"])
    used = {label for text in re.findall(r"\{\{(\w+)\}\}", BOARD.read_text()) for label in [text]}
    labels = {label for metric in METRICS for label in metric.labels} | {"node"}
    assert used <= labels


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize("words", [("check", "rules", "rules"), ("test", "rules", "tests")])
def test_the_alerts_do_what_they_are_to(words: tuple[str, str, str]) -> None:
    command, what, file = words
    subprocess.run(
        ["promtool", command, what, f"jobqueue.{file}.yml"],
        cwd=RULES.parent,
        check=True,
        capture_output=True,
        timeout=30,
    )


def test_the_page_names_every_alert() -> None:
    page = (CONTRIB.parent / "doc/reference/metrics.rst").read_text()
    for name in re.findall(r"- alert: (\w+)", RULES.read_text()):
        assert f"``{name}``" in page
