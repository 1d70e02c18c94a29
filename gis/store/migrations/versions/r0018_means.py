"""Marks of discharging units, and the factors of points."""

from gis.store.migrations.script import run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0018_means.sql")


def downgrade() -> None:
    """Refuse: marks and checks are stored nowhere else."""
    raise RuntimeError("revision 0018 can't be undone; restore a backup made before the upgrade")
