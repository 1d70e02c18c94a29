"""Other databases that readings are taken over from: how far they were read, what was refused."""

from gis.store.migrations.script import run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0019_sources.sql")


def downgrade() -> None:
    """Refuse: rows that were refused are stored nowhere else."""
    raise RuntimeError("revision 0019 can't be undone; restore a backup made before the upgrade")
