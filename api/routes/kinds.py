"""`/api/kinds`: the glossary of feature kinds, for legends and labels."""

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import answer
from api.caller import Permission, requires
from gis.kinds import ENUMS, KINDS
from styles.tokens import tokens

router = APIRouter(prefix="/api/kinds", dependencies=[Depends(requires(Permission.FEATURES_READ))])


@router.get("")
async def kinds() -> Response:
    """List the kinds with their attributes, and the code lists."""
    scene = tokens()["scene"]
    rows = [
        {
            "name": kind.name,
            "label": kind.label,
            "color": scene.get(kind.name, scene["massing"]),
            "attributes": [{"name": a.name, "label": a.label, "unit": a.unit, "type": a.type} for a in kind.attributes],
        }
        for kind in KINDS.values()
    ]
    return answer({"kinds": rows, "enums": ENUMS})
