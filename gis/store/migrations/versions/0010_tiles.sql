-- Vector tiles carry the alarm level and the number of cases: a change of them says where, so that the tiles there are made anew. Readings say nothing.

CREATE OR REPLACE FUNCTION quanjing_state_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op, new_env)
    SELECT 'feature_state', f.kind, f.feature_id, f.enterprise_id, f.jurisdiction, 'state',
        CASE WHEN (o.alarm_level, o.case_count) IS DISTINCT FROM (n.alarm_level, n.case_count)
            THEN quanjing_envelope(f.kind, f.feature_id) END
    FROM new_rows n JOIN old_rows o USING (feature_id) JOIN features f USING (feature_id)
    WHERE (o.alarm_level, o.open_alarms, o.case_count, o.case_ids, o.readings)
        IS DISTINCT FROM (n.alarm_level, n.open_alarms, n.case_count, n.case_ids, n.readings)
    ORDER BY f.feature_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;

CREATE INDEX feature_state_notable ON feature_state (feature_id) INCLUDE (alarm_level, case_count)
    WHERE alarm_level IS NOT NULL OR case_count > 0;
