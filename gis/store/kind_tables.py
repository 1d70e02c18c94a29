"""The tables, triggers and views of the kinds, derived from `gis.kinds`.

Not a migration: the registry is the truth, and `statements` brings a database to it, as often as it is run. Columns are added, never
dropped: an attribute that leaves the registry keeps its data.
"""

from collections.abc import Iterable, Mapping

from gis.kinds import COMMON_LABELS, Attribute, Kind
from gis.store.scope import everywhere_or, placed_inside

SQL_TYPES = {"text": "text", "integer": "integer", "number": "double precision", "boolean": "boolean", "date": "date", "enum": "text"}

COMMON = {
    "feature_id": "uuid",
    "enterprise_id": "uuid",
    "code": "text",
    "name": "text",
    "geom": "geometry",
    "shape": "jsonb",
    "base_1985_m": "double precision",
    "height_m": "double precision",
    "z_min_m": "double precision",
    "z_max_m": "double precision",
    "valid": "daterange",
    "closed_at": "timestamptz",
}
"""Columns of every kind, in order, before its own attributes."""
STAMPS = {"recorded": "tstzrange", "author": "text", "reason": "text", "origin": "text"}
"""Columns that the store writes: when the database knew this version, who made it, why, and from where."""

STATE_COLUMNS = "s.alarm_level, s.open_alarms, s.case_count, s.case_ids, s.readings"


def quoted(text: str) -> str:
    """Return an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def columns(kind: Kind) -> list[str]:
    """Return the columns that a version of a feature consists of, without stamps."""
    return [*COMMON, *(attribute.name for attribute in kind.attributes)]


def _attribute_column(kind: Kind, attribute: Attribute, enums: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    table = kind.table
    yield f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {attribute.name} {SQL_TYPES[attribute.type]}"
    yield f"ALTER TABLE {table}_history ADD COLUMN IF NOT EXISTS {attribute.name} {SQL_TYPES[attribute.type]}"
    yield f"COMMENT ON COLUMN {table}.{attribute.name} IS {quoted(attribute.label)}"
    constraint = f"{table}_{attribute.name}_known"
    if attribute.enum:
        codes = ", ".join(quoted(code) for code in enums[attribute.enum])
        yield f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}"
        yield f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({attribute.name} IN ({codes}))"
    if attribute.required:
        # Not validated: an attribute that becomes required later must not refuse the rows that came before it.
        yield f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_{attribute.name}_given"
        yield f"ALTER TABLE {table} ADD CONSTRAINT {table}_{attribute.name}_given CHECK ({attribute.name} IS NOT NULL) NOT VALID"


def _placed(kind: Kind) -> str:
    """Return the check that a shape lies on the globe, in finite coordinates; a schematic kind has none.

    A box may hide a NaN in the middle of a line, a length can't: NaN compares above all numbers.
    """
    shape = {
        "Point": "ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90",
        "LineString": "ST_Length(geom) < 'infinity'",
        "PolygonZ": "ST_3DPerimeter(geom) < 'infinity'",
        "Geometry": "ST_Perimeter(geom) < 'infinity' AND GeometryType(geom) IN ('POINT', 'POLYGON')",
    }.get(kind.geometry, "ST_Perimeter(geom) < 'infinity'")
    if kind.geometry == "Point":
        return shape
    return f"{shape} AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90"


def _table(kind: Kind) -> Iterable[str]:
    table, is_enterprise = kind.table, kind.name == "enterprise"
    geom, shape = ("", " NOT NULL") if kind.schematic else (" NOT NULL CHECK (NOT ST_IsEmpty(geom))", "")
    owner = "uuid GENERATED ALWAYS AS (feature_id) STORED" if is_enterprise else "uuid REFERENCES enterprises"
    yield f"""CREATE TABLE IF NOT EXISTS {table} (
        feature_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        enterprise_id {owner},
        code text CHECK (code <> ''),
        name text NOT NULL DEFAULT '',
        geom geometry({kind.geometry}, 4490){geom},
        geom_3857 geometry({kind.geometry}, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
        shape jsonb{shape},
        base_1985_m double precision,
        height_m double precision,
        z_min_m double precision,
        z_max_m double precision CHECK (z_max_m >= z_min_m),
        valid daterange,
        closed_at timestamptz,
        recorded tstzrange NOT NULL,
        author text NOT NULL,
        reason text NOT NULL,
        origin text NOT NULL)"""
    # The statement's own trigger writes `features`, after all rows: a foreign key would look before it. Rows of `features` stay.
    yield f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_feature_id_fkey"
    # Not validated: what was stored before a check was thought of is not refused by it.
    yield f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_placed"
    yield f"ALTER TABLE {table} ADD CONSTRAINT {table}_placed CHECK ({_placed(kind)}) NOT VALID"
    if is_enterprise:
        # Whatever belongs to an enterprise takes its jurisdiction from here, so that it is looked up once.
        yield "ALTER TABLE enterprises ADD COLUMN IF NOT EXISTS jurisdiction text"
        yield "ALTER TABLE enterprises DROP CONSTRAINT IF EXISTS enterprises_jurisdiction_known"
        yield """ALTER TABLE enterprises ADD CONSTRAINT enterprises_jurisdiction_known
            FOREIGN KEY (jurisdiction) REFERENCES jurisdictions NOT VALID"""
    yield f"COMMENT ON TABLE {table} IS {quoted(kind.label)}"
    yield f"CREATE INDEX IF NOT EXISTS {table}_geom ON {table} USING gist (geom)"
    yield f"CREATE INDEX IF NOT EXISTS {table}_geom_3857 ON {table} USING gist (geom_3857)"
    yield f"CREATE INDEX IF NOT EXISTS {table}_enterprise ON {table} (enterprise_id)"
    unique = "code WITH =" if is_enterprise else "enterprise_id WITH =, code WITH ="
    # A constraint, since an index can't wait for the end of a transaction: a drawing may give two features each other's codes.
    yield f"""DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = '{table}'::regclass AND conname = '{table}_code_once') THEN
        ALTER TABLE {table} ADD CONSTRAINT {table}_code_once EXCLUDE USING btree ({unique})
            WHERE (closed_at IS NULL AND code IS NOT NULL) DEFERRABLE;
    END IF;
