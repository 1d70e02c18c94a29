-- Alarms by rules: what holds when (spans), the alarm that people work on, and each step with who, when and why.
ALTER TABLE alarms
    ADD COLUMN state text NOT NULL DEFAULT 'raised' CHECK (state IN ('raised', 'acknowledged', 'dispatched', 'handled', 'reviewed', 'closed')),
    ADD COLUMN began timestamptz,
    ADD COLUMN cleared timestamptz,
    ADD COLUMN due timestamptz,
    ADD COLUMN escalated smallint NOT NULL DEFAULT 0,
    ADD COLUMN assignee text NOT NULL DEFAULT '',
    ADD COLUMN outcome text NOT NULL DEFAULT '';
COMMENT ON COLUMN alarms.state IS '待确认、已确认、已派发、已处置、已复核、已关闭';
COMMENT ON COLUMN alarms.began IS '条件从何时起成立';
COMMENT ON COLUMN alarms.cleared IS '条件何时不再成立';
COMMENT ON COLUMN alarms.due IS '下一步的时限';
COMMENT ON COLUMN alarms.escalated IS '已逐级上报几次';
COMMENT ON COLUMN alarms.evidence IS '报警时固定的证据：数据、限值、规则、视频、气象、图纸版次';

-- Of what stood open twice, the newest goes on. A new database has no kinds yet for the triggers to tell of.
DO $$
BEGIN
    IF EXISTS (SELECT FROM alarms) THEN
        UPDATE alarms a SET closed = greatest(now(), a.opened) WHERE a.closed IS NULL AND EXISTS (
            SELECT FROM alarms b WHERE b.feature_id = a.feature_id AND b.rule = a.rule AND b.closed IS NULL
                AND (b.opened, b.alarm_id) > (a.opened, a.alarm_id));
        UPDATE alarms SET state = 'closed' WHERE closed IS NOT NULL;
    END IF;
END $$;
CREATE UNIQUE INDEX alarms_one_open ON alarms (feature_id, rule) WHERE closed IS NULL;
CREATE INDEX alarms_opened ON alarms (opened DESC);
CREATE INDEX alarms_due ON alarms (due) WHERE closed IS NULL;

-- What is closed is closed in both columns, whoever writes it; evidence stays as it was frozen.
CREATE FUNCTION quanjing_alarm_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed IS NOT NULL THEN
        NEW.state := 'closed';
        NEW.due := NULL;
    ELSIF NEW.state = 'closed' THEN
        NEW.closed := greatest(now(), NEW.opened);
        NEW.due := NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.evidence <> '{}' AND NEW.evidence IS DISTINCT FROM OLD.evidence THEN
        RAISE EXCEPTION 'the evidence of an alarm stays as it was frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER written BEFORE INSERT OR UPDATE ON alarms FOR EACH ROW EXECUTE FUNCTION quanjing_alarm_written();

CREATE TABLE alarm_spans (
    span_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id uuid NOT NULL REFERENCES alarms,
    feature_id uuid NOT NULL REFERENCES features,
    source text NOT NULL,
    rule text NOT NULL,
    factor text NOT NULL,
    begin timestamptz NOT NULL,
    until timestamptz,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    value double precision,
    limit_value double precision,
    known timestamptz NOT NULL,
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn timestamptz
);
CREATE UNIQUE INDEX alarm_spans_once ON alarm_spans (source, rule, feature_id, factor, begin) WHERE withdrawn IS NULL;
CREATE INDEX alarm_spans_alarm ON alarm_spans (alarm_id);
COMMENT ON TABLE alarm_spans IS '规则在何时成立；数据更正后不成立的记撤回，不删除';

CREATE TABLE alarm_steps (
    step_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id uuid NOT NULL REFERENCES alarms,
    feature_id uuid NOT NULL REFERENCES features,
    step text NOT NULL,
    state text NOT NULL,
    signed text NOT NULL CHECK (signed <> ''),
    reason text NOT NULL DEFAULT '',
    details jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author()
);
CREATE INDEX alarm_steps_alarm ON alarm_steps (alarm_id, step_id);
COMMENT ON TABLE alarm_steps IS '报警的每一步：谁、何时、为什么；只增不改';

CREATE FUNCTION quanjing_steps_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'steps are kept as they were taken';
END $$;
CREATE TRIGGER stay BEFORE UPDATE OR DELETE ON alarm_steps FOR EACH ROW EXECUTE FUNCTION quanjing_steps_stay();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON alarm_steps FOR EACH STATEMENT EXECUTE FUNCTION quanjing_steps_stay();

