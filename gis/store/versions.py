"""Versions of drawings: each of an enterprise's four drawings, as it was handed in, reviewed, published, superseded or refused."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection, Connection, sql

from gis.errors import Conflict, Invalid, NotFound
from gis.jobs import enqueue, enqueue_again
from gis.models.version import STATES, Act, Decided, Decision, Version
from gis.store.asking import Reading, Row, asked
from gis.store.connect import Plain, Transaction, driver_of

ENTRYPOINT = "decide_on_drawing"
LONGEST = {"signed": 40, "reason": 500}
"""Characters of what a decision says."""

GRANTS = ("GRANT INSERT (act_id, drawing_id, act, signed, reason, resurvey_on, account) ON drawing_acts TO {}",)
"""What the API's role may write: decisions that the worker carries out."""

LIST = sql.SQL("""
SELECT d.drawing_id, d.drawing_kind, d.version, d.state, d.review, d.file_name, d.sha256, octet_length(f.content) AS bytes, d.drawn_by,
    d.author AS account, d.imported_at AS handed_at, d.reason, d.reviewer, d.reviewed_at, d.publisher, d.published_at, d.superseded_at,
    d.resurvey_on, d.counts, d.options, EXISTS (SELECT FROM drawing_proofs p WHERE p.drawing_id = d.drawing_id) AS proof,
    d.shows IS NOT NULL OR d.difference IS NOT NULL AS comparable,
    (SELECT coalesce(jsonb_object_agg(severity, n), '{}') FROM (
        SELECT i->>'severity' AS severity, count(*) AS n FROM jsonb_array_elements(d.issues) i GROUP BY 1) s) AS issues,
    coalesce(a.acts, '[]') AS acts
FROM drawings d JOIN drawing_files f USING (sha256) LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('act', act, 'signed', signed, 'reason', reason, 'resurvey_on', resurvey_on, 'account', account,
        'asked_at', asked_at, 'done_at', done_at, 'failure', failure) ORDER BY asked_at) AS acts
    FROM drawing_acts WHERE drawing_id = d.drawing_id) a ON true
WHERE d.enterprise_id = %(enterprise)s AND (%(kind)s::text IS NULL OR d.drawing_kind = %(kind)s)
    AND (%(version)s::integer IS NULL OR d.version = %(version)s)
ORDER BY d.drawing_kind, d.version DESC
""")
ISSUES = sql.SQL("SELECT issues FROM drawings WHERE drawing_id = %s")
PROOF = sql.SQL("SELECT content FROM drawing_proofs WHERE drawing_id = %s AND form = %s")
FILE = sql.SQL("SELECT content FROM drawing_files WHERE sha256 = %s")
ASK = """
INSERT INTO drawing_acts (act_id, drawing_id, act, signed, reason, resurvey_on, account) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
NOTE = """
INSERT INTO drawing_acts (drawing_id, act, signed, reason, resurvey_on, done_at) VALUES (%s, %s, %s, %s, %s, clock_timestamp())
"""
ASKED = """
SELECT d.enterprise_id, d.drawing_kind, d.version, a.act, a.signed, a.reason, a.resurvey_on, a.account
FROM drawing_acts a JOIN drawings d USING (drawing_id) WHERE a.act_id = %s AND a.done_at IS NULL
"""
WAITING = "SELECT act_id FROM drawing_acts WHERE done_at IS NULL ORDER BY asked_at"
DONE = "UPDATE drawing_acts SET done_at = clock_timestamp(), failure = %s WHERE act_id = %s AND done_at IS NULL"
HOLD = "SELECT FROM enterprises WHERE feature_id = %s FOR UPDATE"
CHECKED = "UPDATE drawings SET state = 'checked', reviewer = %s, reviewed_at = clock_timestamp() WHERE drawing_id = %s"
REFUSED = "UPDATE drawings SET state = 'refused' WHERE drawing_id = %s"
RESURVEY = "UPDATE drawings SET resurvey_on = %s WHERE drawing_id = %s"
LATER = "SELECT max(version) FROM drawings WHERE enterprise_id = %s AND drawing_kind = %s AND published AND version > %s"


def grant(connection: Connection[Any], role: str) -> None:
    """Let a role ask for decisions to be carried out."""
    for statement in GRANTS:
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


def _act(row: Row) -> Act:
    times = {name: datetime.fromisoformat(row[name]) if row[name] else None for name in ("asked_at", "done_at")}
    return Act(**row | times | {"resurvey_on": date.fromisoformat(row["resurvey_on"]) if row["resurvey_on"] else None})


def versions(enterprise_id: UUID, drawing_kind: str | None = None, version: int | None = None) -> Reading[list[Version]]:
    """Read the versions of an enterprise's drawings, by kind, newest first; of one kind, or one version, where asked."""
    rows = yield LIST, {"enterprise": enterprise_id, "kind": drawing_kind, "version": version}
    return [Version(**row | {"acts": tuple(map(_act, row["acts"]))}) for row in rows]


def version(enterprise_id: UUID, drawing_kind: str, number: int) -> Reading[Version]:
    """Read one version; raises NotFound."""
    found = yield from versions(enterprise_id, drawing_kind, number)
    if not found:
        raise NotFound(f"图 {drawing_kind} 没有第 {number} 版")
    return found[0]


def issues(drawing_id: int) -> Reading[list[dict[str, Any]]]:
    """Read what was found in a version, as `gis.issues.Issue.as_json` wrote it."""
    rows = yield ISSUES, [drawing_id]
    found: list[dict[str, Any]] = rows[0]["issues"] if rows else []
    return found


def file(found: Version) -> Reading[bytes]:
    """Read the file of a version, byte for byte as it was handed in."""
    rows = yield FILE, [found.sha256]
    return bytes(rows[0]["content"])