END $$"""
    yield f"DROP INDEX IF EXISTS {table}_code"
    every = ", ".join(f"{name} {type_}" for name, type_ in {**COMMON, **STAMPS}.items())
    yield f"CREATE TABLE IF NOT EXISTS {table}_history ({every})"
    # For tiles of the past. Of any form, as `geom` is: what a kind once was stays.
    yield f"""ALTER TABLE {table}_history ADD COLUMN IF NOT EXISTS geom_3857 geometry
        GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED"""
    yield f"COMMENT ON TABLE {table}_history IS {quoted(kind.label + '：从前的版本')}"
    yield f"CREATE INDEX IF NOT EXISTS {table}_history_feature ON {table}_history (feature_id, recorded)"
    yield f"CREATE INDEX IF NOT EXISTS {table}_history_geom ON {table}_history USING gist (geom, recorded)"
    for name, label in COMMON_LABELS.items():
        if name in COMMON or name in STAMPS:
            yield f"COMMENT ON COLUMN {table}.{name} IS {quoted(label)}"


# Height and top say the same thing twice: whoever writes one of them moves the other.
HEIGHTS_NEW = """NEW.z_min_m := coalesce(NEW.z_min_m, NEW.z_max_m - NEW.height_m, 0);
        NEW.z_max_m := coalesce(NEW.z_max_m, NEW.z_min_m + NEW.height_m);
        NEW.height_m := coalesce(NEW.height_m, NEW.z_max_m - NEW.z_min_m);"""
HEIGHTS_CHANGED = """IF NEW.height_m IS DISTINCT FROM OLD.height_m AND NEW.z_max_m IS NOT DISTINCT FROM OLD.z_max_m THEN
            NEW.z_max_m := NEW.z_min_m + NEW.height_m;
        ELSIF NEW.z_min_m IS DISTINCT FROM OLD.z_min_m OR NEW.z_max_m IS DISTINCT FROM OLD.z_max_m THEN
            NEW.height_m := NEW.z_max_m - NEW.z_min_m;
        END IF;"""


def _functions(kind: Kind) -> Iterable[str]:
    table = kind.table
    stored = [name for name in columns(kind) if not (kind.name == "enterprise" and name == "enterprise_id")]
    old, new = (", ".join(f"{side}.{name}" for name in stored) for side in ("OLD", "NEW"))
    is_enterprise = kind.name == "enterprise"
    follow = (
        """IF OLD.jurisdiction IS DISTINCT FROM NEW.jurisdiction THEN
            UPDATE features SET jurisdiction = NEW.jurisdiction WHERE enterprise_id = NEW.feature_id;
        END IF"""
        if is_enterprise
        else """IF OLD.enterprise_id IS DISTINCT FROM NEW.enterprise_id THEN
            UPDATE features SET enterprise_id = NEW.enterprise_id,
                jurisdiction = (SELECT jurisdiction FROM features WHERE feature_id = NEW.enterprise_id)
                WHERE feature_id = NEW.feature_id;
        END IF"""
    )
    heights_new, heights_changed = (HEIGHTS_NEW, HEIGHTS_CHANGED) if kind.solid else ("", "")
    yield f"""CREATE OR REPLACE FUNCTION quanjing_{table}_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.feature_id := coalesce(NEW.feature_id, gen_random_uuid());
        {heights_new}
        NEW.recorded := tstzrange(clock_timestamp(), NULL);
    ELSE
        {heights_changed}
        -- A write that changes nothing is no version.
        IF ({old}) IS NOT DISTINCT FROM ({new}) THEN RETURN NULL; END IF;
        IF OLD.feature_id <> NEW.feature_id THEN RAISE EXCEPTION 'feature_id of % can''t change', OLD.feature_id; END IF;
        -- Strictly later than the version it ends, also within one microsecond.
        NEW.recorded := tstzrange(greatest(clock_timestamp(), lower(OLD.recorded) + interval '1 microsecond'), NULL);
        {follow};
    END IF;
    NEW.author := quanjing_author();
    NEW.reason := quanjing_reason();
    NEW.origin := quanjing_origin();
    RETURN NEW;
