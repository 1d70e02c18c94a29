"""Drafts of drawings."""

from alembic import op

from gis.store.migrations.script import run

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0003_drafts.sql")


def downgrade() -> None:
    """Drop them: a draft is nobody's only copy."""
    op.execute("DROP TABLE drawing_draft_chunks, drawing_drafts; DROP FUNCTION quanjing_draft_changed()")
