"""Drafts of drawings."""

from importlib.resources import files

from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    sql = files("gis.store.migrations.versions").joinpath("0003_drafts.sql").read_text(encoding="utf-8")
    # The driver's own cursor: no parameters, so that percent and colon signs stay as written.
    op.get_bind().connection.cursor().execute(sql)


def downgrade() -> None:
    """Drop them: a draft is nobody's only copy."""
    op.execute("DROP TABLE drawing_draft_chunks, drawing_drafts; DROP FUNCTION quanjing_draft_changed()")
