"""Storing an interpreted drawing: the same drawing again changes nothing, a changed one changes just that."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import orjson
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from gis.collector import without_collector
from gis.geometry.matching import shapes_of
from gis.issues import Issue, blocking
from gis.kinds import KINDS
from gis.models.plan import PlanFeature, SitePlan
from gis.store.asking import asked
from gis.store.bulk import close_features, insert_features, insert_sources, json_of, update_features, wkb_of
from gis.store.changes import DERIVED
from gis.store.connect import Plain, Transaction, driver_of
from gis.store.fitting import fitted
from gis.store.identity import Identified, ambiguous, identify
from gis.store.known import Source, known_features, source_of, sources
from gis.store.problems import derive
from gis.store.spots import Known, compared, said, stays
from gis.store.texts import keepable

if TYPE_CHECKING:
    from gis.models.version import State

SAME_VALUE = 1e-4
"""Numbers closer than this are one number: another program's rounding is no change."""

DEEP = frozenset(name for name, kind in KINDS.items() if kind.geometry == "PolygonZ")
"""Kinds of which an outline's heights matter."""

Action = Literal["insert", "update", "reopen", "unchanged", "close"]
Done = tuple[UUID, str, str, Action]

Proof = Callable[[Connection[Any], int], Mapping[str, bytes]]
"""Of a connection that sees the layers as they would be, and the number of the version: form (pdf, svg) → the sheet."""

HOLD = "SELECT FROM enterprises WHERE feature_id = %s FOR UPDATE"
SEEN = "SELECT pg_current_snapshot()::text, pg_current_xact_id()::text"
# Positions mean something in the cluster that gave them only: a restored log has other transactions under the same numbers.
STANDS = """
SELECT d.digest = %(digest)s
    AND d.cluster = (SELECT system_identifier FROM pg_control_system())
    AND pg_snapshot_xmin(d.snapshot)::text::bigint > coalesce(
        (SELECT split_part(value, '-', 1)::bigint FROM store_meta WHERE key = 'changes_swept'), -1)
    AND (SELECT count(*) FROM feature_sources WHERE enterprise_id = %(enterprise)s AND drawing_kind = %(kind)s) = %(features)s
    AND NOT EXISTS (SELECT FROM change_log c WHERE c.enterprise_id = %(enterprise)s
        AND c.layer <> ALL (%(derived)s) AND c.xid >= pg_snapshot_xmin(d.snapshot)
        AND c.xid <> d.xid AND NOT pg_visible_in_snapshot(c.xid, d.snapshot))
FROM drawings d WHERE d.enterprise_id = %(enterprise)s AND d.drawing_kind = %(kind)s AND d.published
ORDER BY d.drawing_id DESC LIMIT 1
"""
KEEP_FILE = "INSERT INTO drawing_files (sha256, content) VALUES (%s, %s) ON CONFLICT DO NOTHING"
NEWEST = """
SELECT drawing_id, sha256, state, review, version FROM drawings WHERE enterprise_id = %s AND drawing_kind = %s
ORDER BY version DESC LIMIT 1
"""
VERSION = "SELECT version, state FROM drawings WHERE drawing_id = %s"
# What a version says of the file and its reading. Which features it showed is known once they are written.
TOLD = sql.SQL("""
file_name = %(file_name)s, counts = %(counts)s, ignored_by = %(ignored_by)s, issues = %(issues)s, options = %(options)s,
    digest = %(digest)s, snapshot = %(snapshot)s::pg_snapshot, xid = %(xid)s::xid8,
    cluster = (SELECT system_identifier FROM pg_control_system())
""")
SUPERSEDE = """
UPDATE drawings SET state = 'superseded', superseded_at = clock_timestamp()
WHERE enterprise_id = %(enterprise)s AND drawing_kind = %(kind)s AND state = 'published'
"""
RECORD = """
INSERT INTO drawings (enterprise_id, drawing_kind, version, state, review, drawn_by, resurvey_on, difference, file_name, sha256, counts,
    ignored_by, issues, options, digest, snapshot, xid, cluster)
VALUES (%(enterprise)s, %(kind)s, %(version)s, 'draft', %(review)s, coalesce(%(drawn_by)s, quanjing_author()), %(resurvey_on)s,
    %(difference)s, %(file_name)s, %(sha256)s, %(counts)s, %(ignored_by)s, %(issues)s, %(options)s, %(digest)s, %(snapshot)s::pg_snapshot,
    %(xid)s::xid8, (SELECT system_identifier FROM pg_control_system()))
RETURNING drawing_id
"""
KEEP_PROOF = """
INSERT INTO drawing_proofs (drawing_id, form, content) VALUES (%s, %s, %s)
ON CONFLICT (drawing_id, form) DO UPDATE SET content = excluded.content
"""
FORGET_PROOF = "DELETE FROM drawing_proofs WHERE drawing_id = %s"
AGAIN = sql.SQL("UPDATE drawings SET {told}, difference = %(difference)s WHERE drawing_id = %(drawing)s").format(told=TOLD)
PUBLISH = sql.SQL("""
UPDATE drawings SET {told}, difference = NULL, state = 'published', publisher = coalesce(%(publisher)s, quanjing_author()),
    published_at = clock_timestamp(), resurvey_on = coalesce(%(resurvey_on)s, resurvey_on),
    shows = ARRAY(SELECT DISTINCT feature_id FROM feature_sources WHERE enterprise_id = %(enterprise)s AND drawing_kind = %(kind)s
        ORDER BY feature_id)
WHERE drawing_id = %(drawing)s
""").format(told=TOLD)
USED = "SELECT feature_id, kind FROM features WHERE feature_id = ANY (%s::uuid[])"
FORGET = "DELETE FROM feature_sources WHERE enterprise_id = %s AND drawing_kind = %s AND feature_id = ANY (%s)"
STILL_SHOWN = "SELECT DISTINCT feature_id FROM feature_sources WHERE feature_id = ANY (%s)"


