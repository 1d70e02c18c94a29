"""Sheets of drawings that wait for their review."""

from alembic import op

from gis.store.migrations.script import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their table."""
    run("0016_drawing_proofs.sql")


def downgrade() -> None:
    """Drop it: a proof is drawn anew where a drawing is handed in again."""
    op.execute("DROP TABLE drawing_proofs")
