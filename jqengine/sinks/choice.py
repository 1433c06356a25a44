"""Which results a sink is given: ``#on=``.  Pure."""

from __future__ import annotations

from jqengine.sinkurl import On


def is_success(status: int) -> bool:
    """Whether *status* is an answer below 400; 0 is none."""
    return 0 < status < 400


def wants(on: On, status: int, *, changed: bool = True, removed: bool = False) -> bool:
    """Whether a sink that asks for *on* is given a result.

    :param changed: whether it differs from the job's last success.
    :param removed: whether it took its job out of the queue, which is as good
        as a failure to whoever watches for one.
    """
    if on is On.SUCCESS:
        return is_success(status)
    if on is On.FAILURE:
        return removed or not is_success(status)
    if on is On.CHANGE:
        return is_success(status) and changed
    return True
