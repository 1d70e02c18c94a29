"""How the listener for data loggers stands."""

from alembic import op

from gis.store.migrations.script import run

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table."""
    run("0026_feed_listening.sql")


def downgrade() -> None:
    """Drop it: the listener tells it anew."""
    op.execute("DROP TABLE feed_listening")
