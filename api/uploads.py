"""What comes in: only from our own pages or from programs, only of the named type, only so much."""

from collections.abc import AsyncIterator
from typing import TypeVar
from urllib.parse import urlsplit

import pydantic
from fastapi import Request

from gis.errors import Forbidden, Invalid, TooLarge

Model = TypeVar("Model", bound=pydantic.BaseModel)
OURS = ("same-origin", "none")
"""`Sec-Fetch-Site` of a request that no foreign page made (W3C Fetch Metadata, §2.3)."""


def same_site(request: Request) -> None:
    """Refuse a change that a page of another host asks for: a local server without sign-in answers whoever sits at the browser.

    Raises
    ------
    Forbidden
        The browser says that the request comes from elsewhere.
    """
    if request.method in ("GET", "HEAD"):
        return
    origin, fetched = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or (fetched is not None and fetched not in OURS):
        raise Forbidden("不接受来自其他网站的请求")


def of_type(request: Request, *types: str) -> None:
    """Refuse a body of another media type.

    Raises
    ------
    Invalid
        It is none of `types`.
    """
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in types:
        raise Invalid("Content-Type", f"应为 {' 或 '.join(types)}")


async def parts(request: Request, parameter: str, most: int, size: int = 1 << 20) -> AsyncIterator[bytes]:
    """Yield a request's body in parts of about `size` bytes.

    Raises
    ------
    TooLarge
        It says that it has, or turns out to have, more than `most` bytes; it is not read further.
    """
    limit = f"超过 {most // 1024**2} MB 的上限"
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise TooLarge(parameter, limit)
    have, buffer = 0, bytearray()
    async for piece in request.stream():
        have += len(piece)
        if have > most:
            raise TooLarge(parameter, limit)
        buffer += piece
        if len(buffer) >= size:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


def said(model: type[Model], body: bytes) -> Model:
    """Return what a JSON body says, in the shape that it must have.

    Raises
    ------
    Invalid
        It has another; names the place.
    """
    try:
        return model.model_validate_json(body)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise Invalid(".".join(str(part) for part in first["loc"]) or "body", first["msg"]) from error


async def document(request: Request, model: type[Model], most: int) -> Model:
    """Return what a request's JSON body of at most so many bytes says; raises as `of_type`, `parts` and `said`."""
    of_type(request, "application/json")
    return said(model, b"".join([part async for part in parts(request, "body", most)]))