@dataclass(frozen=True, slots=True)
class Handed:
    """As what a drawing is handed in."""

    drawn_by: str | None = None
    """Who drew it; None: whoever writes."""
    review: bool = False
    """Somebody else must look at it before it is published: nothing is written into the layers yet."""
    resurvey_on: date | None = None
    """When the plant is to be surveyed again."""
    options: Mapping[str, str] = field(default_factory=dict)
    """How the file is read: `mapping`, `gcp`, `crs`, as texts."""
    drawing_id: int | None = None
    """The version, handed in for review before, that is published now."""
    publisher: str | None = None
    """Who publishes that; None: whoever writes."""
    proof: Proof | None = None
    """Draws its sheet while storing it is tried out for a review."""


AT_ONCE = Handed()
"""Published as soon as it is read, in the name of whoever writes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or would do."""

    published: bool
    """False where a drafting fault blocks, where a review is asked for, or on a dry run."""
    actions: dict[Action, int]
    features: tuple[Done, ...]
    """(feature_id, kind, name, action) of everything that is not unchanged."""
    issues: tuple[Issue, ...]
    version: int = 0
    """Of the drawing, as it was recorded."""
    state: "State" = "draft"


@dataclass(frozen=True, slots=True)
class _Import:
    """One import of one drawing."""

    connection: Connection[Any]
    enterprise_id: UUID
    plan: SitePlan
    content: bytes
    handed: Handed
    digest: str | None
    snapshot: str
    """What it could see when it began."""
    xid: str

    def _told(self, issues: Sequence[Issue]) -> dict[str, Any]:
        plan, counts, handed = self.plan, self.plan.counts, self.handed
        told = {"entities": counts.entities, "stored": counts.stored, "ignored": counts.ignored, "refused": counts.refused}
        return {
            "enterprise": self.enterprise_id,
            "kind": plan.drawing_kind,
            "file_name": keepable(plan.file_name),
            "sha256": plan.sha256,
            "counts": Jsonb(told),
            "ignored_by": Jsonb(keepable(plan.ignored_by)),
            "issues": Jsonb(keepable([issue.as_json() for issue in issues])),
            "options": Jsonb(keepable(dict(handed.options))),
            "digest": self.digest,
            "snapshot": self.snapshot,
            "xid": self.xid,
            "review": handed.review,
            "drawn_by": handed.drawn_by,
            "resurvey_on": handed.resurvey_on,
            "publisher": handed.publisher,
            "difference": None,
        }

    def _newest(self) -> tuple[Any, ...]:
        row = self.connection.execute(NEWEST, [self.enterprise_id, self.plan.drawing_kind]).fetchone()
        return row or (None, None, None, None, 0)

    def _stands(self, newest: Sequence[Any], *, published: bool) -> bool:
        """Return whether the newest version is this file, in this state."""
        _, sha256_, state, review, _ = newest
        return (sha256_, review, state) == (self.plan.sha256, self.handed.review, "published" if published else "draft")

    def next(self) -> int:
        """Return the number that a version which waits for its review will have."""
        newest = self._newest()
        return int(newest[-1]) + (0 if self._stands(newest, published=False) else 1)

    def record(
        self,
        done: Outcome,
        *,
        published: bool,
        changes: Mapping[str, Any] | None = None,
        proofs: Mapping[str, bytes] | None = None,
    ) -> "tuple[int, State]":
        """Write the version down; returns its number and state. The same file that changes nothing is the version that it was.

        Parameters
        ----------
        done : Outcome
            What was found and done.
        published : bool
            The layers say now what it says.
        changes, proofs : mapping, optional
            What it would change, and its sheet, where it waits for a review.
        """
        told = self._told(done.issues) | {"difference": Jsonb(changes) if changes else None}
        newest = self._newest()
        drawing_id, _, state, _, number = newest
        if self.handed.drawing_id is not None:
            drawing_id = self.handed.drawing_id
            ((number, state),) = self.connection.execute(VERSION, [drawing_id]).fetchall()
            if not published:
                return number, state
        elif self._stands(newest, published=published) and not (published and done.features):
            self.connection.execute(AGAIN, told | {"drawing": drawing_id})
            self._keep(drawing_id, proofs)
            return number, state
        else:
            self.connection.execute(KEEP_FILE, [self.plan.sha256, self.content])
            number += 1
            ((drawing_id,),) = self.connection.execute(RECORD, told | {"version": number}).fetchall()
        if not published:
            self._keep(drawing_id, proofs)
            return number, "draft"
        self.connection.execute(SUPERSEDE, told)
        self.connection.execute(PUBLISH, told | {"drawing": drawing_id})
        self.connection.execute(FORGET_PROOF, [drawing_id])
        return number, "published"

    def _keep(self, drawing_id: int, proofs: Mapping[str, bytes] | None) -> None:
        for form, content in (proofs or {}).items():
            self.connection.execute(KEEP_PROOF, [drawing_id, form, content])


