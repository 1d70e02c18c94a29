"""The problem list."""

from gis.store.migrations.script import run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table."""
    run("0007_problems.sql")


def downgrade() -> None:
    """Refuse: when a problem was found and when it was gone is stored nowhere else."""
    raise RuntimeError("revision 0007 can't be undone; restore a backup made before the upgrade")
