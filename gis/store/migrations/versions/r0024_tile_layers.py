"""Finished 3D Tiles that are shown as layers."""

from gis.store.migrations.script import run

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their table."""
    run("0024_tile_layers.sql")


def downgrade() -> None:
    """Refuse: which layers are shown, and where, is stored nowhere else."""
    raise RuntimeError("revision 0024 can't be undone; restore a backup made before the upgrade")
