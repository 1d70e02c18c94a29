"""The enterprise's file."""

from gis.store.migrations.script import run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its tables."""
    run("0011_enterprise_file.sql")


def downgrade() -> None:
    """Refuse: what was entered may be stored nowhere else."""
    raise RuntimeError("revision 0011 can't be undone; restore a backup made before the upgrade")
