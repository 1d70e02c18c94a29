"""`/api/enterprises`: the places, and what stands on them."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from psycopg import AsyncConnection

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.kept import kept
from api.live import city_url, tileset_url
from api.routes.land import grounds_m, settled
from gis.initials import initials
from gis.store import read
from gis.store.bakes import city_version
from gis.store.changes import last_position
from gis.store.connect import EVERYWHERE, reading
from gis.store.permits import current_permit
from gis.store.problems import problem_list
from gis.store.site_history import site_history
from styles.industries import industry_glyph

router = APIRouter(prefix="/api/enterprises", dependencies=[Depends(requires(Permission.FEATURES_READ))])


def _enterprise(row: dict[str, Any], ground_m: float) -> dict[str, Any]:
    version = row.pop("version")
    tileset = {"version": version, "url": tileset_url(row["feature_id"], version)} if version else None
    told = {"code": row["source_code"], "initials": initials(row["name"]), "glyph": industry_glyph(row["industry_code"])}
    return {**row, **told, "ground_m": ground_m, "tileset": tileset}


@router.get("")
async def enterprises(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List the enterprises in the caller's scope, and the position in the change log that the list stands for."""
    terrain = await settled(house)

    async def made(connection: AsyncConnection) -> dict[str, Any]:
        position = await last_position(connection)
        version = await city_version(connection) if caller.scope == EVERYWHERE else None
        rows = await read.enterprises(connection)
        grounds = await grounds_m(house, terrain, rows)
        listed = [_enterprise(row, ground_m) for row, ground_m in zip(rows, grounds, strict=True)]
        city = {"version": version, "url": city_url(version)} if version else None
        return {"cursor": position.event_id(house.store_id), "city": city, "enterprises": listed}

    return await kept(request, house, caller.scope, made, terrain.digest if terrain else "")


@router.get("/{feature_id}/features")
async def features(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List an enterprise's features with their state."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, feature_id)
        position = await last_position(connection)
        rows = await read.summaries(connection, feature_id)
    return answer({"cursor": position.event_id(house.store_id), "features": rows})


@router.get("/{feature_id}/permit")
async def permit(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return an enterprise's discharge permit, as it was registered."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, feature_id)
        return answer(await current_permit(connection, feature_id))


@router.get("/{feature_id}/site-history")
async def events(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return what happened at an enterprise's site, newest first."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, feature_id)
        return answer({"history": await site_history(connection, feature_id)})


@router.get("/{feature_id}/problems")
async def problems(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller, *, resolved: bool = False) -> Response:
    """Return what the inspector must see of an enterprise (监管问题), with what is resolved where asked."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, feature_id)
        return answer({"problems": await problem_list(connection, feature_id, resolved=resolved)})
