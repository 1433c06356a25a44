"""Names and passwords: how they come (RFC 7617), and who checks them."""

from __future__ import annotations

import base64
import os
import stat
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.strcred import InvalidAuthType, findCheckerFactory
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from jqengine.errors import BadValue

T = TypeVar("T")

LONGEST = 1024
"""Characters of an ``Authorization`` header."""

BLOCKING = frozenset({"file", "memory", "unix"})
"""Twisted's own kinds of checker.  They read files or compute, and use no reactor."""


class Given(NamedTuple):
    """What somebody says they are."""

    user: str
    password: str


class InThread(Protocol):
    """Runs a function that blocks in a thread."""

    def __call__(self, function: Callable[[], T]) -> Deferred[T]:
        """Fires on the reactor thread with what *function* gives or raises."""


def given_in(header: str) -> Given | None:
    """The name and password in an ``Authorization`` header, or ``None``."""
    scheme, _, coded = header.partition(" ")
    if len(header) > LONGEST or scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(coded.strip(), validate=True).decode("utf-8")
    except (NotBase64, UnicodeDecodeError, ValueError):
        return None
    user, colon, password = text.partition(":")
    # Without a password some files would let in whoever has none there.
    if not (colon and user and password and text.isprintable()):
        return None
    return Given(user, password)


class Checker:
    """Asks one of Twisted's credentials checkers.  For the reactor thread.

    :param in_thread: where it is asked, if it may block; ``None`` to ask it
        here, as its interface has it.
    """

    _log = Logger()

    def __init__(self, checker: ICredentialsChecker, in_thread: InThread | None) -> None:
        self._checker = checker
        self._in_thread = in_thread

    async def user(self, given: Given) -> str | None:
        """The name of whoever *given* stands for; ``None`` if it is wrong.  Never raises."""
        try:
            avatar = await self._ask(given)
        except UnauthorizedLogin:
            return None
        except Exception as error:
            # No more than its kind: its text may repeat what it was given.
            self._log.error("A password cannot be checked: {kind}", kind=type(error).__name__)
            return None
        return _name(avatar, given)

    def _ask(self, given: Given) -> Deferred[Any]:
        credentials = UsernamePassword(given.user.encode(), given.password.encode())
        if self._in_thread is None:
            return maybeDeferred(self._checker.requestAvatarId, credentials)
        return self._in_thread(lambda: _answer_of(self._checker, credentials))


def _answer_of(checker: ICredentialsChecker, credentials: UsernamePassword) -> object:
    """What a checker that uses no reactor answers."""
    answers: list[object] = []
    checker.requestAvatarId(credentials).addBoth(answers.append)
    (answer,) = answers
    if isinstance(answer, Failure):
        answer.raiseException()
    return answer


def _name(avatar: object, given: Given) -> str | None:
    """The name a checker answered by; nobody in particular is nobody."""
    if isinstance(avatar, bytes):
        avatar = avatar.decode("utf-8", "replace")
    if isinstance(avatar, str) and avatar:
        return avatar
    return None


def checker_of(description: str, path: Callable[[str], str], in_thread: InThread | None) -> Checker:
    """The checker that *description* names, as Twisted's strcred has it.

    :param path: makes the absolute path of a file that the user named.
    :raises BadValue: there is no such kind, it cannot check passwords, or what
        it is given is wrong.
    """
    kind, _, argument = description.partition(":")
    try:
        factory = findCheckerFactory(kind)
    except InvalidAuthType:
        raise BadValue(
            f"{kind[:40]!r} is no kind of password check; expected file:PATH, unix,"
            " or one that a plugin adds"
        ) from None
    if not any(one.isOrExtends(IUsernamePassword) for one in factory.credentialInterfaces):
        raise BadValue(f"{kind!r} does not check names and passwords")
    if kind == "file":
        argument = path(argument)
        check_password_file(argument)
    try:
        checker = factory.generateChecker(argument)
    except Exception as error:  # a plugin may raise anything
        # Not the argument, which may hold a password.
        raise BadValue(f"{kind!r} cannot be used: {type(error).__name__}") from None
    return Checker(checker, in_thread if kind in BLOCKING else None)


def check_password_file(path: str) -> None:
    """Make sure that *path* holds names and passwords, and is nobody else's to read.

    Twisted reads a line ``a:b:c`` as the password ``b``, and one that ends in
    a colon as an empty password.

    :raises BadValue: it does not; the sentence says which line.
    """
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise BadValue(f"{path} is not a file")
            if mode & 0o077:
                raise BadValue(f"{path}: others can read it; expected mode 600")
            lines = file.read().split("\n")
    except OSError as error:
        raise BadValue(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadValue(f"{path} is not text") from None
    _check_lines(lines, path)


def _check_lines(lines: Sequence[str], path: str) -> None:
    for number, line in enumerate(lines, 1):
        parts = line.strip().split(":")
        if line.strip() and not (len(parts) == 2 and all(parts)):
            raise BadValue(f"{path}:{number}: expected NAME:PASSWORD, without another colon")
    if not any(map(str.strip, lines)):
        raise BadValue(f"{path}: holds nobody; expected lines like NAME:PASSWORD")