def _digest(features: Sequence[PlanFeature], shown: Sequence[Source]) -> str:
    """Return a digest of everything of a plan that storing it depends on."""
    summary = sha256()
    for feature, source in zip(features, shown, strict=True):
        key = (feature.kind, feature.code, feature.qj_id, source.handle, source.handles, source.label_handle, source.layer)
        deep = feature.geom.wkb_hex if feature.kind in DEEP else None
        summary.update(orjson.dumps((key, said(feature), deep)))
        summary.update((json_of(feature.shape) or "").encode())
        summary.update(source.drawn)
    return summary.hexdigest()


def _same_value(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, (int, float)):
        return abs(old - new) <= SAME_VALUE
    return bool(old == new)


def _changed(one: Known, feature: PlanFeature, geom: bytes | None, *, same: bool) -> dict[str, Any]:
    """Return the columns to write so that the stored row says what the drawing says."""
    values = {name: value for name, value in said(feature).items() if not _same_value(one.values[name], value)}
    if feature.code is not None and feature.code != one.code:
        values["code"] = feature.code
    # The same outline, perhaps begun at another corner: the stored one stays.
    if not same and geom is not None:
        values["geom"] = geom
    if not same and feature.shape is not None:
        values["shape"] = json_of(feature.shape)
    if one.closed:
        values["closed_at"] = None
    return values


def _write(job: _Import, ids: Sequence[UUID], features: Sequence[PlanFeature], known: Mapping[UUID, Known]) -> list[Done]:
    """Insert what is new and update what differs; returns what was done to each, in order."""
    fresh: defaultdict[str, list[tuple[UUID, PlanFeature]]] = defaultdict(list)
    changes: defaultdict[tuple[str, tuple[str, ...]], list[tuple[UUID, dict[str, Any]]]] = defaultdict(list)
    actions: dict[UUID, Action] = dict.fromkeys(ids, "unchanged")
    met = [(id_, feature, known[id_]) for id_, feature in zip(ids, features, strict=True) if id_ in known]
    stored = [one for *_, one in met]
    same_shape = stays(stored, shapes_of([one.drawn for one in stored]), compared([feature for _, feature, _ in met]))
    for (id_, feature, one), same in zip(met, same_shape, strict=True):
        geom = None if same or KINDS[feature.kind].schematic else wkb_of([feature.geom])[0]
        if values := _changed(one, feature, geom, same=same):
            changes[feature.kind, tuple(sorted(values))].append((id_, values))
            actions[id_] = "reopen" if one.closed else "update"
    for id_, feature in zip(ids, features, strict=True):
        if id_ not in known:
            fresh[feature.kind].append((id_, feature))
            actions[id_] = "insert"
    for (kind, names), rows in sorted(changes.items()):
        update_features(job.connection, KINDS[kind], names, rows)
    for kind, added in sorted(fresh.items()):
        insert_features(job.connection, KINDS[kind], job.enterprise_id, added)
    return [(id_, feature.kind, feature.name, actions[id_]) for id_, feature in zip(ids, features, strict=True)]


