"""Alarms by rules, their steps, and what is still to be judged."""

from gis.store.migrations.script import run

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0021_alarms.sql")


def downgrade() -> None:
    """Refuse: who did what about alarms is stored nowhere else."""
    raise RuntimeError("revision 0021 can't be undone; restore a backup made before the upgrade")
