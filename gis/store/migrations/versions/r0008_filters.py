"""What filters are compiled to."""

from alembic import op

from gis.store.migrations.script import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the functions."""
    run("0008_filters.sql")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION quanjing_casei(text), quanjing_accenti(text), quanjing_items(jsonb)")
