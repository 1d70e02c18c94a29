"""The state of a feature says whose it is, as policies ask it of every row."""

from gis.store.migrations.script import run

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, what keeps it, and the functions that policies ask."""
    run("0031_places_of_state.sql")


def downgrade() -> None:
    """Refuse: policies would not know whose a state is."""
    raise RuntimeError("revision 0031 can't be undone; restore a backup made before the upgrade")
