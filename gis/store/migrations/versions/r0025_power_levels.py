"""What was learned of the devices that power loggers measure, a day each."""

from alembic import op

from gis.store.migrations.script import run

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table."""
    run("0025_power_levels.sql")


def downgrade() -> None:
    """Drop them: all of it can be learned again."""
    for statement in ("DROP FUNCTION quanjing_power_waits(uuid, timestamptz)", "DROP TABLE power_levels"):
        op.execute(statement)
