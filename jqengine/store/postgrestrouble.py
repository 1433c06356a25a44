"""What PostgreSQL's errors mean, by their codes (its manual, appendix A)."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from jqengine.errors import StoreError, StoreFull, StoreUnavailable
from jqengine.store.transacting import Trouble

_AGAIN = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "23503",  # foreign_key_violation: a body was forgotten as a row came to need it
        "23505",  # unique_violation: two came with one id, name or key
    }
)
"""What the same transaction does not meet when it is tried once more."""

_FULL = frozenset({"53100"})

_RIGHTS = ("42501", "3F000")
"""Nothing may be made there; or there is no schema where anything may."""

_ADVICE = {
    "28P01": "; put the right password into PGPASSFILE (~/.pgpass) or PGPASSWORD",
    "28000": "; see pg_hba.conf on the server",
    "3D000": "; make it with `createdb`, or name another",
    "53300": "; each node takes three connections: raise max_connections",
}

_PASSING = {
    "55P03": "another transaction holds what is needed, for too long now",
    "57014": "it did not answer in time",
}
"""The connection is as good as before."""

_CONNECTION_IS_LOST = ("08", "53", "57", "25", "28", "3D", "58", "XX")
"""Classes of codes after which a connection is of no use."""

_HINTS = (
    ("fe_sendauth: no password supplied", _ADVICE["28P01"]),
    ("password authentication failed", _ADVICE["28P01"]),
    ("no pg_hba.conf entry", _ADVICE["28000"]),
    ("does not exist", _ADVICE["3D000"]),
    ("too many", _ADVICE["53300"]),
    ("session is read-only", "; none of the hosts takes changes: is one being promoted?"),
    ("No such file or directory", "; is the server running?"),
    ("Connection refused", "; is the server running, and does it listen there?"),
    ("timeout expired", "; is the host up, and does a firewall let us through?"),
    ("could not translate host name", "; check the name of the host"),
    ("failed to resolve host", "; check the name of the host"),
)
"""An error of connecting has a text and no code."""


def trouble_in(error: Exception, shown: str, user: str) -> Trouble | None:
    """What *error* says about the database, if it is about the database.

    :param shown: what to call the database.
    :param user: the one who connects.
    """
    if isinstance(error, StoreUnavailable):
        return Trouble(error, reconnect=True)
    if isinstance(error, StoreError):
        return Trouble(error, reconnect=False)
    cause = error.orig if isinstance(error, DBAPIError) else error
    if cause is None or not _is_of_driver(cause):
        return None
    code: str | None = getattr(cause, "sqlstate", None)
    if code is None:
        return _of_connection(cause, shown)
    return _of_code(code, cause, shown, user)


def _is_of_driver(error: BaseException) -> bool:
    return any(
        one.__module__.startswith("psycopg") and one.__name__ == "Error"
        for one in type(error).__mro__
    )


def _of_connection(cause: BaseException, shown: str) -> Trouble | None:
    kinds = {one.__name__ for one in type(cause).__mro__}
    if not kinds & {"OperationalError", "InterfaceError"}:
        return None
    said = _first_line(cause)
    advice = next((hint for sign, hint in _HINTS if sign in str(cause)), "")
    return Trouble(StoreUnavailable(f"the {shown} cannot be reached: {said}{advice}"), True)


def _of_code(code: str, cause: BaseException, shown: str, user: str) -> Trouble | None:
    said = _first_line(cause)
    if code in _AGAIN:
        return Trouble(StoreError(f"the {shown}: {said}"), reconnect=False, again=True)
    if code in _FULL:
        return Trouble(StoreFull(f"the disk of the {shown} is full: {said}"), reconnect=False)
    if code in _PASSING:
        return Trouble(StoreUnavailable(f"the {shown}: {_PASSING[code]}"), reconnect=False)
    if code in _RIGHTS:
        who = f' to the user "{user}"' if user else ""
        return Trouble(
            StoreError(
                f"the {shown}: {said}; the engine makes its tables itself:"
                f" GRANT CREATE, USAGE ON SCHEMA and TEMPORARY ON DATABASE{who}"
            ),
            reconnect=True,
        )
    if code.startswith(_CONNECTION_IS_LOST):
        advice = _ADVICE.get(code, "")
        return Trouble(StoreUnavailable(f"the {shown} is away: {said}{advice}"), reconnect=True)
    return None


def _first_line(error: BaseException) -> str:
    """What *error* says, on one line: with many hosts, what each of them says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("LINE ", "Is the server", "CONTEXT"))]
    return "; ".join(lines[:4]).removeprefix("connection failed: ")
