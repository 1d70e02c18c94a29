"""`/api/accidents`: a release to the air, a spill into a river, screened."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer, encoded
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read
from gis.errors import Invalid
from gis.questions import value
from gis.rules import spill
from gis.rules.accident import release
from gis.rules.dispersion import Air
from gis.rules.spill import River
from gis.rules.substances import LEVELS, substance, substances
from gis.store.accidents import screen, spilt
from gis.store.connect import reading
from gis.store.filters.values import timestamp_of

router = APIRouter(prefix="/api/accidents", dependencies=[Depends(requires(Permission.FEATURES_READ))])
AIR = ("at", "substance", "rate", "amount", "minutes", "height", "wind", "from", "stability", "urban", "lid", "as-of", "f")
WATER = ("at", "amount", "flow", "width", "depth", "slope", "decay", "distance")


def _number(given: Mapping[str, str], name: str, default: float | None = None) -> float | None:
    return value("number", name, given[name]) if name in given else default


def _sure(given: Mapping[str, str], name: str, default: float | None = None) -> float:
    found = _number(given, name, default)
    if found is None:
        raise Invalid(name, "缺少这个参数")
    return found


def _at(given: Mapping[str, str]) -> tuple[float, float]:
    at: tuple[float, float] = value("point", "at", given.get("at", ""))
    return at


def _instant(text: str) -> datetime:
    try:
        return timestamp_of(text)
    except ValueError as error:
        raise Invalid("as-of", str(error)) from error


@router.get("/substances")
async def known() -> Response:
    """List the substances that can be screened, with their limits (mg/m³ for an hour)."""
    rows = [
        {
            "name": one.name,
            "cas": one.cas,
            "formula": one.formula,
            "limits": [{"level": level, "label": label, "mg_m3": one.limit_mg_m3(level)} for level, label in LEVELS.items()],
        }
        for one in substances().values()
    ]
    return answer({"substances": rows})


@router.get("/air")
async def air(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Screen a release to the air; `f=geojson` for a feature collection."""
    given = read(request.scope["query_string"], AIR)
    form = given.get("f", "json")
    if form not in ("json", "geojson"):
        raise Invalid("f", f"没有格式 {form:.40}；可用的有 json、geojson")
    if given.get("urban", "false") not in ("true", "false"):
        raise Invalid("urban", "应为 true 或 false")
    usual = Air()
    weather = Air(
        _sure(given, "wind", usual.wind_m_s),
        _number(given, "from"),
        given.get("stability", usual.stability),  # type: ignore[arg-type]
        given.get("urban") == "true",
        _sure(given, "lid", usual.lid_m),
    )
    made = release(
        _at(given), substance(given.get("substance", "")), rate_kg_s=_number(given, "rate"), amount_kg=_number(given, "amount"),
        minutes=_sure(given, "minutes", 10.0), height_m=_sure(given, "height", 0.0),
    )  # fmt: skip
    as_of = _instant(given["as-of"]) if "as-of" in given else None
    async with reading(house.pool, caller.scope) as connection:
        found = await screen(connection, made, weather, caller.scope, as_of)
    if form == "geojson":
        return Response(encoded(found.geojson()), media_type="application/geo+json", headers={"Cache-Control": "no-cache"})
    return answer(found.as_json())


@router.get("/river")
async def river(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Screen a spill into a river."""
    given = read(request.scope["query_string"], WATER)
    usual = River()
    reach = River(
        _sure(given, "flow", usual.flow_m3_s),
        _sure(given, "width", usual.width_m),
        _sure(given, "depth", usual.depth_m),
        _sure(given, "slope", usual.slope),
        _sure(given, "decay", usual.decay_1_d),
    )
    async with reading(house.pool, caller.scope) as connection:
        found = await spilt(connection, _at(given), _sure(given, "amount"), reach, _sure(given, "distance", 20_000.0))
    return answer({"rows": found.rows, "assumptions": spill.assumptions(reach)})
