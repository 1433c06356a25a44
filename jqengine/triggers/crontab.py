"""Crontab files become definitions of jobs.

Pure: files are read by a function that the caller gives.  The syntax is that of
crontab(5) with a user column and a request where the command would be; the
reference page has every rule of it.
"""

from __future__ import annotations

import hashlib
import os.path
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jqengine.errors import (
    BadRequest,
    BadSchedule,
    BadValue,
    CrontabError,
    CrontabErrors,
    PastInstant,
)
from jqengine.interfaces import ITriggers
from jqengine.job import Definition, Request, Syntax
from jqengine.joboptions import OptionValues, check_policy, define, overlay
from jqengine.request.line import RequestLine, examine_request
from jqengine.request.words import Word, split_words
from jqengine.triggers.crontabhead import BadLine, Head, read_head
from jqengine.triggers.crontabvariables import (
    Variables,
    assign,
    is_ignored,
    read_assignment,
)

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Remark(NamedTuple):
    """Something in a crontab that is no error and yet worth knowing.

    :ivar column: 1-based, as is the line.
    """

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class CrontabLine:
    """A job and where it stands.

    :ivar column: 1-based, where it begins.
    :ivar never: why the line has no due time if it is read now for the first
        time, or empty when it has one.  No error: it may have fired already.
    """

    path: str
    line: int
    column: int
    definition: Definition
    never: str


