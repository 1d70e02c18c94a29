"""Where the alarm level of a feature changed, and which features a tile marks."""

from gis.store.migrations.script import run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the trigger, and index what is marked."""
    run("0010_tiles.sql")


def downgrade() -> None:
    """Refuse: tiles would be served stale."""
    raise RuntimeError("revision 0010 can't be undone; restore a backup made before the upgrade")
