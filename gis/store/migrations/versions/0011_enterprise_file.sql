-- The enterprise's file: chemicals, management rules, results of monitoring. A changed row is a new one and the old one is removed, so that
-- what was known when stays known, as in site_history.
CREATE TABLE chemicals (
    record_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    enterprise_id uuid NOT NULL REFERENCES features,
    year integer NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    cas text CHECK (cas ~ '^\d{2,7}-\d{2}-\d$'),
    role text NOT NULL,
    produced_t double precision CHECK (produced_t >= 0),
    used_t double precision CHECK (used_t >= 0),
    stored_t double precision CHECK (stored_t >= 0),
    storage text NOT NULL DEFAULT '',
    disposed_t double precision CHECK (disposed_t >= 0),
    disposal text NOT NULL DEFAULT '',
    release text,
    release_note text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    origin text NOT NULL DEFAULT quanjing_origin(),
    removed_at timestamptz
);
CREATE UNIQUE INDEX chemicals_once ON chemicals (enterprise_id, year, name, role) WHERE removed_at IS NULL;
CREATE INDEX chemicals_cas ON chemicals (cas) WHERE removed_at IS NULL;
COMMENT ON TABLE chemicals IS '化学物质：生产、使用、贮存、处置、可能的释放';

CREATE TABLE management_rules (
    record_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    enterprise_id uuid NOT NULL REFERENCES features,
    title text NOT NULL CHECK (title <> ''),
    kind text NOT NULL,
    issued_on date NOT NULL,
    document_no text NOT NULL DEFAULT '',
    keeper text NOT NULL DEFAULT '',
    content text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    origin text NOT NULL DEFAULT quanjing_origin(),
    removed_at timestamptz
);
CREATE UNIQUE INDEX management_rules_once ON management_rules (enterprise_id, title, issued_on) WHERE removed_at IS NULL;
COMMENT ON TABLE management_rules IS '管理制度';

CREATE TABLE monitoring_results (
    record_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    enterprise_id uuid NOT NULL REFERENCES features,
    party text NOT NULL CHECK (party IN ('self', 'supervisory')),
    sampled_on date NOT NULL,
    place text NOT NULL CHECK (place <> ''),
    pollutant text NOT NULL CHECK (pollutant <> ''),
    value double precision NOT NULL CHECK (value >= 0),
    qualifier text,
    unit text NOT NULL,
    limit_value double precision CHECK (limit_value >= 0),
    standard text NOT NULL DEFAULT '',
    verdict text,
    method text NOT NULL DEFAULT '',
    agency text NOT NULL DEFAULT '',
    report_no text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    origin text NOT NULL DEFAULT quanjing_origin(),
    removed_at timestamptz
);
CREATE UNIQUE INDEX monitoring_results_once ON monitoring_results (enterprise_id, party, sampled_on, place, pollutant, report_no)
    WHERE removed_at IS NULL;
COMMENT ON TABLE monitoring_results IS '手工监测结果：self 自行监测，supervisory 监督性监测';

-- One name of the key in all parts of the file.
ALTER TABLE site_history RENAME COLUMN event_id TO record_id;