-- A step is news of its feature's state: open pages read the card again.
CREATE FUNCTION quanjing_step_taken() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op)
    SELECT DISTINCT 'feature_state', f.kind, f.feature_id, f.enterprise_id, f.jurisdiction, 'state' FROM new_rows n JOIN features f USING (feature_id);
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER taken AFTER INSERT ON alarm_steps REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION quanjing_step_taken();
-- Who may take steps may not write states; they follow all the same.
ALTER FUNCTION quanjing_links_updated() SECURITY DEFINER SET search_path = public, pg_temp;

-- Thresholds that a false alarm spoke for, and what another person decided.
CREATE TABLE alarm_thresholds (
    threshold_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id uuid NOT NULL REFERENCES alarms,
    feature_id uuid NOT NULL REFERENCES features,
    rule text NOT NULL,
    change jsonb NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted boolean,
    decided_by text CHECK (decided_by <> proposed_by),
    decided timestamptz,
    CHECK ((accepted IS NULL) = (decided_by IS NULL) AND (accepted IS NULL) = (decided IS NULL))
);
CREATE UNIQUE INDEX alarm_thresholds_open ON alarm_thresholds (alarm_id) WHERE accepted IS NULL;
CREATE INDEX alarm_thresholds_feature ON alarm_thresholds (feature_id, rule, decided) WHERE accepted;
COMMENT ON TABLE alarm_thresholds IS '误报提出的阈值调整；由另一人决定，自决定时起生效';

-- Signals that other parts put in about a feature: places of radar sweeps, complaints.
CREATE TABLE alarm_signals (
    signal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id text NOT NULL UNIQUE CHECK (source_id <> ''),
    kind text NOT NULL CHECK (kind IN ('hotspot', 'complaint')),
    feature_id uuid NOT NULL REFERENCES features,
    at timestamptz NOT NULL,
    value double precision,
    details jsonb NOT NULL DEFAULT '{}',
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author()
);
CREATE INDEX alarm_signals_feature ON alarm_signals (feature_id, kind, at);
COMMENT ON TABLE alarm_signals IS '雷达热点、投诉：报警规则的输入';

-- What has to be judged: written with what came, in its transaction; removed with what was judged, in that one.
CREATE TABLE alarm_due (
    due_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    point_id integer,
    feature_id uuid,
    what text NOT NULL,
    since timestamptz NOT NULL,
    CHECK ((point_id IS NULL) <> (feature_id IS NULL))
);
CREATE FUNCTION quanjing_signal_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alarm_due (feature_id, what, since) SELECT feature_id, kind, min(at) FROM new_rows GROUP BY 1, 2;
    PERFORM pg_notify('quanjing_alarms', '');
    RETURN NULL;
END $$;
CREATE TRIGGER came AFTER INSERT ON alarm_signals REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION quanjing_signal_came();
-- A mark, a check of one, an outage change what is judged: from their beginning on, anew.
CREATE FUNCTION quanjing_judged_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alarm_due (point_id, what, since)
    SELECT DISTINCT f.point_id, r.period, lower(n.during) FROM new_rows n JOIN feed_points f USING (feature_id) JOIN feed_factors r USING (point_id);
    PERFORM pg_notify('quanjing_alarms', '');
    RETURN NULL;
END $$;
CREATE TRIGGER judged_insert AFTER INSERT ON reading_marks REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_judged_anew();
CREATE TRIGGER judged_update AFTER UPDATE ON reading_marks REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_judged_anew();
CREATE TRIGGER judged_insert AFTER INSERT ON feed_outages REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_judged_anew();
CREATE TRIGGER judged_update AFTER UPDATE ON feed_outages REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_judged_anew();
CREATE FUNCTION quanjing_check_judged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alarm_due (point_id, what, since)
    SELECT DISTINCT f.point_id, r.period, lower(m.during)
    FROM new_rows n JOIN reading_marks m USING (mark_id) JOIN feed_points f USING (feature_id) JOIN feed_factors r USING (point_id);
    PERFORM pg_notify('quanjing_alarms', '');
    RETURN NULL;
END $$;
CREATE TRIGGER judged_insert AFTER INSERT ON reading_mark_checks REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_check_judged();
