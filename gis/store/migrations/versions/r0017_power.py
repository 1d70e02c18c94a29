"""What the channels of power meters measure; orders to stop or to limit production."""

from gis.store.migrations.script import run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0017_power.sql")


def downgrade() -> None:
    """Refuse: orders are stored nowhere else."""
    raise RuntimeError("revision 0017 can't be undone; restore a backup made before the upgrade")