def _replace_sources(job: _Import, lineage: Mapping[UUID, Source], drawn: Mapping[UUID, Source]) -> set[UUID]:
    """Bring the lineage's sources up to date; returns the features that no drawing shows any more."""
    stale = [id_ for id_, source in lineage.items() if drawn.get(id_) != source]
    of_lineage = [job.enterprise_id, job.plan.drawing_kind]
    if stale:
        job.connection.execute(FORGET, [*of_lineage, stale])
    added = [(id_, source) for id_, source in drawn.items() if lineage.get(id_) != source]
    if added:
        insert_sources(job.connection, job.enterprise_id, job.plan.drawing_kind, added)
    gone = lineage.keys() - drawn.keys()
    if not gone:
        return set()
    return gone - {row[0] for row in job.connection.execute(STILL_SHOWN, [list(gone)])}


def _close(job: _Import, gone: set[UUID], known: Mapping[UUID, Known]) -> list[Done]:
    closing: defaultdict[str, list[UUID]] = defaultdict(list)
    for id_ in sorted(gone):
        # What was given to another enterprise since is not this drawing's to close.
        if id_ in known and not known[id_].closed:
            closing[known[id_].kind].append(id_)
    for kind, ids in sorted(closing.items()):
        close_features(job.connection, KINDS[kind], ids)
    return [(id_, kind, known[id_].name, "close") for kind, ids in sorted(closing.items()) for id_ in ids]


def _elsewhere(connection: Connection[Any], used: Mapping[UUID, str]) -> set[UUID]:
    """Return those of some ids, with their kinds, under which a feature stands."""
    standing: set[UUID] = set()
    for kind in sorted(set(used.values()) & KINDS.keys()):
        query = sql.SQL("SELECT feature_id FROM {} WHERE feature_id = ANY (%s)").format(sql.Identifier(KINDS[kind].table))
        standing |= {row[0] for row in connection.execute(query, [[id_ for id_, its in used.items() if its == kind]])}
    return standing


def _array(ids: Iterable[UUID]) -> str:
    """Return ids as PostgreSQL writes an array: a hundred thousand, told one by one, take longer than they are looked up."""
    return "{" + ",".join(id_.hex for id_ in ids) + "}"


def _identified(job: _Import, source_code: str, features: Sequence[PlanFeature], known: Mapping[UUID, Known]) -> Identified:
    """Give each drawn feature its id; one that another enterprise has been given since is an issue."""
    taken: set[UUID] = set()
    plan = job.plan
    while True:
        identified = identify(
            features, [*known.values()], source_code=source_code, drawing_kind=plan.drawing_kind, file=plan.file_name, taken=taken
        )
        fresh = {id_: feature for id_, feature in zip(identified.ids, features, strict=True) if id_ and id_ not in known}
        used = dict(job.connection.execute(USED, [_array(fresh)]).fetchall()) if fresh else {}
        # A handle may have named a thing of another kind once.
        strangers = {id_ for id_, kind in used.items() if kind != fresh[id_].kind}
        if not strangers:
            break
        taken |= strangers
    # The rest either stand elsewhere, or were deleted and come back as themselves.
    given = [
        ambiguous(fresh[id_], plan.file_name, f"它（标识 {id_.hex[:8]}）现在属于另一企业", "从图中删去它，或将它改回本企业后重新导入")
        for id_ in sorted(_elsewhere(job.connection, used))
    ]
    return replace(identified, issues=(*identified.issues, *given))


