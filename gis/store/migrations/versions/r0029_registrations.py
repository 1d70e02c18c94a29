"""Enterprises registered in the browser."""

from alembic import op

from gis.store.migrations.script import run

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table in which they wait for the worker."""
    run("0029_registrations.sql")


def downgrade() -> None:
    """Drop it: what is registered stays."""
    op.execute("DROP TABLE registrations")
    op.execute("DROP FUNCTION quanjing_registration_changed()")
