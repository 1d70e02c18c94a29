-- The store's fixed part: what every kind of feature shares. The tables of the kinds themselves derive from gis/kinds.yaml.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE store_meta (
    key text PRIMARY KEY,
    value text NOT NULL
);
INSERT INTO store_meta VALUES ('store_id', left(replace(gen_random_uuid()::text, '-', ''), 8));

CREATE TABLE glossary (
    term text PRIMARY KEY,
    label text NOT NULL,
    context text NOT NULL,
    type text,
    unit text
);
COMMENT ON TABLE glossary IS '名词表：一个中文名词对应一个英文标识';

-- Scope: a tree of jurisdictions (支队, 大队, parks), not only counties.
CREATE TABLE jurisdictions (
    code text PRIMARY KEY,
    parent text REFERENCES jurisdictions,
    name text NOT NULL,
    level text NOT NULL,
    path text[] NOT NULL
);
COMMENT ON TABLE jurisdictions IS '辖区树';

CREATE FUNCTION quanjing_jurisdiction_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.path := coalesce((SELECT path FROM jurisdictions WHERE code = NEW.parent), '{}') || NEW.code;
    RETURN NEW;
END $$;
CREATE TRIGGER path BEFORE INSERT OR UPDATE ON jurisdictions FOR EACH ROW EXECUTE FUNCTION quanjing_jurisdiction_path();
-- What hangs below a moved node moves with it: scopes are told from paths.
CREATE FUNCTION quanjing_jurisdiction_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE jurisdictions SET parent = parent WHERE parent = NEW.code;
    RETURN NULL;
END $$;
CREATE TRIGGER moved AFTER UPDATE ON jurisdictions FOR EACH ROW WHEN (OLD.path IS DISTINCT FROM NEW.path)
    EXECUTE FUNCTION quanjing_jurisdiction_moved();

CREATE FUNCTION quanjing_in_scope(jurisdiction text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('quanjing.scope', true), '') IN ('', '*')
        OR jurisdiction IS NULL
        OR EXISTS (SELECT FROM jurisdictions j
                   WHERE j.code = jurisdiction AND j.path @> ARRAY[current_setting('quanjing.scope', true)])
$$;

-- Who and why: what the transaction says, else the database user and 'direct SQL'.
CREATE FUNCTION quanjing_author() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('quanjing.author', true), ''), session_user::text) $$;
CREATE FUNCTION quanjing_reason() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('quanjing.reason', true), ''), 'direct SQL') $$;
CREATE FUNCTION quanjing_origin() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('quanjing.origin', true), ''), 'sql') $$;

-- One row a feature of any kind: what alarms, sources and state hang on.
CREATE TABLE features (
    feature_id uuid PRIMARY KEY,
    kind text NOT NULL,
    enterprise_id uuid,
    jurisdiction text REFERENCES jurisdictions
);
CREATE INDEX features_enterprise ON features (enterprise_id);

