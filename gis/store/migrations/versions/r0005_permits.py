"""Permits and the history of sites."""

from gis.store.migrations.script import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0005_permits.sql")


def downgrade() -> None:
    """Refuse: a permit may be stored nowhere else."""
    raise RuntimeError("revision 0005 can't be undone; restore a backup made before the upgrade")
