"""The problem list."""

from importlib.resources import files

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table."""
    sql = files("gis.store.migrations.versions").joinpath("0007_problems.sql").read_text(encoding="utf-8")
    # The driver's own cursor: no parameters, so that percent and colon signs stay as written.
    op.get_bind().connection.cursor().execute(sql)


def downgrade() -> None:
    """Refuse: when a problem was found and when it was gone is stored nowhere else."""
    raise RuntimeError("revision 0007 can't be undone; restore a backup made before the upgrade")
