"""The log tells of a jurisdiction that was hung elsewhere in the tree."""

from gis.store.migrations.script import run

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the trigger."""
    run("0028_moved_jurisdictions.sql")


def downgrade() -> None:
    """Refuse: caches would show what is out of sight."""
    raise RuntimeError("revision 0028 can't be undone; restore a backup made before the upgrade")
