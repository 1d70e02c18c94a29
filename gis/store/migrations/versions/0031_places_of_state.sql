-- Whose a feature's state is stands beside it: a policy that looks for it elsewhere does so for every row.
ALTER TABLE feature_state ADD COLUMN jurisdiction text;
COMMENT ON COLUMN feature_state.jurisdiction IS '辖区，同 features';
ALTER TABLE feature_state DISABLE TRIGGER changed;
UPDATE feature_state s SET jurisdiction = f.jurisdiction FROM features f WHERE f.feature_id = s.feature_id AND f.jurisdiction IS NOT NULL;
ALTER TABLE feature_state ENABLE TRIGGER changed;

-- Without a jurisdiction it would be everybody's: who does not say it gets that of the feature.
CREATE FUNCTION quanjing_state_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.jurisdiction := (SELECT f.jurisdiction FROM features f WHERE f.feature_id = NEW.feature_id);
    RETURN NEW;
END $$;
CREATE TRIGGER placed BEFORE INSERT ON feature_state FOR EACH ROW WHEN (NEW.jurisdiction IS NULL)
    EXECUTE FUNCTION quanjing_state_placed();
CREATE FUNCTION quanjing_state_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE feature_state s SET jurisdiction = n.jurisdiction FROM new_rows n
    WHERE s.feature_id = n.feature_id AND s.jurisdiction IS DISTINCT FROM n.jurisdiction;
    RETURN NULL;
END $$;
CREATE TRIGGER moved AFTER UPDATE ON features REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION quanjing_state_moved();

-- The scope is asked for once, not for every jurisdiction.
CREATE OR REPLACE FUNCTION quanjing_places() RETURNS SETOF text LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 AS $$
DECLARE
    scope text := quanjing_scope();
BEGIN
    RETURN QUERY SELECT j.code FROM jurisdictions j WHERE j.path @> ARRAY[scope];
END $$;
-- As the owner of the tables, so that the policy of `enterprises`, which says the same, is not asked again.
CREATE OR REPLACE FUNCTION quanjing_owners() RETURNS SETOF uuid LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    scope text := public.quanjing_scope();
BEGIN
    RETURN QUERY SELECT e.feature_id FROM public.enterprises e WHERE e.jurisdiction IS NULL
        OR e.jurisdiction = ANY (ARRAY(SELECT j.code FROM public.jurisdictions j WHERE j.path @> ARRAY[scope]));
END $$;
