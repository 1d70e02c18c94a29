"""Where stored shapes break a topology rule."""

from gis.store.migrations.script import run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run("0013_topology.sql")


def downgrade() -> None:
    """Refuse, as all revisions do: a backup is the way back."""
    raise RuntimeError("revision 0013 can't be undone; restore a backup made before the upgrade")
