"""How far long work has come that fills the store."""

from alembic import op

from gis.store.migrations.script import run

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table."""
    run("0027_progress.sql")


def downgrade() -> None:
    """Drop it: the work tells it anew."""
    op.execute("DROP TABLE progress")
