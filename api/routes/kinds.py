"""`/api/kinds`: the glossary of feature kinds, for legends and labels."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import answer
from api.caller import Permission, requires
from gis.kinds import ENUMS, GROUPS, KINDS, Kind
from styles.library import style_of, styles, types_of
from styles.tokens import tokens

router = APIRouter(prefix="/api/kinds", dependencies=[Depends(requires(Permission.FEATURES_READ))])


def _symbols(kind: str) -> dict[str, Any]:
    """Return the symbols of a kind and of its types; a kind that no style names has none."""
    if kind not in styles():
        return {"symbol": None, "type_symbols": {}}
    return {"symbol": style_of(kind).symbol.id, "type_symbols": {type_: style_of(kind, type_).symbol.id for type_ in types_of(kind)}}


def glossary(kinds: Mapping[str, Kind]) -> list[dict[str, Any]]:
    """Return the kinds of a registry as the browser reads them; `type_enum` is the code list of the types that a legend tells apart."""
    scene = tokens()["scene"]
    return [
        {
            "name": kind.name,
            "label": kind.label,
            "group": kind.group,
            "form": kind.form,
            "geometry": kind.geometry,
            "color": scene.get(kind.name, scene["massing"]),
            **_symbols(kind.name),
            "type_enum": kind.attribute(kind.type_attribute).enum if kind.type_attribute else None,
            "attributes": [
                {"name": a.name, "label": a.label, "unit": a.unit, "type": a.type, "enum": a.enum, "required": a.required}
                for a in kind.attributes
            ],
        }
        for kind in kinds.values()
    ]


@router.get("")
async def kinds() -> Response:
    """List the kinds with their attributes, the groups of a layer panel, and the code lists."""
    return answer({"kinds": glossary(KINDS), "groups": [{"name": name, "label": label} for name, label in GROUPS.items()], "enums": ENUMS})
