"""The Python clients against a real engine, over every kind of connection."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from jqengine.client import Job, JobQueue
from jqengine.errors import BadSchedule, Forbidden, JobQueueError, NotConnected, NotInTime
from jqengine.remote.client import JobQueueClient
from tests.interop.certificates import write_all
from tests.interop.conftest import amp_addresses
from tests.system.engine_process import engine

BASIC = ("--app", "echoing", "--sink", "off", "--amp", "unix:amp.sock")
SECRETS = "operate a-secret-to-operate\nsubmit a-secret-to-submit\n"
BODY = bytes(range(256)) * 4096


def _exercise(queue: JobQueue) -> None:
    """What an operator does in a day."""
    job = queue.schedule("/hello", method="POST", data={"name": "Zoë"}, user="alice")
    result = job.wait(timeout=20)
    assert (result.status, result.text) == (200, "alice says hello to name=Zo%C3%AB")
    assert queue.schedule("/echo", method="PUT", body=BODY).wait(timeout=20).body == BODY
    queue.schedule("/x", every="10 minutes", name="sync")
    assert queue.pause(name="sync").state == "paused"
    assert queue.resume(name="sync").state == "scheduled"
    assert queue.reschedule(name="sync", cron="0 3 * * *").view.schedule["text"] == "0 3 * * *"
    run = queue.run_now(name="sync")
    while queue.runs(name="sync")[0].status is None:
        pass
    assert [one.status for one in queue.results(run)] == [200]
    assert queue.retry(run=run).attempt == 1
    assert queue.cancel(name="sync").state == "cancelled"
    assert {job.name for job in queue.jobs(state="cancelled")} == {"sync"}
    with pytest.raises(BadSchedule, match="'s' is not understood"):
        queue.schedule("/x", at="teatimes")
    with pytest.raises(NotInTime):
        queue.schedule("/x", after="1h").wait(timeout=0.05)
    assert queue.stats()["finished"] >= 2
    assert queue.reload()["unchanged"] == 0


def _submit_only(queue: JobQueue) -> None:
    assert queue.schedule("/hello", user="bob").wait(timeout=20).text.startswith("bob says")
    with pytest.raises(Forbidden, match="Jobs needs the role operate"):
        queue.jobs()


def test_over_the_socket(folder: Path) -> None:
    with engine(folder, *BASIC) as one:
        [address] = amp_addresses(one)
        with JobQueue(address) as queue:
            _exercise(queue)
        assert stat.S_IMODE(os.stat(folder / "amp.sock").st_mode) == 0o600


def test_over_tcp_with_a_secret(folder: Path) -> None:
    secrets = folder / "secrets"
    secrets.write_text(SECRETS)
    secrets.chmod(0o600)
    wrong = folder / "wrong"
    wrong.write_text("operate a-secret-that-is-wrong\n")
    wrong.chmod(0o600)
    tcp = ("--amp", "tcp:0:interface=127.0.0.1", "--amp-secret-file", "secrets")
    with engine(folder, *BASIC, *tcp) as one:
        _, address = amp_addresses(one)
        with JobQueue(address, secret_file=str(secrets)) as queue:
            _exercise(queue)
        with JobQueue(address, secret_file=str(secrets), role="submit") as queue:
            _submit_only(queue)
        with (
            JobQueue(address, secret_file=str(wrong)) as queue,
            pytest.raises(Forbidden, match="the engine does not know the secret"),
        ):
            queue.stats()
        with JobQueue(address) as queue, pytest.raises(Forbidden, match="does not know who you"):
            queue.stats()


def test_in_tls_with_certificates(folder: Path) -> None:
    write_all(folder)
    tls = ("--amp-certificate", "engine.pem", "--amp-client-ca", "ca.pem")
    with engine(folder, *BASIC, "--amp", "tcp:0:interface=127.0.0.1", *tls) as one:
        _, address = amp_addresses(one)
        tls_address = address.replace("tcp:", "tls:")

        def certified(name: str, roots: str = "ca.pem") -> JobQueue:
            return JobQueue(
                f"{tls_address}:certificate={folder}/{name}.pem:trustRoots={folder}/{roots}",
                patience=0.2,
                timeout=5,
            )

        with certified("operator") as queue:
            _exercise(queue)
        with certified("submitter", "roots") as queue, ThreadPoolExecutor(8) as pool:
            _submit_only(queue)
            jobs = pool.map(lambda n: queue.schedule("/echo", method="PUT", body=BODY), range(8))
            assert all(job.wait(timeout=30).body == BODY for job in jobs)
        for refused in (certified("foreign"), JobQueue(address, patience=0.2, timeout=5)):
            with refused, pytest.raises(NotConnected):
                refused.stats()


def test_the_application_schedules_its_own_jobs(folder: Path) -> None:
    (folder / "scheduling.py").write_text(
        "import os\n"
        "def application(environ, start_response):\n"
        "    queue = environ['jobqueue']\n"
        "    assert queue.address == os.environ['JOBQUEUE_AMP']\n"
        "    if environ['PATH_INFO'] == '/ask':\n"
        "        body = queue.schedule('/first').wait(timeout=20).body\n"
        "    elif environ['PATH_INFO'] == '/first':\n"
        "        body = b'first, ' + queue.schedule('/second').wait(timeout=20).body\n"
        "    else:\n"
        "        body = b'second'\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [body]\n"
    )
    with engine(folder, "--app", "scheduling", "--sink", "off") as one:
        assert one.ask("/ask") == (200, b"first, second")


def test_output_is_followed_live(folder: Path) -> None:
    (folder / "slow.py").write_text(
        "import time\n"
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    for n in range(3):\n"
        "        yield b'line %d\\n' % n\n"
        "        time.sleep(0.05)\n"
    )
    with engine(folder, "--app", "slow", "--sink", "off", "--amp", "unix:amp.sock") as one:
        [address] = amp_addresses(one)
        with JobQueue(address) as queue:
            events = queue.tail(output=True, seconds=20)
            timer = threading.Timer(0.2, lambda: queue.schedule("/x"))
            timer.start()
            kinds, text = [], b""
            for event in events:
                kinds.append(event.kind)
                text += event.data
                if event.kind == "ended":
                    break
            events.close()  # type: ignore[attr-defined]
            timer.join()
    assert kinds[0] == "began"
    assert kinds.count("output") >= 2
    assert text == b"line 0\nline 1\nline 2\n"


@ensureDeferred
async def test_the_client_for_twisted_programs(folder: Path) -> None:
    from twisted.internet import reactor
    from twisted.internet.threads import deferToThread

    running = engine(folder, *BASIC)
    one = await deferToThread(running.__enter__)
    try:
        [address] = await deferToThread(amp_addresses, one)
        await _exercise_client(JobQueueClient(reactor, address))
    finally:
        await deferToThread(running.__exit__, None, None, None)


async def _exercise_client(client: JobQueueClient) -> None:
    job = await client.schedule("/hello", method="POST", data={"a": "b"}, user="alice")
    result = await client.wait(job.id, timeout=20)
    assert result.text == "alice says hello to a=b"
    job = await client.schedule("/echo", method="PUT", body=BODY)
    assert (await client.wait(job.id, timeout=20)).body == BODY
    answers = await client.schedule_many([{"target": f"/{n}"} for n in range(3000)], after="1h")
    assert all(isinstance(one, str) for one in answers)
    assert len(await client.jobs(state="scheduled", limit=None)) == 3000
    mixed = await client.schedule_many([{"target": "/x"}, {"target": "x"}], after="1h")
    assert isinstance(mixed[1], JobQueueError)
    await client.schedule("/x", name="sync", every="1h")
    assert (await client.pause(name="sync")).state == "paused"
    assert (await client.resume(name="sync")).state == "scheduled"
    await client.reschedule(name="sync", every="2h")
    events: list[Any] = []
    ended: Deferred[None] = Deferred()

    def told(event: Any) -> None:
        events.append(event.kind)
        if event.kind == "ended":
            ended.callback(None)

    tail = await client.tail(told, name="sync")
    run = await client.run_now(name="sync")
    await ended
    await tail.close()
    assert events == ["began", "ended"]
    assert [one.id for one in await client.runs(name="sync")] == [run.id]
    assert [one.status for one in await client.results(run.id)] == [200]
    assert (await client.retry(run=run.id)).attempt == 1
    assert (await client.cancel(name="sync")).state == "cancelled"
    assert (await client.job(name="sync")).state == "cancelled"
    assert (await client.stats())["finished"] >= 3
    assert (await client.reload())["added"] == 0
    with pytest.raises(BadSchedule):
        await client.schedule("/x", at="teatimes")
    with pytest.raises(TypeError, match="did you mean every"):
        await client.schedule("/x", evry="1h")  # type: ignore[call-arg]
    with pytest.raises(NotInTime):
        await client.wait(answers[0] if isinstance(answers[0], str) else "", timeout=0.05)
    await client.close()


def test_many_threads_and_forked_workers_share_one_object(folder: Path) -> None:
    with engine(folder, *BASIC) as one, JobQueue(amp_addresses(one)[0]) as queue:
        children = []
        with ThreadPoolExecutor(10) as pool:
            jobs: list[Job] = list(pool.map(lambda n: queue.schedule(f"/{n}"), range(100)))
            for number in range(3):
                child = os.fork()
                if child == 0:
                    os._exit(0 if queue.schedule(f"/child/{number}").wait(20).status == 200 else 1)
                children.append(child)
            assert {job.wait(timeout=20).status for job in jobs} == {200}
        for child in children:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len({job.id for job in queue.jobs(limit=None)}) == 103
