"""Styles inside a GeoPackage: QGIS draws its layers by them as soon as they are added.

The table `layer_styles` is the one that QGIS and GDAL write (QgsOgrProviderMetadata::saveStyle); other programs leave it alone.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from gis.errors import Invalid
from gis.kinds import KINDS
from styles import qml
from styles.palette import Theme
from styles.rules import Shape, shapes_of

TABLE = """
CREATE TABLE IF NOT EXISTS layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
  ui TEXT(30), update_time DATETIME DEFAULT CURRENT_TIMESTAMP)
"""
CONTENTS = (
    "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, last_change) "
    "VALUES ('layer_styles', 'attributes', 'layer_styles', '2000-01-01T00:00:00Z')"
)
LAYERS = (
    "SELECT c.table_name, c.column_name, c.geometry_type_name FROM gpkg_geometry_columns c "
    "JOIN gpkg_contents t ON t.table_name = c.table_name ORDER BY c.table_name"
)
STYLE = (
    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, "
    "useAsDefault, description, owner, ui, update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', '', '2000-01-01T00:00:00Z')"
)
NAME = "quanjing"
_SHAPES: dict[str, Shape] = {"POINT": "point", "LINESTRING": "line", "POLYGON": "area"}


def shape_of(kind: str, geometry: str) -> Shape | None:
    """Return as which shape a layer is drawn; None where its geometry is not the kind's.

    >>> shape_of("pipe", "MULTILINESTRING"), shape_of("receptor", "GEOMETRY")
    ('line', 'point')
    """
    if geometry.upper() in {"GEOMETRY", "GEOMETRYCOLLECTION"}:
        return shapes_of(kind)[0]
    shape = _SHAPES.get(geometry.upper().removeprefix("MULTI"))
    return shape if shape in shapes_of(kind) else None


def embed(path: Path, theme: Theme = "light") -> list[str]:
    """Write the styles of all layers that are named as a kind into a GeoPackage; styles that it already has from here are replaced.

    Returns
    -------
    list of str
        The layers.

    Raises
    ------
    Invalid
        The file is no GeoPackage.
    """
    styled = []
    with closing(sqlite3.connect(path)) as connection, connection:
        try:
            layers = connection.execute(LAYERS).fetchall()
        except sqlite3.DatabaseError as error:
            raise Invalid("FILE", f"{path.name} 不是 GeoPackage：{error}") from error
        connection.execute(TABLE)
        connection.execute(CONTENTS)
        for name, column, geometry in layers:
            shape = shape_of(name, geometry) if name in KINDS else None
            if shape is None:
                continue
            connection.execute("DELETE FROM layer_styles WHERE f_table_name = ? AND styleName = ?", (name, NAME))
            connection.execute(STYLE, (name, column, NAME, qml.document(name, shape, theme), KINDS[name].label))
            styled.append(str(name))
    return styled
