"""The tileset of the whole city."""

from importlib.resources import files

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let it stand beside those of the enterprises."""
    sql = files("gis.store.migrations.versions").joinpath("0006_city_tileset.sql").read_text(encoding="utf-8")
    # The driver's own cursor: no parameters, so that percent and colon signs stay as written.
    op.get_bind().connection.cursor().execute(sql)


def downgrade() -> None:
    """Refuse: rows of the city's would have nothing to refer to."""
    raise RuntimeError("revision 0006 can't be undone; restore a backup made before the upgrade")
