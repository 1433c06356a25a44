"""The command line of ``twistd jobqueue``, and how a start that fails is told."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.application.service import Application, IService, Service
from twisted.logger import ILogObserver
from twisted.plugin import getPlugins
from twisted.python.usage import Options as RunnerOptions

from jqengine import tap
from jqengine.errors import ConfigurationError
from jqengine.launch import ExitStatus, Launch
from jqengine.options import OPTIONS
from jqengine.version import VERSION
from tests.launching import ROOT, launch


def parsed(*arguments: str) -> tap.Options:
    options = tap.Options()
    options.parseOptions(["--app", "x", "--timezone", "UTC", *arguments])
    return options


def complaint(*arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        parsed(*arguments)
    assert isinstance(caught.value.code, str), "a text, so that Python exits with status 1"
    assert "\n" not in caught.value.code
    return caught.value.code


def test_options_are_read_by_long_and_short_names() -> None:
    options = parsed("-c", "a.tab", "--crontab=b.tab", "-a", "site:app", "--job-threads", "4")
    assert options.settings.app == "site:app"
    assert options.settings.crontab == ("a.tab", "b.tab")
    assert options.settings.job_threads == 4
    assert options.settings.directory == os.getcwd()


def test_the_environment_and_a_file_are_read_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs.toml").write_text("[jobqueue]\nattempts = 7\nthreads = 1")
    monkeypatch.setenv("JOBQUEUE_CONFIG", str(tmp_path / "jobs.toml"))
    monkeypatch.setenv("JOBQUEUE_THREADS", "2")
    options = parsed()
    assert (options.settings.attempts, options.settings.threads) == (7, 2)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--treads", "1"], "jobqueue: no option --treads; did you mean --threads?"),
        (["--job-thread", "1"], "no option --job-thread; did you mean --job-threads?"),
        (["--job-thread=1"], "no option --job-thread; did you mean --job-threads?"),
        (["-q"], "jobqueue: no option -q"),
        (["--threads"], "jobqueue: option --threads requires argument"),
        (["--threads", "x"], "jobqueue: --threads: 'x' is not a whole number from 1 to 10000"),
        (["--timezone", "Mars"], "jobqueue: --timezone: 'Mars' is not a time zone; "),
        (["jobs.tab"], "jobqueue: unexpected 'jobs.tab': only options are taken"),
        (["--config", "none.toml"], "--config: cannot read none.toml: No such file or directory"),
    ],
)
def test_a_mistake_ends_the_process_with_one_line(arguments: list[str], expected: str) -> None:
    assert expected in complaint(*arguments)


def test_a_settings_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jobs.toml").write_bytes(b"\xff\xfe")
    assert "jobs.toml is not UTF-8 text" in complaint("--config", str(tmp_path / "jobs.toml"))


def test_an_option_of_the_runner_in_the_wrong_place_is_recognised() -> None:
    class Runner(RunnerOptions):
        optFlags = (("nodaemon", "n", "stay"),)  # noqa: N815 (its name is Twisted's)

    options = tap.Options()
    options.parent = Runner()
    for given in ("-n", "--nodaemon"):
        with pytest.raises(SystemExit, match=f"no option {given}; it is one of the runner: say it"):
            options.parseOptions(["--app", "x", given])


def test_help_names_every_option_with_its_default() -> None:
    text = tap.Options().getUsage(width=80)
    for option in OPTIONS:
        assert f"--{option.name}={option.metavar}\n" in text
        assert option.shown_default in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_version_is_our_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed("--version")
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"jqengine {VERSION} ")


def test_the_plugin_is_found() -> None:
    from twisted.application.service import IServiceMaker

    makers = {maker.tapname: maker for maker in getPlugins(IServiceMaker)}
    assert makers["jobqueue"].options is tap.Options
    assert makers["jobqueue"].makeService is tap.makeService


@pytest.fixture
def make_service(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Launch]:
    """``makeService`` on a reactor and an engine of the test's own."""
    reactor = SimpleNamespace(seconds=time.time)
    monkeypatch.setattr(tap, "reactor", reactor)
    monkeypatch.setattr("atexit.register", lambda function: None)

    def make(
        runner: dict[str, Any] | None, make_engine: Callable[..., IService] | None = None
    ) -> Launch:
        monkeypatch.setattr(tap, "make_engine", make_engine or (lambda *_, **__: Service()))
        options = parsed()
        options.parent = runner
        service = tap.makeService(options)
        assert reactor.seconds is time.monotonic
        return service

    return make


