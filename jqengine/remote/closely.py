"""Runs in full, deliveries and sinks as the JSON that clients are shown.  Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from jqengine.delivery import Delivery
from jqengine.queries import RunAccount, SinkEnds, SinkState
from jqengine.redaction import Redactor
from jqengine.remote.describe import (
    LONGEST_REASON,
    Described,
    instant_or_none,
    policy_as_json,
    report_as_json,
    said,
)
from jqengine.request.environ import rfc3339
from jqengine.sinkurl import label_of


def account_as_json(account: RunAccount, redactor: Redactor) -> Described:
    """A run in full, with the secrets among its request's headers replaced."""
    run = account.report.run
    continued = run.request.continuation
    return {
        **report_as_json(account.report, redactor),
        **said(
            {
                "headers": redactor.headers(run.request.headers) or None,
                "body_size": account.body_size or None,
                "previous_status": run.previous_status,
                "continuation": None if continued is None else continued.id,
                "policy": policy_as_json(run.policy),
                "sinks": tuple(map(redactor.sink, run.sinks)) or None,
                "node": account.node,
                "boot": account.boot,
                "lease_until": instant_or_none(account.lease_until),
            }
        ),
    }


def delivery_as_json(delivery: Delivery) -> Described:
    """A delivery, its sink as it is shown."""
    return said(
        {
            "id": delivery.id,
            "run": delivery.run_id,
            "job": delivery.job_id or delivery.run_id,
            "attempt": delivery.attempt,
            "sink": label_of(delivery.sink),
            "state": delivery.state.value,
            "ready": rfc3339(delivery.ready),
            "tries": delivery.tries,
            "removed": delivery.removed,
            "reason": delivery.reason[:LONGEST_REASON],
        }
    )


def sink_as_json(state: SinkState, ends: SinkEnds) -> Described:
    """A sink, with what is under way to it."""
    return said(
        {
            "sink": state.sink,
            "pending": state.pending,
            "held": state.held,
            "dead": state.dead,
            "delivered": instant_or_none(ends.delivered),
            "failed": instant_or_none(ends.failed),
            "reason": (ends.reason or state.reason)[:LONGEST_REASON],
        }
    )


def instant_in_zone(instant: float, zone: str) -> str:
    """An instant on the wall clock of *zone*, with its offset (RFC 3339)."""
    moment = datetime.fromtimestamp(instant, UTC).astimezone(ZoneInfo(zone))
    return moment.isoformat()
