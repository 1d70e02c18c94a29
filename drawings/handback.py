"""From the store to a drawing in a drafter's hands."""

from drawings.exporting import Export, export_drawing
from drawings.homes import DRAWINGS, HOME_OF
from gis.errors import Invalid
from gis.store.connect import Transaction
from gis.store.drawn import drawing_version, drawn_features, last_file
from gis.store.enterprises import find_enterprise


def hand_back(connection: Transaction, enterprise: str, drawing_kind: str, *, notes: bool = True) -> tuple[str, Export]:
    """Return the file name by the norm, and an enterprise's features as a drawing.

    Parameters
    ----------
    connection : Transaction
        Any open transaction.
    enterprise : str
        Credit code or source code.
    drawing_kind : str
        A, B, C or D.
    notes : bool
        Bring along what the drawing published last shows beside its features.

    Raises
    ------
    Invalid
        No such drawing kind, or nothing to draw.
    NotFound
        No such enterprise.
    """
    if drawing_kind not in DRAWINGS.values():
        raise Invalid("kind", f"没有图种 {drawing_kind}；可用的有 A、B、C、D")
    enterprise_id, source_code = find_enterprise(connection, enterprise)
    features = drawn_features(connection, enterprise_id, drawing_kind, HOME_OF)
    if not features:
        raise Invalid("kind", f"{source_code} 没有可画在图 {drawing_kind} 上的要素")
    original = last_file(connection, enterprise_id, drawing_kind) if notes else None
    export = export_drawing(features, source_code=source_code, drawing_kind=drawing_kind, original=original)
    version = drawing_version(connection, enterprise_id, drawing_kind) + 1
    return f"{source_code}_{drawing_kind}_v{version:02d}.dxf", export
