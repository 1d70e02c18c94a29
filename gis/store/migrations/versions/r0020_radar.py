"""Radar sweeps and their hotspots."""

from gis.store.migrations.script import run

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0020_radar.sql")


def downgrade() -> None:
    """Refuse: sweeps are stored nowhere else."""
    raise RuntimeError("revision 0020 can't be undone; restore a backup made before the upgrade")
