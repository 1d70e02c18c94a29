"""How many devices are forgotten that nobody registered."""

from alembic import op

from gis.store.migrations.script import run

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table."""
    run("0030_feed_forgotten.sql")


def downgrade() -> None:
    """Drop it: what was counted is gone."""
    op.execute("DROP TABLE feed_forgotten")
