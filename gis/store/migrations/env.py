"""Alembic's entry: runs on the connection that `gis.store.migrate` passes in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