CREATE TABLE feature_state (
    feature_id uuid PRIMARY KEY REFERENCES features ON DELETE CASCADE,
    alarm_level smallint,
    open_alarms integer NOT NULL DEFAULT 0,
    case_count integer NOT NULL DEFAULT 0,
    case_ids text[] NOT NULL DEFAULT '{}',
    readings jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE feature_state IS '要素状态（报警、监测、案件），不入历史';

-- The one log of changes. Readers go in order of (xid, seq) and only below pg_snapshot_xmin: a late commit is never skipped.
CREATE TABLE change_log (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    layer text NOT NULL,
    kind text NOT NULL,
    feature_id uuid NOT NULL,
    enterprise_id uuid,
    jurisdiction text,
    op text NOT NULL,
    old_env geometry(Geometry, 4490),
    new_env geometry(Geometry, 4490),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    origin text NOT NULL DEFAULT quanjing_origin(),
    PRIMARY KEY (xid, seq)
);
CREATE INDEX change_log_feature ON change_log (feature_id, xid, seq);
COMMENT ON TABLE change_log IS '变更日志';

CREATE FUNCTION quanjing_hint() RETURNS void LANGUAGE sql AS $$ SELECT pg_notify('quanjing_changes', '') $$;

-- State: changes are logged, creations are not (the feature's own creation is).
CREATE FUNCTION quanjing_state_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op)
    SELECT 'feature_state', f.kind, f.feature_id, f.enterprise_id, f.jurisdiction, 'state'
    FROM new_rows n JOIN old_rows o USING (feature_id) JOIN features f USING (feature_id)
    WHERE (o.alarm_level, o.open_alarms, o.case_count, o.case_ids, o.readings)
        IS DISTINCT FROM (n.alarm_level, n.open_alarms, n.case_count, n.case_ids, n.readings)
    ORDER BY f.feature_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER UPDATE ON feature_state REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_state_changed();

CREATE TABLE alarms (
    alarm_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    feature_id uuid NOT NULL REFERENCES features,
    rule text NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    message text NOT NULL DEFAULT '',
    opened timestamptz NOT NULL DEFAULT now(),
    closed timestamptz CHECK (closed >= opened),
    evidence jsonb NOT NULL DEFAULT '{}',
    author text NOT NULL DEFAULT quanjing_author(),
    origin text NOT NULL DEFAULT quanjing_origin()
);
CREATE INDEX alarms_open ON alarms (feature_id) WHERE closed IS NULL;
CREATE INDEX alarms_feature ON alarms (feature_id, opened DESC);
COMMENT ON TABLE alarms IS '报警；级别 1 为最高（Ⅰ级）';

CREATE TABLE case_links (
    case_id text NOT NULL,
    feature_id uuid NOT NULL REFERENCES features,
    title text NOT NULL,
    opened_on date,
    status text NOT NULL DEFAULT '',
    PRIMARY KEY (case_id, feature_id)
);
CREATE INDEX case_links_feature ON case_links (feature_id);
COMMENT ON TABLE case_links IS '案件与要素的关联';

-- The state rows are locked first, so that the counts below see what a concurrent writer committed meanwhile.
CREATE FUNCTION quanjing_derive_state(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM feature_state WHERE feature_id = ANY (ids) ORDER BY feature_id FOR UPDATE;
    UPDATE feature_state s
    SET alarm_level = a.level, open_alarms = a.n, case_count = c.n, case_ids = c.ids, updated_at = clock_timestamp()
    FROM unnest(ids) AS i (feature_id)
        CROSS JOIN LATERAL (SELECT min(level) AS level, count(*) AS n FROM alarms
                            WHERE feature_id = i.feature_id AND closed IS NULL) a
        CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(array_agg(case_id ORDER BY case_id), '{}') AS ids FROM case_links
                            WHERE feature_id = i.feature_id) c
    WHERE s.feature_id = i.feature_id
        AND (s.alarm_level, s.open_alarms, s.case_count, s.case_ids) IS DISTINCT FROM (a.level, a.n, c.n, c.ids);
END $$;

CREATE FUNCTION quanjing_links_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM quanjing_derive_state(ARRAY(SELECT DISTINCT feature_id FROM new_rows));
    RETURN NULL;
END $$;
CREATE FUNCTION quanjing_links_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM quanjing_derive_state(ARRAY(SELECT DISTINCT feature_id FROM old_rows));
    RETURN NULL;
END $$;
CREATE FUNCTION quanjing_links_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM quanjing_derive_state(ARRAY(SELECT feature_id FROM old_rows UNION SELECT feature_id FROM new_rows));
    RETURN NULL;
END $$;
CREATE TRIGGER state_insert AFTER INSERT ON alarms REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_links_inserted();
CREATE TRIGGER state_update AFTER UPDATE ON alarms REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_links_updated();
CREATE TRIGGER state_delete AFTER DELETE ON alarms REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_links_deleted();
CREATE TRIGGER state_insert AFTER INSERT ON case_links REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_links_inserted();
CREATE TRIGGER state_update AFTER UPDATE ON case_links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_links_updated();
CREATE TRIGGER state_delete AFTER DELETE ON case_links REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_links_deleted();

-- The local east-north-up origin of an enterprise's models: stored once, never moved by edits.
CREATE TABLE site_origins (
    enterprise_id uuid PRIMARY KEY REFERENCES features,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    ellipsoid_m double precision NOT NULL
);

-- Drawings as they came in, and what each feature was drawn from.
CREATE TABLE drawing_files (
    sha256 text PRIMARY KEY,
    content bytea NOT NULL
);
CREATE TABLE drawings (
    drawing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES features,
    drawing_kind text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL REFERENCES drawing_files,
    imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    published boolean NOT NULL,
    counts jsonb NOT NULL,
    ignored_by jsonb NOT NULL,
    issues jsonb NOT NULL
);
CREATE INDEX drawings_lineage ON drawings (enterprise_id, drawing_kind, drawing_id DESC);
COMMENT ON TABLE drawings IS '图纸入库记录';

CREATE TABLE feature_sources (
    enterprise_id uuid NOT NULL REFERENCES features,
    drawing_kind text NOT NULL,
    handle text NOT NULL,
    feature_id uuid NOT NULL REFERENCES features,
    label_handle text,
    layer text NOT NULL,
    drawn geometry(Geometry, 4545) NOT NULL,
    PRIMARY KEY (enterprise_id, drawing_kind, handle)
);
CREATE INDEX feature_sources_feature ON feature_sources (feature_id);
COMMENT ON TABLE feature_sources IS '要素的图纸来源';

-- What is baked: one current version an enterprise; old ones stay an hour.
CREATE TABLE tilesets (
    enterprise_id uuid PRIMARY KEY REFERENCES features,
    version text NOT NULL,
    state_epoch timestamptz NOT NULL,
    features integer NOT NULL,
    bytes bigint NOT NULL,
    baked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE tileset_versions (
    enterprise_id uuid NOT NULL REFERENCES features,
    version text NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (enterprise_id, version)
);
-- The dirty list: an enterprise is dirty while changed lies beyond baked (positions in the change log).
CREATE TABLE bake_list (
    enterprise_id uuid PRIMARY KEY REFERENCES features,
    changed_xid xid8 NOT NULL,
    changed_seq bigint NOT NULL,
    baked_xid xid8 NOT NULL DEFAULT '0',
    baked_seq bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    failure text
);
-- Where each reader of the change log stands.
CREATE TABLE change_readers (
    reader text PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT '0',
    seq bigint NOT NULL DEFAULT 0
);

CREATE FUNCTION quanjing_tileset_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op)
    SELECT 'tilesets', 'enterprise', n.enterprise_id, n.enterprise_id, f.jurisdiction, 'tileset'
    FROM new_rows n JOIN features f ON f.feature_id = n.enterprise_id ORDER BY n.enterprise_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER inserted AFTER INSERT ON tilesets REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_tileset_changed();
CREATE TRIGGER updated AFTER UPDATE ON tilesets REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_tileset_changed();

CREATE FUNCTION quanjing_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% carries history and can''t be truncated; delete rows instead', TG_TABLE_NAME;
END $$;
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON change_log FOR EACH STATEMENT EXECUTE FUNCTION quanjing_no_truncate();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON feature_state FOR EACH STATEMENT EXECUTE FUNCTION quanjing_no_truncate();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON alarms FOR EACH STATEMENT EXECUTE FUNCTION quanjing_no_truncate();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON case_links FOR EACH STATEMENT EXECUTE FUNCTION quanjing_no_truncate();
