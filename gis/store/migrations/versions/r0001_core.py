"""The store's fixed part."""

from gis.store.migrations.script import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    run("0001_core.sql")


def downgrade() -> None:
    """Refuse: the first revision is where a store begins."""
    raise RuntimeError("the first revision can't be undone; drop the database instead")
