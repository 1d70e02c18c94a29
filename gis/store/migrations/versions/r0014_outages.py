"""Approved outages."""

from gis.store.migrations.script import run

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0014_outages.sql")


def downgrade() -> None:
    """Refuse: who approved an outage is stored nowhere else."""
    raise RuntimeError("revision 0014 can't be undone; restore a backup made before the upgrade")