TWISTD = {"nodaemon": True, "logfile": None, "logger": None, "syslog": False}


def test_under_twistd_the_application_gets_our_observer(
    make_service: Callable[..., Launch],
) -> None:
    application = Application("jobqueue")
    make_service(TWISTD).setServiceParent(application)
    assert application.getComponent(ILogObserver) is not None


@pytest.mark.parametrize("runner", [None, {}, {**TWISTD, "logger": "my.observer"}])
def test_a_logger_chosen_by_others_stays(
    runner: dict[str, Any] | None, make_service: Callable[..., Launch]
) -> None:
    application = Application("jobqueue")
    make_service(runner).setServiceParent(application)
    assert application.getComponent(ILogObserver, None) is None


def test_an_engine_that_cannot_be_made_ends_the_process_with_one_line(
    make_service: Callable[..., Launch],
) -> None:
    def make_engine(*_: object, **__: object) -> IService:
        raise ConfigurationError("jobs.tab:7:3: no such month")

    with pytest.raises(SystemExit, match=r"^jobqueue: jobs\.tab:7:3: no such month$"):
        make_service(TWISTD, make_engine)


RUNNERS = {
    "foreground": ["twistd", "-n"],
    "log file": ["twistd", "-n", "--logfile", "log"],
    "daemon": ["twistd"],
    "twist": ["twist"],
}
WHY = {
    "cannot be made": "x: there is no module 'x'",
    "port in use": "Couldn't listen on 127.0.0.1:80: [Errno 98] Address already in use.",
    "fails at once": "state: in use by process 7",
    "fails later": "jobqueue.db: schema 9 is newer than 1",
    "has a bug": "the engine cannot start: oops",
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_an_engine_that_starts_runs_and_stops(runner: str, tmp_path: Path) -> None:
    ended = launch("up", RUNNERS[runner], tmp_path)
    assert ended.returncode == 0, ended
    for _ in range(100):
        if (tmp_path / "stopped").exists():
            break
        time.sleep(0.05)  # a daemon is another process, which this one cannot wait for
    assert (tmp_path / "started").exists()
    assert (tmp_path / "stopped").exists()


@pytest.mark.parametrize(
    ("behaviour", "runner"),
    [
        *((behaviour, "foreground") for behaviour in WHY),
        *(("fails later", runner) for runner in RUNNERS if runner != "foreground"),
        ("port in use", "daemon"),
        ("has a bug", "log file"),
    ],
)
def test_an_engine_that_cannot_start_says_so_once_and_exits_with_1(
    behaviour: str, runner: str, tmp_path: Path
) -> None:
    ended = launch(behaviour, RUNNERS[runner], tmp_path)
    assert ended.returncode == 1, ended
    told = [line for line in ended.stderr.splitlines() if WHY[behaviour] in line]
    assert len(told) == 1, ended.stderr
    assert "Traceback (most recent call last):\n" not in ended.stderr
    assert not (tmp_path / "twistd.pid").exists()
    if behaviour == "port in use":
        assert not (tmp_path / "started").exists(), "a later step was taken after a failed one"


def test_the_exit_handlers_of_the_application_run_before_the_status_is_set() -> None:
    handlers: list[Callable[[], None]] = []
    done: list[object] = []
    status = ExitStatus(register=handlers.append, leave=done.append)
    handlers[0]()
    assert done == [], "a clean end is nobody's business"
    status.fail(lambda: done.append("last words"))
    handlers[0]()
    assert done == ["last words", 1]


@pytest.mark.parametrize("reactor", ["epoll", "asyncio"])
@pytest.mark.parametrize(("cure", "expected"), [("cured", "on time"), ("plain", "frozen")])
def test_timers_outlive_a_step_of_the_wall_clock(reactor: str, cure: str, expected: str) -> None:
    # Without the cure the timer freezes: that shows the test to be one.
    ended = subprocess.run(
        [sys.executable, str(ROOT / "tests/clock_step.py"), reactor, cure],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout == f"{expected}\n", ended.stderr


def test_the_collector_is_made_less_eager_unless_it_is_off() -> None:
    before = gc.get_threshold()
    try:
        for given, expected in ((700, 10_000), (50_000, 50_000), (0, 0)):
            gc.set_threshold(given, 7, 9)
            tap.collect_less_often()
            assert gc.get_threshold() == (expected, 7, 9)
    finally:
        gc.set_threshold(*before)
