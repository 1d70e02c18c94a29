"""Permits and the history of sites."""

from importlib.resources import files

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    sql = files("gis.store.migrations.versions").joinpath("0005_permits.sql").read_text(encoding="utf-8")
    # The driver's own cursor: no parameters, so that percent and colon signs stay as written.
    op.get_bind().connection.cursor().execute(sql)


def downgrade() -> None:
    """Refuse: a permit may be stored nowhere else."""
    raise RuntimeError("revision 0005 can't be undone; restore a backup made before the upgrade")
