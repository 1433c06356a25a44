"""What Alembic runs: one connection, already in a transaction, brought up to date.

Used by :mod:`jqengine.store.migrating`, which hands the connection over.
"""

from alembic import context

from jqengine.store.schema import REVISION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=REVISION_TABLE,
)
context.run_migrations()
