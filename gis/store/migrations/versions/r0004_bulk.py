"""What storing a hundred thousand features at once needs."""

from gis.store.migrations.script import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the fixed part to it."""
    run("0004_bulk.sql")


def downgrade() -> None:
    """Refuse: several handles of one feature can't be put back under one key."""
    raise RuntimeError("revision 0004 can't be undone; restore a backup made before the upgrade")
