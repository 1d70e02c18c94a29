"""The enterprise's file."""

from gis.store.migrations.script import run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its tables."""
    run("0010_enterprise_file.sql")


def downgrade() -> None:
    """Refuse: what was entered may be stored nowhere else."""
    raise RuntimeError("revision 0010 can't be undone; restore a backup made before the upgrade")
