-- Which factors a point has of which period: what is asked of many points goes by it, not through a month of readings.
CREATE TABLE feed_factors (
    point_id integer NOT NULL,
    period text NOT NULL,
    factor text NOT NULL,
    PRIMARY KEY (point_id, period, factor)
);
COMMENT ON TABLE feed_factors IS '测点有哪些因子、周期的监测数据';
INSERT INTO feed_factors SELECT DISTINCT point_id, period, factor FROM readings;

-- Marks that discharging units put on their data. They come in from the platform that the units sign in to; the bureau checks them, makes none
-- and removes none: what was wrong is withdrawn by who made it.
CREATE TABLE reading_marks (
    mark_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id text NOT NULL UNIQUE CHECK (source_id <> ''),
    feature_id uuid NOT NULL REFERENCES features,
    factor text,
    during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
    mark text NOT NULL,
    declared_by text NOT NULL CHECK (declared_by <> ''),
    declared timestamptz NOT NULL,
    evidence text NOT NULL DEFAULT '',
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    withdrawn timestamptz
);
CREATE INDEX reading_marks_feature ON reading_marks USING gist (feature_id, during);
COMMENT ON TABLE reading_marks IS '排污单位对监测数据的标记（标记规则）；监管部门只核查，不标记';

CREATE TABLE reading_mark_checks (
    check_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mark_id bigint NOT NULL REFERENCES reading_marks,
    accepted boolean NOT NULL,
    checked timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason()
);
CREATE INDEX reading_mark_checks_mark ON reading_mark_checks (mark_id, check_id DESC);
COMMENT ON TABLE reading_mark_checks IS '对标记的核查，最新的一次算数';
