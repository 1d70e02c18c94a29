"""The store's fixed part."""

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    sql = files("gis.store.migrations.versions").joinpath("0001_core.sql").read_text(encoding="utf-8")
    # The driver's own cursor: no parameters, so that percent and colon signs stay as written.
    op.get_bind().connection.cursor().execute(sql)


def downgrade() -> None:
    """Refuse: the first revision is where a store begins."""
    raise RuntimeError("the first revision can't be undone; drop the database instead")
