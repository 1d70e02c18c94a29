"""The tileset of the whole city."""

from gis.store.migrations.script import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let it stand beside those of the enterprises."""
    run("0006_city_tileset.sql")


def downgrade() -> None:
    """Refuse: rows of the city's would have nothing to refer to."""
    raise RuntimeError("revision 0006 can't be undone; restore a backup made before the upgrade")
