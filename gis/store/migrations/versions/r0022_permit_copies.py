"""Copies of permits, read and checked in the browser."""

from gis.store.migrations.script import run

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their table."""
    run("0022_permit_copies.sql")


def downgrade() -> None:
    """Refuse: who checked a permit against which copy is stored nowhere else."""
    raise RuntimeError("revision 0022 can't be undone; restore a backup made before the upgrade")
