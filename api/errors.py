"""From errors to HTTP: one table, problem documents of RFC 9457."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from psycopg import OperationalError
from starlette.exceptions import HTTPException

from api.answers import encoded
from gis.errors import (
    Conflict,
    DatabaseError,
    Forbidden,
    Invalid,
    NotAllowed,
    NotFound,
    Outdated,
    QuanjingError,
    Swept,
    TooLarge,
    Unconditional,
)
from tiles.imagery.remote import SourceFault

log = logging.getLogger(__name__)

STATUS: dict[type[QuanjingError], tuple[int, str]] = {
    TooLarge: (413, "内容太大"),
    Invalid: (400, "参数有误"),
    Outdated: (412, "已被修改"),
    Unconditional: (428, "须说明改的是哪个版本"),
    NotAllowed: (405, "不能这样做"),
    Swept: (410, "已不再保留"),
    Conflict: (409, "现在不能这样做"),
    Forbidden: (403, "无权访问"),
    NotFound: (404, "没有找到"),
    DatabaseError: (503, "数据库暂不可用"),
    SourceFault: (502, "外部影像源有误"),
    QuanjingError: (500, "服务器出错"),
}
"""The first class that an error is an instance of decides."""


def problem(status: int, title: str, detail: str, **members: str) -> Response:
    """Return a problem document."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(encoded(body), status, media_type="application/problem+json")


def answer(error: QuanjingError) -> Response:
    """Return the problem document of one of our errors."""
    status, title = next(row for class_, row in STATUS.items() if isinstance(error, class_))
    members = {"parameter": error.parameter} if isinstance(error, Invalid) else {}
    response = problem(status, title, str(error), **members)
    if isinstance(error, NotAllowed):
        response.headers["Allow"] = ", ".join(error.methods)
    if isinstance(error, TooLarge):
        # What is still on its way is not read.
        response.headers["Connection"] = "close"
    return response


def no_database(error: Exception) -> Response:
    """Return the problem document of a database that does not answer, and log it."""
    log.warning("the database does not answer: %s", error)
    return problem(503, STATUS[DatabaseError][1], "数据库没有应答；正在重新连接")


TOLD = (QuanjingError, OperationalError)
"""What is told to the caller; anything else is a fault of the server."""


def told(error: Exception) -> Response:
    """Return the problem document of one of `TOLD`."""
    return answer(error) if isinstance(error, QuanjingError) else no_database(error)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, QuanjingError)  # noqa: S101 — what it is registered for
    return answer(error)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 — what it is registered for
    response = problem(error.status_code, "没有找到" if error.status_code == 404 else "请求有误", str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — what it is registered for
    first = error.errors()[0]
    parameter = str(first["loc"][-1])
    return problem(400, "参数有误", f"{parameter}: {first['msg']}", parameter=parameter)


async def _no_database(_: Request, error: Exception) -> Response:
    return no_database(error)


async def _unforeseen(_: Request, __: Exception) -> Response:
    return problem(500, STATUS[QuanjingError][1], "出了没有料到的错误，已记入日志")


def register(app: FastAPI) -> None:
    """Answer all errors with problem documents."""
    app.add_exception_handler(QuanjingError, _ours)
    app.add_exception_handler(OperationalError, _no_database)
    app.add_exception_handler(Exception, _unforeseen)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
