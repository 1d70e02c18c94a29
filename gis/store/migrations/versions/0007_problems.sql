-- The problem list: 监管问题 of enterprises, derived from features, permit and drawings; what is gone stays as resolved.
CREATE TABLE problems (
    problem_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES features,
    feature_id uuid REFERENCES features,
    code text NOT NULL,
    subject text NOT NULL,
    message text NOT NULL,
    hint text NOT NULL DEFAULT '',
    drawing_id bigint REFERENCES drawings,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    origin text NOT NULL DEFAULT quanjing_origin(),
    resolved timestamptz CHECK (resolved >= since),
    resolved_author text,
    resolved_reason text
);
CREATE UNIQUE INDEX problems_open ON problems (enterprise_id, code, subject) WHERE resolved IS NULL;
CREATE INDEX problems_enterprise ON problems (enterprise_id, since DESC);
COMMENT ON TABLE problems IS '监管问题（问题清单）；已消除的保留';

-- Open browsers hear of it as of a change of the enterprise.
CREATE FUNCTION quanjing_problems_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op)
    SELECT DISTINCT 'problems', 'enterprise', n.enterprise_id, n.enterprise_id, f.jurisdiction, 'update'
    FROM new_rows n JOIN features f ON f.feature_id = n.enterprise_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER inserted AFTER INSERT ON problems REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_problems_changed();
CREATE TRIGGER updated AFTER UPDATE ON problems REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_problems_changed();
CREATE FUNCTION quanjing_problems_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'problems are resolved, not deleted';
END $$;
CREATE TRIGGER no_delete BEFORE DELETE ON problems FOR EACH ROW EXECUTE FUNCTION quanjing_problems_stay();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON problems FOR EACH STATEMENT EXECUTE FUNCTION quanjing_problems_stay();
