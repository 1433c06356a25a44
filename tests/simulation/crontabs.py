"""A crontab of every syntax, made and edited by throws of seeded dice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe")

STARTS = tuple(
    datetime.fromisoformat(text).timestamp()
    for text in (
        "2027-01-15T07:58:30+00:00",
        "2027-03-28T00:57:40+00:00",  # Europe/Paris loses 02:00 at 01:00 UTC
        "2027-10-31T00:56:30+00:00",  # and has it twice
        "2027-03-14T06:57:10+00:00",  # America/New_York
        "2027-11-07T05:57:10+00:00",
        "2027-04-03T14:56:00+00:00",  # Australia/Lord_Howe, by half an hour
        "2027-12-31T23:57:00+00:00",
        "2028-02-28T23:58:00+00:00",
    )
)
"""Where the wall clock of a simulation begins: shortly before something."""


class Crontab:
    """The text of a crontab that people edit.

    :param now: reads the wall clock.
    :param paths: of the application, that lines may ask for.
    """

    def __init__(self, random: Random, now: Callable[[], float], paths: Sequence[str]) -> None:
        self._random = random
        self._now = now
        self._paths = paths
        self._zone = random.choice(ZONES)
        self._lines: dict[int, str] = {}
        self._taken_out: dict[int, str] = {}
        for number in range(random.randint(1, 6)):
            self._lines[number] = self._line(number)

    @property
    def data(self) -> bytes:
        """The file."""
        lines = [f"CRON_TZ={self._zone}", *self._lines.values()]
        return "\n".join(lines).encode() + b"\n"

    def edit(self) -> str:
        """Change something; what, for people."""
        edits = [self._add, self._change_time, self._change_option, self._take_out, self._put_back]
        return self._random.choice(edits)()

    def _add(self) -> str:
        number = len(self._lines) + len(self._taken_out)
        self._lines[number] = self._line(number)
        return f"added {self._lines[number]!r}"

    def _change_time(self) -> str:
        return self._replace(lambda head, rest: f"{self._time()} - {rest}")

    def _change_option(self) -> str:
        return self._replace(lambda head, rest: f"{head} - {rest} {self._own_option(rest)}")

    def _replace(self, change: Callable[[str, str], str]) -> str:
        if not self._lines:
            return self._add()
        number = self._random.choice(list(self._lines))
        before = self._lines[number]
        self._lines[number] = change(*before.split(" - ", 1))
        return f"changed {before!r} to {self._lines[number]!r}"

    def _take_out(self) -> str:
        if not self._lines:
            return self._add()
        number = self._random.choice(list(self._lines))
        self._taken_out[number] = self._lines.pop(number)
        return f"took out {self._taken_out[number]!r}"

    def _put_back(self) -> str:
        if not self._taken_out:
            return self._add()
        number = self._random.choice(list(self._taken_out))
        self._lines[number] = self._taken_out.pop(number)
        return f"put back {self._lines[number]!r}"

    def _line(self, number: int) -> str:
        path = self._random.choice(self._paths)
        # A number of its own in the request, so that no two lines are the same.
        words = [self._time(), "-", f"{path}?line={number}"]
        if self._random.random() < 0.7:
            words.append(f"--name=line-{number}")
        return " ".join([*words, *self._options()])

    def _time(self) -> str:
        return self._random.choice((self._cron, self._cron, self._every, self._at, self._when))()

    def _cron(self) -> str:
        soon = self._soon()
        return self._random.choice(
            (
                "* * * * *",
                "*/2 * * * *",
                f"{soon.minute} * * * *",
                f"{soon.minute} {soon.hour} * * *",
                f"{soon.minute},{(soon.minute + 3) % 60} {soon.hour} * * *",
                f"{soon.minute} {soon.hour} * * {soon.isoweekday()}",
                "@hourly",
                "@daily",
                "@reboot",
            )
        )

    def _every(self) -> str:
        if self._random.random() < 0.1:
            return "@every 1s"
        return f"@every {self._random.choice(('6s', '11s', '20s', '45s', '90s', '1m30s'))}"

    def _at(self) -> str:
        soon = self._soon()
        text = self._random.choice((f"{soon:%H:%M}", "now + 2 minutes", f"{soon:%H%M} tomorrow"))
        return f'@at "{text}"'

    def _when(self) -> str:
        soon = self._soon()
        forms = ("in 90 seconds", f"at {soon:%H:%M}", "every minute", "every 2 minutes")
        forms += (f"every day at {soon:%H:%M}", "tomorrow at 8am", "every 30 seconds")
        return f'@when "{self._random.choice(forms)}"'

    def _soon(self) -> datetime:
        """The wall clock of the zone some minutes from now."""
        now = datetime.fromtimestamp(self._now(), UTC).astimezone(ZoneInfo(self._zone))
        return now + timedelta(minutes=self._random.randint(1, 6))

    def _options(self) -> Iterator[str]:
        random = self._random
        for name, values in OPTIONS.items():
            if random.random() < 0.3:
                yield f"--{name}={random.choice(values)}"
        yield f"--remove-on={random.choice(('never', 'never', '404', '0,400-599'))}"
        yield f"--timeout={random.choice(('5s', '20s', '5m', '5m'))}"
        for sink in SINKS:
            if random.random() < 0.3:
                yield f"--sink={sink}"

    def _own_option(self, rest: str) -> str:
        """An option that the line does not have yet."""
        free = [name for name in OPTIONS if f"--{name}=" not in rest]
        if not free:
            return ""
        name = self._random.choice(free)
        return f"--{name}={self._random.choice(OPTIONS[name])}"


OPTIONS = {
    "attempts": ("1", "2", "4"),
    "backoff": ("none", "2s", "1s..8s"),
    "catchup": ("latest", "all", "none"),
    "catchup-window": ("30s", "5m", "24h"),
    "overlap": ("skip", "allow", "queue"),
    "priority": ("-1", "5"),
    "times": ("1", "3", "20"),
    "jitter": ("5s", "40s"),
}
SINKS = ("note:one", "note:two#on=change", "note:bad#on=failure", "memo:once")