@dataclass(frozen=True, slots=True)
class Crontab:
    """The jobs of all the crontabs of one engine."""

    lines: tuple[CrontabLine, ...]
    warnings: tuple[Remark, ...]

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The jobs, in the order of files and lines."""
        return tuple(line.definition for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrontabReader:
    """Reads crontabs.

    :ivar defaults: values of job options that hold where a crontab says
        nothing; ``tz`` must be among them.
    :ivar read: reads a whole file, a crontab or a request's body; raises
        ``OSError`` when it cannot.  A body's name is taken relative to the
        directory of its crontab.
    :ivar triggers: judges the time texts.
    :ivar now: the instant at which that is done.
    """

    defaults: OptionValues
    read: Callable[[str], bytes]
    triggers: ITriggers
    now: float

    def parse(self, paths: Sequence[str]) -> Crontab:
        """All jobs of the crontabs *paths*.

        :raises CrontabErrors: with everything that is wrong with any of them.
        """
        crontab, errors = self.examine(paths)
        if errors:
            raise CrontabErrors(errors)
        return crontab

    def examine(self, paths: Sequence[str]) -> tuple[Crontab, tuple[CrontabError, ...]]:
        """What is good in the crontabs *paths*, and everything that is wrong with them."""
        order = {path: number for number, path in enumerate(dict.fromkeys(paths))}
        files = [_File(self, path) for path in order]
        for file in files:
            file.parse()
        lines = tuple(line for file in files for line in file.lines)
        errors = [error for file in files for error in file.errors]
        errors += _given_twice(paths)
        errors += _same_identity(lines)
        errors.sort(key=lambda one: (order[one.path], one.line, one.column))
        remarks = tuple(remark for file in files for remark in file.remarks)
        return Crontab(lines, remarks), tuple(errors)


@dataclass(slots=True)
class _File:
    """One crontab, while it is read."""

    reader: CrontabReader
    path: str
    lines: list[CrontabLine] = field(default_factory=list)
    errors: list[CrontabError] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    variables: Variables = field(default_factory=Variables)

    def parse(self) -> None:
        """Take every line of the file."""
        try:
            data = self.reader.read(self.path)
        except (OSError, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or error
            self.errors.append(CrontabError(self.path, 0, 0, f"cannot be read: {why}"))
            return
        if b"\0" in data:
            self.errors.append(CrontabError(self.path, 0, 0, "is not a text in UTF-8"))
            return
        # Not splitlines(), which would also break lines at VT, FF and NEL.
        for number, line in enumerate(data.removeprefix(_BYTE_ORDER_MARK).split(b"\n"), 1):
            try:
                self._take(number, line.removesuffix(b"\r"))
            except (BadLine, BadRequest) as error:
                self._fail(number, error.position or 0, error)

    def _take(self, number: int, data: bytes) -> None:
        text = _decoded(data)
        if not text.strip(" \t") or text.lstrip(" \t").startswith("#"):
            return
        control = _CONTROL.search(text)
        if control:
            raise BadLine(f"U+{ord(control[0]):04X} is a control character", control.start())
        assignment = read_assignment(text)
        if assignment is None:
            self._take_job(number, text)
        elif is_ignored(assignment):
            message = f"{assignment.name} is ignored: a job is a request, not a command"
            column = assignment.name_position + 1
            self.remarks.append(Remark(self.path, number, column, message))
        else:
            self.variables = assign(self.variables, assignment)

    def _take_job(self, number: int, text: str) -> None:
        words = split_words(text)
        head = read_head(words)
        line, errors = examine_request(head.request, self._read_body, head.user)
        for error in errors:
            self._fail(number, error.position or 0, error)
        # Without its request the time of a line can still be judged.
        line = line or RequestLine(Request(), {}, {})
        try:
            definition = self._definition(words, head, line)
            never = self._never(definition)
        except BadSchedule as error:
            self._fail(number, head.position(error.position or 0), error)
        except BadValue as error:
            self._fail(number, _blamed(error, line.positions, words[0].start), error)
        else:
            if not errors:
                column = words[0].start + 1
                self.lines.append(CrontabLine(self.path, number, column, definition, never))

    def _definition(self, words: Sequence[Word], head: Head, line: RequestLine) -> Definition:
        options = overlay(self.variables.over(self.reader.defaults), line.options)
        definition = define(
            line.request,
            head.syntax,
            head.text,
            options,
            identity=_identity(words),
            origin="crontab",
        )
        check_policy(definition.policy)
        if "duplicate" in line.options:
            raise BadValue("duplicate: a line that finds its key held waits for a reload")
        return definition

    def _never(self, definition: Definition) -> str:
        if definition.schedule.syntax is Syntax.REBOOT:
            return ""
        try:
            due = self.reader.triggers.first(definition, self.reader.now)
        except PastInstant as error:
            return str(error)
        return "no due time is left for it" if due is None else ""

    def _read_body(self, name: str) -> bytes:
        return self.reader.read(os.path.join(os.path.dirname(self.path), name))

    def _fail(self, number: int, position: int, error: Exception) -> None:
        self.errors.append(CrontabError(self.path, number, position + 1, str(error)))


def _blamed(error: BadValue, positions: Mapping[str, int], start: int) -> int:
    """Where the option stands that *error* names; it is ``until`` if it names none."""
    option = str(error).partition(":")[0]
    return positions.get(option, positions.get("until", start))


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        position = len(line[: error.start].decode())
        raise BadLine(
            f"byte {line[error.start]:02X} is not UTF-8, which a crontab is written in", position
        ) from None


def _identity(words: Sequence[Word]) -> str:
    """What makes a line without a name the same as before: all of it but its blanks.

    The defaults above it play no part, so that an edit there changes the job
    and does not make another one of it.
    """
    line = " ".join(word.raw for word in words)
    return "line:" + hashlib.sha256(line.encode()).hexdigest()[:20]


def _given_twice(paths: Sequence[str]) -> Iterator[CrontabError]:
    for number, path in enumerate(paths):
        if path in paths[:number]:
            yield CrontabError(path, 0, 0, "is given twice")


def _same_identity(lines: Sequence[CrontabLine]) -> Iterator[CrontabError]:
    first_of: dict[str | None, CrontabLine] = {}
    for line in lines:
        first = first_of.setdefault(line.definition.identity, line)
        if first is not line:
            name = line.definition.name
            place = (
                f"line {first.line}" if first.path == line.path else f"{first.path}:{first.line}"
            )
            message = (
                f"the name {name!r} is taken by {place}"
                if name
                else f"{place} is the same; give one of the two a --name"
            )
            yield CrontabError(line.path, line.line, line.column, message)
