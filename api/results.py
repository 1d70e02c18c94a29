"""A question asked of the map and answered as a file, for the API and the command line."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection

from gis.clock import BEIJING
from gis.kinds import KINDS
from gis.questions import Query
from gis.store.asking import asked_aside
from gis.store.queries import ask, name_of


def title(query: Query) -> str:
    """Return what an answer to a question is called.

    >>> from gis.questions import QUERIES
    >>> title(QUERIES["within"]), title(QUERIES["unwatched"])
    ('周边', '没有在线监测的排放口')
    """
    return re.split("[：；，]", query.title)[0]


WORDS = {
    "at": "位置",
    "radius": "半径（m）",
    "count": "个数",
    "kind": "要素类",
    "filter": "条件",
    "distance": "沿河（m）",
    "width": "离河（m）",
    "wind": "风的来向（°）",
    "half": "两侧（°）",
    "every": "不只主要排放口",
    "by": "分组",
    "height": "离地（m）",
}
"""What parameters are called beside an answer; those that tell a reader nothing have no word."""


def said(given: Mapping[str, str], place: str) -> str:
    """Return a question's parameters in words; `place` is what the feature is called that it starts from."""
    words = {**given, **({"at": place} if place else {})}
    if "kind" in words:
        words["kind"] = "、".join(KINDS[name].label if name in KINDS else name for name in words["kind"].split(","))
    return "；".join(f"{WORDS[name]} {text}" for name, text in words.items() if name in WORDS)


async def result_file(connection: AsyncConnection, query: Query, given: Mapping[str, str], form: str, paper: str = "A4") -> bytes:
    """Ask on a snapshot and return the answer as a file.

    Raises
    ------
    Invalid
        A parameter, the format or the paper is wrong.
    NotFound
        What is asked of is not there.
    """
    from drawings.results import file_of, format_of, result_of  # noqa: PLC0415 — heavy, and most verbs write no file

    named = format_of(form)
    found = await ask(connection, query, given)
    day = datetime.now(UTC).astimezone(BEIJING).date().isoformat()
    place = await name_of(connection, UUID(given["feature"])) if "feature" in given else ""
    result = await asked_aside(connection, result_of(title(query), said(given, place), day, found, named))
    return await asyncio.to_thread(file_of, result, named, paper)
