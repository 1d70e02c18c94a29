"""What storing a hundred thousand features at once needs."""

from importlib.resources import files

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the fixed part to it."""
    sql = files("gis.store.migrations.versions").joinpath("0004_bulk.sql").read_text(encoding="utf-8")
    # The driver's own cursor: no parameters, so that percent and colon signs stay as written.
    op.get_bind().connection.cursor().execute(sql)


def downgrade() -> None:
    """Refuse: several handles of one feature can't be put back under one key."""
    raise RuntimeError("revision 0004 can't be undone; restore a backup made before the upgrade")
