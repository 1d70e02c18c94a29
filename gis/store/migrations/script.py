"""The SQL file of a revision."""

from importlib.resources import files

from alembic import op


def run(name: str) -> None:
    """Run a file beside the revisions, inside the migration's transaction."""
    sql = files("gis.store.migrations.versions").joinpath(name).read_text(encoding="utf-8")
    # The driver's own cursor: no parameters, so that percent and colon signs stay as written.
    op.get_bind().connection.cursor().execute(sql)
