"""`/api/health`: whether the house stands."""

from importlib.metadata import version

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from api.answers import answer
from api.caller import Permission, requires
from api.errors import problem
from api.house import CurrentHouse

router = APIRouter(dependencies=[Depends(requires(Permission.HEALTH_READ))])


@router.get("/api/health")
async def health(house: CurrentHouse) -> Response:
    """Say whether the database answers."""
    try:
        async with house.pool.connection(timeout=5) as connection:
            await connection.execute("SELECT 1")
    except (OperationalError, PoolTimeout):
        return problem(503, "数据库暂不可用", "数据库没有应答；正在重新连接")
    return answer({"status": "ok", "database": "ok", "store_id": house.store_id, "version": version("quanjing")})