def proof(found: Version, form: str) -> Reading[bytes]:
    """Read the sheet of a version that waits for its review, as `pdf` or `svg`; raises NotFound."""
    rows = yield PROOF, [found.drawing_id, form]
    if not rows:
        raise NotFound(f"图 {found.drawing_kind} 第 {found.version} 版没有送审稿的图纸")
    return bytes(rows[0]["content"])


def why_not(found: Version, act: Decision, signed: str) -> str | None:
    """Return why a decision can't be made about a version; None where it can.

    >>> from gis.models.version import Version
    >>> unsigned = (None,) * 6
    >>> waiting = Version(1, "A", 2, "draft", True, "", "", 0, "张三", "", None, "", *unsigned, {}, {}, {}, (), True, False)
    >>> why_not(waiting, "check", "张三")
    '张三 是制图人，不能审核自己的图'
    >>> why_not(waiting, "publish", "李四")
    '第 2 版须先经审核，现为草稿'
    """
    number, state = f"第 {found.version} 版", STATES[found.state]
    own = {"check": f"{signed} 是制图人，不能审核自己的图", "publish": f"{signed} 是制图人，不能批准自己的图"}
    reasons = {
        "check": (
            (found.state != "draft", f"{number}{state}，不在待审之列"),
            (found.blocking > 0, f"{number}还有 {found.blocking} 个制图错误，请改正后重新送审"),
        ),
        "refuse": ((found.state not in ("draft", "checked"), f"{number}{state}，不能退回"),),
        "publish": ((found.state != "checked", f"{number}须先经审核，现为{state}"),),
        "resurvey": (),
    }
    asked_for = (*reasons[act], (signed == found.drawn_by and act in own, own.get(act, "")))
    return next((reason for stands, reason in asked_for if stands), None)


def checked(decided: Decided) -> Decided:
    """Return a decision without blanks around its words; raises Invalid where nobody signs, or a refusal says no reason."""
    signed, reason = decided.signed.strip(), decided.reason.strip()
    if not signed:
        raise Invalid("signed", "请写明由谁签署")
    for name, value in (("signed", signed), ("reason", reason)):
        if len(value) > LONGEST[name] or "\0" in value:
            raise Invalid(name, f"应为不超过 {LONGEST[name]} 字的文本")
    if decided.act == "refuse" and not reason:
        raise Invalid("reason", "退回时请写明原因，制图人据此改图")
    if decided.act == "resurvey" and decided.resurvey_on is None:
        raise Invalid("resurvey_on", "请给出复测日期")
    return replace(decided, signed=signed, reason=reason)


def held(connection: "Transaction | Plain", enterprise_id: UUID, drawing_kind: str, number: int, decided: Decided) -> Version:
    """Return a version about which a decision can be made, so that until the transaction ends nobody else makes one.

    Raises
    ------
    NotFound
        No such version.
    Conflict
        The version is not in a state for that, a later one was published, or its drafter decides.
    """
    driver_of(connection).execute(HOLD, [enterprise_id])
    found = asked(connection, version(enterprise_id, drawing_kind, number))
    if refusal := why_not(found, decided.act, decided.signed):
        raise Conflict(refusal)
    ((later,),) = driver_of(connection).execute(LATER, [enterprise_id, drawing_kind, number]).fetchall()
    if decided.act == "publish" and later is not None:
        raise Conflict(f"第 {later} 版已经发布，不能再发布更早的第 {number} 版；请取回它的文件，作为新版送审")
    return found


def mark(connection: "Transaction | Plain", found: Version, decided: Decided) -> None:
    """Write a decision into a version: passed, refused, when to survey again; what publishing writes, `gis.store.plans` does."""
    driver = driver_of(connection)
    if decided.resurvey_on is not None:
        driver.execute(RESURVEY, [decided.resurvey_on, found.drawing_id])
    if decided.act == "check":
        driver.execute(CHECKED, [decided.signed, found.drawing_id])
    elif decided.act == "refuse":
        driver.execute(REFUSED, [found.drawing_id])


def note(connection: "Transaction | Plain", found: Version, decided: Decided) -> None:
    """Keep a decision that was carried out at once."""
    said = [found.drawing_id, decided.act, decided.signed, decided.reason, decided.resurvey_on]
    driver_of(connection).execute(NOTE, said)


async def ask(connection: AsyncConnection, found: Version, decided: Decided, account: str) -> UUID:
    """Keep a decision that the worker is to carry out, and queue that; returns its id."""
    act_id = uuid4()
    await connection.execute(ASK, [act_id, found.drawing_id, decided.act, decided.signed, decided.reason, decided.resurvey_on, account])
    await enqueue(connection, ENTRYPOINT, [{"act_id": str(act_id)}])
    return act_id


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that waits to be carried out."""

    enterprise_id: UUID
    drawing_kind: str
    version: int
    decided: Decided
    account: str


def waiting(connection: "Transaction | Plain", act_id: UUID) -> Asked | None:
    """Return a decision that waits; None where it was carried out."""
    row = driver_of(connection).execute(ASKED, [act_id]).fetchone()
    return None if row is None else Asked(row[0], row[1], row[2], Decided(*row[3:7]), row[7])


async def requeue(connection: AsyncConnection) -> int:
    """Queue the decisions that wait, the oldest first: a worker that was killed leaves some; returns how many."""
    return await enqueue_again(connection, ENTRYPOINT, "act_id", WAITING)


def finish(connection: "Transaction | Plain", act_id: UUID, failure: str | None = None) -> None:
    """Note that a decision was carried out, or why it came to nothing."""
    driver_of(connection).execute(DONE, [failure, act_id])