END $$"""
    log = "INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op, old_env, new_env)"
    what = f"{quoted(table)}, {quoted(kind.name)}"
    # Whoever shows it where it was must hear of it too: under the former owner, or in the former jurisdiction. An enterprise owns itself.
    before, once, other = (
        ("o.jurisdiction", "", "jurisdiction")
        if is_enterprise
        else ("f.jurisdiction", "LEFT JOIN features f ON f.feature_id = o.enterprise_id", "enterprise_id")
    )
    left = f"""{log} SELECT {what}, o.feature_id, o.enterprise_id, {before}, 'leave', ST_Envelope(o.geom), NULL
        FROM old_rows o JOIN new_rows n USING (feature_id) {once}
        WHERE o.{other} IS DISTINCT FROM n.{other} ORDER BY o.feature_id;
    """
    place = "n.jurisdiction" if is_enterprise else "e.jurisdiction"
    owner = "" if is_enterprise else "LEFT JOIN features e ON e.feature_id = n.enterprise_id"
    version = ", ".join(columns(kind))
    past = ", ".join(f"o.{name}" for name in columns(kind))
    yield f"""CREATE OR REPLACE FUNCTION quanjing_{table}_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stranger uuid;
BEGIN
    -- An id that a deleted row left comes back with its new owner; it never changes its kind.
    INSERT INTO features AS f (feature_id, kind, enterprise_id, jurisdiction)
        SELECT n.feature_id, {quoted(kind.name)}, n.enterprise_id, {place} FROM new_rows n {owner} ORDER BY n.feature_id
        ON CONFLICT (feature_id) DO UPDATE SET enterprise_id = excluded.enterprise_id, jurisdiction = excluded.jurisdiction
        WHERE f.kind = excluded.kind;
    SELECT f.feature_id INTO stranger FROM new_rows n JOIN features f USING (feature_id) WHERE f.kind <> {quoted(kind.name)} LIMIT 1;
    IF FOUND THEN RAISE EXCEPTION 'feature_id % belongs to a feature of another kind', stranger; END IF;
    INSERT INTO feature_state (feature_id, jurisdiction) SELECT feature_id, f.jurisdiction FROM new_rows JOIN features f USING (feature_id)
        ORDER BY feature_id ON CONFLICT (feature_id) DO NOTHING;
    {log} SELECT {what}, n.feature_id, n.enterprise_id, f.jurisdiction, 'insert', NULL, ST_Envelope(n.geom)
        FROM new_rows n JOIN features f USING (feature_id) ORDER BY n.feature_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$"""
    yield f"""CREATE OR REPLACE FUNCTION quanjing_{table}_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {table}_history ({version}, recorded, author, reason, origin)
        SELECT {past}, tstzrange(lower(o.recorded), lower(n.recorded)), o.author, o.reason, o.origin
        FROM old_rows o JOIN new_rows n USING (feature_id);
    {left}{log} SELECT {what}, n.feature_id, n.enterprise_id, f.jurisdiction,
            CASE WHEN n.closed_at IS NOT NULL AND o.closed_at IS NULL THEN 'close' ELSE 'update' END,
            ST_Envelope(o.geom), ST_Envelope(n.geom)
        FROM old_rows o JOIN new_rows n USING (feature_id) JOIN features f USING (feature_id) ORDER BY n.feature_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$"""
    yield f"""CREATE OR REPLACE FUNCTION quanjing_{table}_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {table}_history ({version}, recorded, author, reason, origin)
        SELECT {past}, tstzrange(lower(o.recorded), greatest(clock_timestamp(), lower(o.recorded) + interval '1 microsecond')),
            o.author, o.reason, o.origin FROM old_rows o;
    {log} SELECT {what}, o.feature_id, o.enterprise_id, f.jurisdiction, 'delete', ST_Envelope(o.geom), NULL
        FROM old_rows o JOIN features f USING (feature_id) ORDER BY o.feature_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$"""


def _triggers(kind: Kind) -> Iterable[str]:
    table = kind.table
    tables = {
        "insert": "REFERENCING NEW TABLE AS new_rows",
        "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "REFERENCING OLD TABLE AS old_rows",
    }
    yield f"""CREATE OR REPLACE TRIGGER stamp BEFORE INSERT OR UPDATE ON {table}
        FOR EACH ROW EXECUTE FUNCTION quanjing_{table}_stamp()"""
    for event, referencing in tables.items():
        done = {"insert": "inserted", "update": "updated", "delete": "deleted"}[event]
        yield f"""CREATE OR REPLACE TRIGGER {done} AFTER {event.upper()} ON {table} {referencing}
            FOR EACH STATEMENT EXECUTE FUNCTION quanjing_{table}_{done}()"""
    for each in (table, f"{table}_history"):
        yield f"CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON {each} FOR EACH STATEMENT EXECUTE FUNCTION quanjing_no_truncate()"


def _view(kind: Kind) -> Iterable[str]:
    listed = ", ".join(f"k.{name}" for name in [*columns(kind), *STAMPS])
    yield f"DROP VIEW IF EXISTS {kind.name}_view CASCADE"
    yield f"""CREATE VIEW {kind.name}_view AS
        SELECT {listed}, k.geom_3857, f.jurisdiction AS scope, {STATE_COLUMNS}
        FROM {kind.table} k JOIN features f USING (feature_id) JOIN feature_state s USING (feature_id)
        WHERE k.closed_at IS NULL AND {everywhere_or(placed_inside("f.jurisdiction"))}"""
    yield f"COMMENT ON VIEW {kind.name}_view IS {quoted(kind.label + '（含报警、监测、案件）')}"


def _summaries(kinds: Iterable[Kind]) -> str:
    selects = (
        f"""SELECT feature_id, {quoted(kind.name)} AS kind, {kind.type_attribute or "NULL"}::text AS type, enterprise_id, code, name, geom,
        z_min_m, z_max_m, alarm_level, open_alarms, case_count, case_ids, readings, recorded FROM {kind.name}_view"""
        for kind in kinds
        if not kind.schematic
    )
    return "CREATE VIEW feature_view AS " + " UNION ALL ".join(selects)


def _envelope(kinds: Iterable[Kind]) -> str:
    """Return the function that says where a feature lies, whatever its kind; null for what lies nowhere."""
    branches = "\n".join(
        f"        WHEN {quoted(kind.name)} THEN RETURN (SELECT ST_Envelope(k.geom) FROM {kind.table} k WHERE k.feature_id = of_feature);"
        for kind in kinds
        if not kind.schematic
    )
    return f"""CREATE OR REPLACE FUNCTION quanjing_envelope(of_kind text, of_feature uuid) RETURNS geometry LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE of_kind
{branches}
        ELSE RETURN NULL;
    END CASE;
