"""Who calls, what they may do, and how far they see.

Each route declares the permission it needs, each transaction carries the scope of its caller. Until people sign in there is one local
user, and the server binds to the loopback address.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request

from gis.errors import Forbidden
from gis.store.connect import EVERYWHERE


class Permission(StrEnum):
    """What a route may ask of its caller."""

    HEALTH_READ = "health:read"
    FEATURES_READ = "features:read"
    FEATURES_WRITE = "features:write"
    TILES_READ = "tiles:read"
    FILE_WRITE = "file:write"
    ENTERPRISES_WRITE = "enterprises:write"
    DRAWINGS_IMPORT = "drawings:import"
    DRAWINGS_REVIEW = "drawings:review"
    ALARMS_HANDLE = "alarms:handle"
    ALARMS_REVIEW = "alarms:review"


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a system that calls."""

    name: str
    scope: str
    """A code of `jurisdictions`, or `*`."""
    permissions: frozenset[Permission]


LOCAL = Caller("local", EVERYWHERE, frozenset(Permission))


def identify(request: Request) -> Caller:
    """Return who calls: as the application was told, the local user by default."""
    caller: Caller = getattr(request.app.state, "caller", LOCAL)
    return caller


CurrentCaller = Annotated[Caller, Depends(identify)]


def requires(permission: Permission) -> Callable[[Caller], None]:
    """Return a dependency that lets a caller with a permission pass; it carries the permission for the test that asks every route."""

    def check(caller: CurrentCaller) -> None:
        if permission not in caller.permissions:
            raise Forbidden(f"需要权限 {permission}")

    check.permission = permission  # type: ignore[attr-defined]
    return check
