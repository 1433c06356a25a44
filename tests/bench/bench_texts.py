"""Time texts a second, and agreement with DateTime::Format::Natural: ours and dateparser.

Run it with ``python -m tests.bench.bench_texts``.  The machine sets the
figures; the ratios are what to keep.  Every text is read anew each time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import dateparser

from jqengine.errors import BadSchedule, PastInstant
from jqengine.triggers import natural_forms, recurrence_forms
from jqengine.triggers.at import resolve_at
from jqengine.triggers.when import resolve_when
from tests.triggers.natural_corpora import NATURAL_NOW, instant, rows, wall

NOW = instant(NATURAL_NOW, "UTC")
SETTINGS = {
    "RELATIVE_BASE": datetime.fromisoformat(NATURAL_NOW),
    "PREFER_DATES_FROM": "future",
}
_SECONDS = 1.0

IMPORT = """
import time, jqengine.interfaces, jqengine.triggers.duetimes, jqengine.triggers.localtime
started = time.process_time()
import jqengine.triggers.when
jqengine.triggers.when._lexicon()
print(time.process_time() - started)
"""


def main() -> None:
    """Print both tables."""
    natural = [text for text, _ in rows("natural.tsv")]
    recurring = [
        text
        for forms in recurrence_forms.TABLES.values()
        for form in forms
        for text, _ in form.examples
    ]
    single = [
        text
        for forms in natural_forms.TABLES.values()
        for form in forms
        for text, _ in form.examples
    ]
    at = [text for text, *_ in rows("at.tsv")]
    _say("when=, natural.tsv", _rate(_when("UTC"), natural))
    _say("when=, natural.tsv, Europe/Paris", _rate(_when("Europe/Paris"), natural))
    _say("when=, examples of one instant", _rate(_when("Europe/Paris"), single))
    _say("when=, examples that recur", _rate(_when("Europe/Paris"), recurring))
    _say("when=, refused", _rate(_when("UTC"), [f"{text} asdf" for text in natural]))
    _say("at=, at.tsv", _rate(_at, at))
    _say("dateparser, natural.tsv", _rate(_dateparser, natural))
    print(f"{'import of when=, in ms':40}{1000 * _import_seconds():12,.1f}")
    for corpus in ("natural.tsv", "natural_held_back.tsv"):
        _agreement(corpus)


def _when(zone: str) -> Callable[[str], object]:
    return lambda text: resolve_when(text, NOW, zone)


def _at(text: str) -> object:
    return resolve_at(text, NOW, "Europe/Paris")


def _dateparser(text: str) -> object:
    return dateparser.parse(text, languages=["en"], settings=SETTINGS)


def _rate(read: Callable[[str], object], texts: Sequence[str]) -> float:
    """Texts a second, over and over for a second of this process's time."""
    count, started = 0, time.process_time()
    while time.process_time() - started < _SECONDS:
        for text in texts:
            with suppress(BadSchedule):
                read(text)
        count += len(texts)
    return count / (time.process_time() - started)


def _say(what: str, rate: float) -> None:
    print(f"{what:40}{rate:12,.0f} texts/s")


def _import_seconds() -> float:
    """The best of five processes, beyond what the engine has loaded anyway."""
    command = [sys.executable, "-c", IMPORT]
    runs = (subprocess.run(command, capture_output=True, check=True) for _ in range(5))
    return min(float(run.stdout) for run in runs)


def _agreement(corpus: str) -> None:
    expected = rows(corpus)
    for name, answer in (("ours", _our_answer), ("dateparser", _dateparser_answer)):
        same = sum(answer(text) == wanted for text, wanted in expected)
        print(f"{corpus + ', ' + name:40}{same:8} of {len(expected)}")


def _our_answer(text: str) -> str:
    try:
        return wall(resolve_when(text, NOW, "UTC"), "UTC")
    except PastInstant:
        return "past"
    except BadSchedule:
        return "refused"


def _dateparser_answer(text: str) -> str:
    answer = dateparser.parse(text, languages=["en"], settings=SETTINGS)
    if answer is None:
        return "refused"
    moment = answer.replace(tzinfo=answer.tzinfo or UTC).timestamp()
    return wall(moment, "UTC") if moment > NOW else "past"


if __name__ == "__main__":
    main()