@without_collector()
def store_plan(
    connection: "Transaction | Plain", enterprise_id: UUID, source_code: str, plan: SitePlan, content: bytes, *, handed: Handed = AT_ONCE
) -> Outcome:
    """Store a drawing's features; a drafting fault publishes nothing, but the file and its issues are kept.

    Where a review is asked for, what storing would do is tried out and kept beside the file, and the layers stay as they are.

    Parameters
    ----------
    connection : Transaction or Plain
        Inside `gis.store.connect.writing` or `writing_plainly`; roll it back for a dry run.
    enterprise_id, source_code
        As `gis.store.enterprises.find_enterprise` gives them.
    plan : SitePlan
        The interpreted drawing.
    content : bytes
        The file as it came, kept whole.
    handed : Handed
        Published at once, or first for review; who drew it.
    """
    driver = driver_of(connection)
    # Two imports of one enterprise wait for each other; ids and sources are decided on what the other committed.
    driver.execute(HOLD, [enterprise_id])
    seen = driver.execute(SEEN).fetchone()
    assert seen is not None, "a SELECT of functions has one row"  # noqa: S101
    features, faults = fitted(plan.features, plan.file_name)
    drawn = wkb_of([feature.xy for feature in features], 2)
    shown = [source_of(feature, shape) for feature, shape in zip(features, drawn, strict=True)]
    job = _Import(driver, enterprise_id, plan, content, handed, None if faults else _digest(features, shown), *seen)
    issues = (*plan.issues, *(fault for fault in faults if fault.code != "E206" or all(one.code != "E206" for one in plan.issues)))
    if handed.review and handed.drawing_id is None:
        from gis.store.differences import since_published  # noqa: PLC0415 — only where a review is asked for

        with driver.transaction(force_rollback=True):
            tried, _ = _stored(job, source_code, features, shown, issues)
            changes = asked(driver, since_published(enterprise_id, plan.drawing_kind)).as_json() if tried.published else None
            proofs = handed.proof(driver, job.next()) if handed.proof and tried.published else {}
        number, state = job.record(tried, published=False, changes=changes, proofs=proofs)
        return replace(tried, published=False, version=number, state=state)
    done, stood = _stored(job, source_code, features, shown, issues)
    number, state = job.record(done, published=done.published)
    if done.published and not stood:
        derive(driver, enterprise_id)
    return replace(done, version=number, state=state)


def _stored(
    job: _Import, source_code: str, features: Sequence[PlanFeature], shown: Sequence[Source], issues: tuple[Issue, ...]
) -> tuple[Outcome, bool]:
    """Bring the layers to what a drawing says; returns what that did, and whether they were known to say it without looking."""
    driver, enterprise_id, plan = job.connection, job.enterprise_id, job.plan
    what = {
        "digest": job.digest,
        "enterprise": enterprise_id,
        "kind": plan.drawing_kind,
        "features": len(features),
        "derived": list(DERIVED),
    }
    partly = plan.kinds is not None
    stands = None if partly or blocking(issues) else driver.execute(STANDS, what).fetchone()
    if stands and stands[0]:
        return Outcome(True, {"unchanged": len(features)} if features else {}, (), issues), True
    lineage = sources(driver, enterprise_id, plan.drawing_kind)
    known = known_features(driver, enterprise_id, plan.drawing_kind, lineage)
    if plan.kinds is not None:
        lineage = {id_: source for id_, source in lineage.items() if id_ in known and known[id_].kind in plan.kinds}
    if job.digest is not None:
        identified = _identified(job, source_code, features, known)
        issues = (*issues, *identified.issues)
    if blocking(issues):
        return Outcome(published=False, actions={}, features=(), issues=issues), False
    ids = [id_ for id_ in identified.ids if id_ is not None]
    # Two features may have exchanged their codes: what counts is that each code stands once in the end.
    driver.execute("SET CONSTRAINTS ALL DEFERRED")
    done = _write(job, ids, features, known)
    done += _close(job, _replace_sources(job, lineage, dict(zip(ids, shown, strict=True))), known)
    driver.execute("SET CONSTRAINTS ALL IMMEDIATE")
    changed = tuple(row for row in done if row[3] != "unchanged")
    return Outcome(True, dict(Counter(row[3] for row in done)), changed, issues), False


def stands(connection: "Transaction | Plain", enterprise_id: UUID, drawing_kind: str, sha256_: str) -> bool:
    """Say whether the newest drawing of a kind is this very file, and published."""
    wanted = "SELECT sha256, published FROM drawings WHERE enterprise_id = %s AND drawing_kind = %s ORDER BY drawing_id DESC LIMIT 1"
    row = driver_of(connection).execute(wanted, [enterprise_id, drawing_kind]).fetchone()
    return row is not None and row == (sha256_, True)