END $$"""


def _glossary(kinds: Iterable[Kind], enums: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    rows: list[tuple[str, str, str, str | None, str | None]] = [
        (name, label, "common", None, None) for name, label in COMMON_LABELS.items()
    ]
    for kind in kinds:
        rows.append((kind.name, kind.label, "kind", None, None))
        rows += [(f"{kind.name}.{a.name}", a.label, kind.name, a.type, a.unit) for a in kind.attributes]
    for enum, codes in enums.items():
        rows += [(f"{enum}.{code}", label, enum, "enum", None) for code, label in codes.items()]
    values = ", ".join("(" + ", ".join("NULL" if cell is None else quoted(cell) for cell in row) + ")" for row in rows)
    yield "DELETE FROM glossary"
    yield f"INSERT INTO glossary (term, label, context, type, unit) VALUES {values}"


def statements(kinds: Mapping[str, Kind], enums: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the statements that bring a store to a registry, in order; running them again changes nothing.

    Parameters
    ----------
    kinds : mapping of str to Kind
        The registry; `enterprise` comes first, since the others refer to it.
    enums : mapping
        Code lists by name.
    """
    script: list[str] = []
    for kind in kinds.values():
        script += _table(kind)
        for attribute in kind.attributes:
            script += _attribute_column(kind, attribute, enums)
        script += _functions(kind)
        script += _triggers(kind)
    script.append(_envelope(kinds.values()))
    script.append("DROP VIEW IF EXISTS feature_view")
    for kind in kinds.values():
        script += _view(kind)
    script.append(_summaries(kinds.values()))
    script += _glossary(kinds.values(), enums)
    return script
