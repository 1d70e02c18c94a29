"""What a filter may ask of things that belong to the same enterprise: `related('outlet', 'medium = ''water''')`."""

from collections.abc import Callable, Mapping, Sequence
from typing import LiteralString

from gis.errors import Invalid
from gis.store.filters.compiler import compile_filter
from gis.store.filters.fragment import Fragment, column, put
from gis.store.filters.functions import FUNCTIONS
from gis.store.filters.terms import Function, Layer, Queryable, Term, Type

Layers = Mapping[str, tuple[Fragment, Layer]]
"""Name → what to select from, and what its filter may name."""
NEWEST_PERMITS: LiteralString = """(SELECT DISTINCT ON (enterprise_id, permit_no, valid_from) * FROM permits
    ORDER BY enterprise_id, permit_no, valid_from, recorded_at DESC)"""
TABLES: dict[str, tuple[LiteralString, LiteralString, dict[str, Type]]] = {
    "alarm": (
        "t.*, f.enterprise_id",
        "alarms t JOIN features f ON f.feature_id = t.feature_id",
        {"rule": Type.TEXT, "level": Type.NUMBER, "message": Type.TEXT, "opened": Type.TIMESTAMP, "closed": Type.TIMESTAMP},
    ),
    "case": (
        "t.*, f.enterprise_id",
        "case_links t JOIN features f ON f.feature_id = t.feature_id",
        {"case_id": Type.TEXT, "title": Type.TEXT, "opened_on": Type.DATE, "status": Type.TEXT},
    ),
    "permit": (
        "t.*",
        f"{NEWEST_PERMITS} t JOIN features f ON f.feature_id = t.enterprise_id",
        {"permit_no": Type.TEXT, "valid_from": Type.DATE, "valid_to": Type.DATE, "recorded_at": Type.TIMESTAMP},
    ),
    "problem": (
        "t.*",
        "problems t JOIN features f ON f.feature_id = t.enterprise_id",
        {"code": Type.TEXT, "message": Type.TEXT, "since": Type.TIMESTAMP, "resolved": Type.TIMESTAMP},
    ),
}
"""What hangs on enterprises and is no feature: alarms, cases, permits, problems."""


def table_layers() -> dict[str, tuple[Fragment, Layer]]:
    """Return what is no feature as layers."""
    listed = {}
    for name, (what, source, types) in TABLES.items():
        select = put("(SELECT {} FROM {} WHERE quanjing_in_scope(f.jurisdiction))", Fragment(what), Fragment(source))
        listed[name] = select, Layer({one: Queryable(one, type_, column(one)) for one, type_ in types.items()}, 4490, dict(FUNCTIONS))
    return listed


def related(layers: Callable[[], Layers]) -> Function:
    """Return the function that asks whether something of the same enterprise meets a filter of its own.

    Parameters
    ----------
    layers : callable
        Returns what may be asked, once that is there.
    """

    def build(_: Layer, terms: Sequence[Term]) -> Fragment:
        name, text = (term.literal for term in terms)
        known = layers()
        if name not in known or not isinstance(text, str):
            raise ValueError(f"related 要两个文本：图层（{'、'.join(known)}）和它的 CQL2 条件")
        source, layer = known[name]
        try:
            condition = compile_filter(text, layer)
        except Invalid as error:
            raise ValueError(f"{name} 的条件有误：{error.detail}") from error
        return put("(enterprise_id IN (SELECT enterprise_id FROM {} r WHERE {}))", source, condition)

    title = "同一企业有没有满足条件的另一图层、报警 alarm、案件 case、许可证 permit、问题 problem"
    return Function("related", title, (Type.TEXT, Type.TEXT), Type.BOOLEAN, build)
