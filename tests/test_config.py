"""The settings: one name in three places, and one sentence for whatever is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import pytest

from jqengine.config import (
    Settings,
    SettingsFile,
    find_system_zone,
    resolve,
    settings_file_name,
)
from jqengine.errors import ConfigurationError
from jqengine.options import OPTIONS, BaseURL, Option, parse_base_url
from jqengine.retention import Retention
from jqengine.smtpurl import SMTPServer
from jqengine.units import Backoff, StatusSet


def settings(
    command_line: Mapping[str, Sequence[str]] | None = None,
    environ: Mapping[str, str] | None = None,
    toml: str | None = None,
) -> Settings:
    """Settings of an engine with an application, from the given sources."""
    return resolve(
        {"app": ["site:app"], **(command_line or {})},
        environ or {},
        None if toml is None else SettingsFile("jobs.toml", toml),
        directory="/srv/site",
        system_zone=lambda: "Europe/Paris",
    )


def complaint(
    command_line: Mapping[str, Sequence[str]] | None = None,
    environ: Mapping[str, str] | None = None,
    toml: str | None = None,
) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(command_line, environ, toml)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_defaults_are_those_of_the_design() -> None:
    assert settings() == Settings(
        app="site:app",
        crontab=(),
        http=("tcp:8080:interface=127.0.0.1",),
        admin="tcp:8081:interface=127.0.0.1",
        admin_auth=(),
        admin_operator=("*",),
        admin_host=(),
        redact=(),
        state_dir="/srv/site/.jobqueue",
        store="sqlite:////srv/site/.jobqueue/jobqueue.db",
        sink=("stdout:",),
        smtp=SMTPServer(),
        timezone="Europe/Paris",
        remove_on=StatusSet(((0, 0), (400, 599))),
        attempts=3,
        backoff=Backoff(),
        timeout=900.0,
        threads=10,
        job_threads=10,
        base_url=BaseURL("http", "127.0.0.1", 80, ""),
        amp=("/srv/site/.jobqueue/amp.sock",),
        amp_secret_file=None,
        amp_certificate=None,
        amp_client_ca=None,
        keep=Retention(30 * 86400.0, 1_000_000, 4 * 1024**3),
        workers=1,
        spool="off",
        drain_timeout=30.0,
        max_body=16 * 1024**2,
        access_log=True,
        otel=False,
        session_cookie=None,
        respond_async=(),
        config=None,
        directory="/srv/site",
    )


def test_the_table_and_the_settings_name_the_same_things() -> None:
    assert {option.field for option in OPTIONS} == {one.name for one in fields(Settings)} - {
        "directory"
    }
    flags = [option.short for option in OPTIONS if option.short]
    assert len(flags) == len(set(flags))


TEXTS = {
    "app": "other:app",
    "http": "tcp:9000",
    "threads": "3",
    "max-body": "1KiB",
    "access-log": "off",
    "otel": "on",
    "session-cookie": "sid",
    "respond-async": "/reports",
    "crontab": "jobs.tab",
    "timezone": "Asia/Tokyo",
    "job-threads": "4",
    "attempts": "9",
    "backoff": "none",
    "timeout": "1m",
    "remove-on": "never",
    "sink": "file:results",
    "smtp": "smtp://mail.example.org:587",
    "base-url": "https://example.org/app/",
    "admin": "unix:admin.sock",
    "admin-auth": "unix",
    "admin-operator": "alice",
    "admin-host": "jobs.example.org",
    "redact": "X-Customer",
    "state-dir": "/var/lib/jobs",
    "store": "postgresql://localhost/jobs",
    "amp": "tcp:7000",
    "amp-secret-file": "secrets",
    "amp-certificate": "own.pem",
    "amp-client-ca": "ca.pem",
    "keep": "7d,5000",
    "workers": "2",
    "spool": "on",
    "drain-timeout": "0",
    "config": "jobs.toml",
}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_has_one_name_in_three_places(option: Option) -> None:
    text = TEXTS[option.name]
    by_flag = settings({option.name: [text]})
    by_variable = resolve(
        {} if option.name == "app" else {"app": ["site:app"]},
        {"JOBQUEUE_" + option.name.replace("-", "_").upper(): text},
        directory="/srv/site",
        system_zone=lambda: "Europe/Paris",
    )
    assert by_flag != settings()
    assert by_variable == (by_flag if option.in_environment else settings())
    if option.in_file:
        by_key = resolve(
            {} if option.name == "app" else {"app": ["site:app"]},
            {},
            SettingsFile("jobs.toml", f'[jobqueue]\n{option.name} = "{text}"'),
            directory="/srv/site",
            system_zone=lambda: "Europe/Paris",
        )
        assert by_key == by_flag


def test_the_command_line_wins_then_the_environment_then_the_file() -> None:
    flag, variable = {"threads": ["1"]}, {"JOBQUEUE_THREADS": "2"}
    toml = "[jobqueue]\nthreads = 3"
    assert settings(flag, variable, toml).threads == 1
    assert settings({}, variable, toml).threads == 2
    assert settings({}, {}, toml).threads == 3


def test_a_repeatable_option_comes_whole_from_one_source() -> None:
    toml = '[jobqueue]\ncrontab = ["a b.tab", "c.tab"]'
    assert settings({}, {}, toml).crontab == ("a b.tab", "c.tab")
    assert settings({}, {"JOBQUEUE_CRONTAB": "d.tab\n e.tab"}, toml).crontab == ("d.tab", "e.tab")
    assert settings({"crontab": ["f.tab"]}, {"JOBQUEUE_CRONTAB": "d"}, toml).crontab == ("f.tab",)


def test_of_an_option_given_twice_the_last_one_counts() -> None:
    assert settings({"threads": ["2", "5"]}).threads == 5


def test_off_means_none() -> None:
    assert settings({"sink": ["off"]}).sink == ()
    assert settings({}, {}, "[jobqueue]\nhttp = 'off'").http == ()


def test_a_file_may_hold_numbers_and_truth_values() -> None:
    made = settings({}, {}, "[jobqueue]\ntimeout = 90\naccess-log = false\nmax-body = 4096")
    assert (made.timeout, made.access_log, made.max_body) == (90.0, False, 4096)


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert settings({}, {"JOBQUEUE_THREADS": "", "JOBQUEUE_SINK": " "}) == settings()


def test_what_an_engine_tells_its_application_is_no_setting() -> None:
    assert settings({}, {"JOBQUEUE_AMP": "unix:/run/amp.sock", "PATH": "/bin"}) == settings()


def test_names_of_files_are_read_from_where_the_engine_was_started() -> None:
    made = settings({"state-dir": ["state"], "store": ["sqlite:///:memory:"]})
    assert made.state_dir == "/srv/site/state"
    assert made.store == "sqlite:///:memory:"
    assert made.path("jobs.tab") == "/srv/site/jobs.tab"
    assert made.path("/etc/jobs.tab") == "/etc/jobs.tab"


def test_the_system_is_asked_for_its_zone_only_when_nobody_says_one() -> None:
    def never() -> str:
        raise AssertionError("the system was asked")

    line = {"app": ["x"], "timezone": ["Asia/Tokyo"]}
    assert resolve(line, {}, directory="/", system_zone=never).timezone == "Asia/Tokyo"


def test_the_settings_file_is_named_by_the_first_two_sources() -> None:
    variable = {"JOBQUEUE_CONFIG": "b.toml"}
    assert settings_file_name({"config": ["a.toml"]}, variable) == "a.toml"
    assert settings_file_name({}, variable) == "b.toml"
    assert settings_file_name({}, {}) is None


@pytest.mark.parametrize(
    ("command_line", "environ", "toml", "expected"),
    [
        ({"treads": ["1"]}, {}, None, "no option --treads; did you mean --threads?"),
        ({"zzz": ["1"]}, {}, None, "no option --zzz"),
        ({"threads": ["x"]}, {}, None, "--threads: 'x' is not a whole number from 1 to 10000"),
        ({"threads": ["0"]}, {}, None, "--threads: '0' is not a whole number from 1 to 10000"),
        ({"threads": ["٣"]}, {}, None, "--threads: '٣' is not a whole number from 1 to 10000"),
        ({"app": [""]}, {}, None, "--app: is empty"),
        ({"timeout": ["0"]}, {}, None, "--timeout: '0' is no time at all; expected "),
        ({"timezone": ["europe/paris"]}, {}, None, "did you mean Europe/Paris?"),
        ({"timezone": ["tokyo"]}, {}, None, "did you mean Asia/Tokyo?"),
        ({"timezone": ["right/Asia/Tokyo"]}, {}, None, "is not a time zone"),
        ({"timezone": ["Europe"]}, {}, None, "--timezone: 'Europe' is not a time zone; "),
        ({"timezone": ["../../etc/passwd"]}, {}, None, "is not a time zone; expected a name like"),
        ({"sink": ["off", "stdout:"]}, {}, None, "--sink: 'off' stands alone; expected it or URL"),
        ({"base-url": ["example.org"]}, {}, None, "--base-url: 'example.org' is not a base URL"),
        ({}, {"JOBQUEUE_THREADS": "many"}, None, "JOBQUEUE_THREADS: 'many' is not a whole number"),
        (
            {},
            {"JOBQUEUE_JOBTHREADS": "5"},
            None,
            "environment: no option JOBQUEUE_JOBTHREADS; did you mean JOBQUEUE_JOB_THREADS?",
        ),
        ({}, {}, "[jobqueue", "jobs.toml: not TOML: "),
        ({}, {}, "threads = 5\n[jobqueue]", "jobs.toml: threads belongs under [jobqueue]"),
        ({}, {}, "[jobque]\nthreads = 5", "jobs.toml: has no table [jobqueue]"),
        ({}, {}, "jobqueue = 1", "jobs.toml: has no table [jobqueue]"),
        (
            {},
            {},
            "[jobqueue]\njob_threads = 5",
            "jobs.toml: [jobqueue]: no option job_threads; did you mean job-threads?",
        ),
        ({}, {}, "[jobqueue]\nconfig = 'x'", "jobs.toml: [jobqueue]: no option config"),
        (
            {},
            {},
            "[jobqueue]\nthreads = [1, 2]",
            "jobs.toml: [jobqueue] threads: expected one value, not a list",
        ),
        (
            {},
            {},
            "[jobqueue]\ncrontab = [{a = 1}]",
            "jobs.toml: [jobqueue] crontab: expected a text or a number, not a dict",
        ),
        (
            {},
            {},
            "[jobqueue]\nthreads = true",
            "jobs.toml: [jobqueue] threads: 'on' is not a whole number from 1 to 10000",
        ),
        (
            {},
            {},
            "[jobqueue]\naccess-log = 2",
            "jobs.toml: [jobqueue] access-log: '2' is neither on nor off",
        ),
    ],
)
def test_bad_input_gets_one_line_that_says_what_and_where(
    command_line: dict[str, list[str]], environ: dict[str, str], toml: str | None, expected: str
) -> None:
    assert expected in complaint(command_line, environ, toml)


def test_a_missing_application_says_every_way_to_name_one() -> None:
    with pytest.raises(ConfigurationError, match=r"^--app is missing: .*JOBQUEUE_APP"):
        resolve({}, {}, directory="/", system_zone=lambda: "UTC")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:80/", BaseURL("http", "127.0.0.1", 80, "")),
        ("HTTPS://WWW.Example.org", BaseURL("https", "www.example.org", 443, "")),
        ("http://[::1]:8080/a/b/", BaseURL("http", "[::1]", 8080, "/a/b")),
        ("http://h:/caf%C3%A9", BaseURL("http", "h", 80, "/caf\u00c3\u00a9")),
    ],
)
def test_a_base_url_is_scheme_host_port_and_script_name(text: str, expected: BaseURL) -> None:
    assert parse_base_url(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://h/",
        "//h/",
        "http://",
        "http://:80/",
        "http://user@h/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:x/",
        "http://[::1/",
        "http://h/?q",
        "http://h/#f",
        "http://h/a b",
        "http://h/a\nb",
        "http://münchen.de/",
    ],
)
def test_what_is_not_a_base_url_is_refused(text: str) -> None:
    assert "base-url: " in complaint({"base-url": [text]})


@pytest.mark.parametrize("zone", ["UTC+3", "Nowhere/City"])
def test_a_system_zone_without_a_name_is_not_guessed(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tzlocal remembers its first answer for the life of the process.
    for cache in ("_cache_tz", "_cache_tz_name"):
        monkeypatch.setattr(f"tzlocal.unix.{cache}", None)
    monkeypatch.setenv("TZ", zone)
    with pytest.raises(
        ConfigurationError, match=r"^the system's time zone is unknown .*--timezone"
    ):
        find_system_zone()


def test_the_system_zone_is_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for cache in ("_cache_tz", "_cache_tz_name"):
        monkeypatch.setattr(f"tzlocal.unix.{cache}", None)
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert find_system_zone() == "Asia/Tokyo"
