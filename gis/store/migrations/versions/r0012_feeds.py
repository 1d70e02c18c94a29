"""Packets of data loggers, and readings."""

from gis.store.migrations.script import run

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0012_feeds.sql")


def downgrade() -> None:
    """Refuse: what was acknowledged is stored nowhere else."""
    raise RuntimeError("revision 0012 can't be undone; restore a backup made before the upgrade")
