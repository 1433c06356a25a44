"""The table of continuations.

Only hashes of session cookies are kept to compare with; the cookies themselves
are in ``headers``, as they must be for a job to have them.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, LargeBinary, Table, Text

from jqengine.store.schema import metadata, partial_index

continuations = Table(
    "continuations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("method", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_id", Text, ForeignKey("bodies.id")),
    Column("user", Text),
    Column("state", Text, nullable=False),
    Column("session", Text),
    # The one before it, which still counts until the instant beside it.
    Column("former", Text),
    Column("former_until", Double),
    Column("reusable", Boolean, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double, nullable=False),
)

Index("continuations_created", continuations.c.created, continuations.c.id)
Index("continuations_expires", continuations.c.expires)
partial_index(
    "continuations_session",
    continuations.c.session,
    continuations.c.created,
    where=continuations.c.session.is_not(None),
)
partial_index(
    "continuations_former", continuations.c.former, where=continuations.c.former.is_not(None)
)
partial_index(
    "continuations_body", continuations.c.body_id, where=continuations.c.body_id.is_not(None)
)
