"""`/api/topology`: where stored shapes break a topology rule."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read
from gis.errors import Invalid
from gis.rules.topology import rules
from gis.store.connect import reading
from gis.store.topology import as_bytes, faults

router = APIRouter(prefix="/api/topology", dependencies=[Depends(requires(Permission.FEATURES_READ))])


@router.get("/rules")
async def listed() -> Response:
    """List the rules."""
    rows = [{"name": one.name, "label": one.label, "hint": one.hint, "kinds": one.kinds, "of": one.of} for one in rules().values()]
    return answer({"rules": rows})


@router.get("/faults")
async def standing(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List what stands, of a rule or an enterprise where one is named, as GeoJSON."""
    given = read(request.scope["query_string"], ("rule", "enterprise"))
    rule = given.get("rule")
    if rule is not None and rule not in rules():
        raise Invalid("rule", f"没有规则 {rule:.40}；可用的有 {'、'.join(rules())}")
    try:
        enterprise = UUID(given["enterprise"]) if "enterprise" in given else None
    except ValueError as error:
        raise Invalid("enterprise", "应为企业的 feature_id") from error
    async with reading(house.pool, caller.scope) as connection:
        found = await faults(connection, caller.scope, rule, enterprise)
    return Response(as_bytes(found), media_type="application/geo+json", headers={"Cache-Control": "no-cache"})
