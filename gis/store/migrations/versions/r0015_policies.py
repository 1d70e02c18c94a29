"""Scopes of roles; the policies themselves follow from the tables there are."""

from gis.store.migrations.script import run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and the functions that policies ask."""
    run("0015_policies.sql")


def downgrade() -> None:
    """Refuse: roles would see what is not theirs."""
    raise RuntimeError("revision 0015 can't be undone; restore a backup made before the upgrade")
