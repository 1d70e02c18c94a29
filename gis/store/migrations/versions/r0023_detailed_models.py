"""Detailed models of chosen features."""

from gis.store.migrations.script import run

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    run("0023_detailed_models.sql")


def downgrade() -> None:
    """Refuse: the files of models are stored nowhere else."""
    raise RuntimeError("revision 0023 can't be undone; restore a backup made before the upgrade")
