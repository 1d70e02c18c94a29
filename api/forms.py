"""Forms as pages show them, and rows as pages send them."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import Request
from fastapi.responses import Response

from api.uploads import of_type, parts
from gis.enterprise_file import Fault, Part, Row
from gis.errors import Invalid

MAX_ROW = 64 * 1024
"""Largest row, as JSON in UTF-8."""
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Check = Callable[[Part, Mapping[str, Any]], tuple[Row, list[Fault]]]


def described(part: Part) -> dict[str, Any]:
    """Return a form: its fields in order, each with label, type and choices."""
    fields = [
        {
            "name": field.name,
            "label": field.label,
            "type": field.type,
            "required": field.required,
            "unit": field.unit,
            "most": field.most if field.type == "text" else None,
            "hint": field.hint,
            "wide": field.wide,
            "choices": [{"code": code, "label": label} for code, label in field.choices.items()],
        }
        for field in part.fields
    ]
    return {"name": part.name, "label": part.label, "fields": fields}


async def filled_in(request: Request, part: Part, check: Check) -> Row:
    """Return the row in a request's body (JSON), checked.

    Raises
    ------
    Invalid
        It is none, or something in it is wrong; names the first field and tells all.
    """
    of_type(request, "application/json")
    body = b"".join([piece async for piece in parts(request, "body", MAX_ROW)])
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid("body", f"不是 JSON：{error}") from error
    if not isinstance(said, dict):
        raise Invalid("body", "应为 JSON 对象")
    row, faults = check(part, said)
    if faults:
        labels = {field.name: field.label for field in part.fields}
        raise Invalid(faults[0].field, "；".join(f"{labels.get(fault.field, fault.field)}：{fault.message}" for fault in faults))
    return row


def as_file(data: bytes, name: str) -> Response:
    """Return a workbook to be saved under a name."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-cache"}
    return Response(data, media_type=EXCEL, headers=headers)
