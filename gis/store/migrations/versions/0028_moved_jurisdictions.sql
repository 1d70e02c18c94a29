-- A jurisdiction that hangs elsewhere takes its enterprises into and out of sight: who followed the log must hear of it.
CREATE FUNCTION quanjing_jurisdiction_rehung() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op, old_env, new_env)
    SELECT 'enterprises', 'enterprise', e.feature_id, e.feature_id, seen.by, seen.op, ST_Envelope(e.geom), ST_Envelope(e.geom)
    FROM enterprises e JOIN jurisdictions j ON j.code = e.jurisdiction AND j.path @> ARRAY[NEW.code]
        CROSS JOIN LATERAL (VALUES (OLD.parent, 'leave'), (e.jurisdiction, 'update')) AS seen (by, op)
    WHERE e.closed_at IS NULL AND seen.by IS NOT NULL ORDER BY e.feature_id, seen.op;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;
-- After `moved`, in the order of names: the paths of what hangs below are those of now.
CREATE TRIGGER rehung AFTER UPDATE ON jurisdictions FOR EACH ROW WHEN (OLD.parent IS DISTINCT FROM NEW.parent)
    EXECUTE FUNCTION quanjing_jurisdiction_rehung();
