"""Versions of drawings."""

from gis.store.migrations.script import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give each import a version and a state."""
    run("0009_drawing_versions.sql")


def downgrade() -> None:
    """Refuse: who reviewed a version is stored nowhere else."""
    raise RuntimeError("revision 0009 can't be undone; restore a backup made before the upgrade")
