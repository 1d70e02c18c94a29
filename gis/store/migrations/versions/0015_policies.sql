-- How far a role of the database sees, whatever its sessions say: for colleagues who come with QGIS or SQL, and services of other systems.
CREATE TABLE role_scopes (
    role name PRIMARY KEY,
    scope text NOT NULL REFERENCES jurisdictions
);
COMMENT ON TABLE role_scopes IS '数据库角色的辖区';

-- The scope of this session: what it says, but never beyond what its role may see.
CREATE FUNCTION quanjing_scope() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    said text := coalesce(nullif(current_setting('quanjing.scope', true), ''), '*');
    own text := (SELECT r.scope FROM role_scopes r WHERE r.role = session_user);
BEGIN
    IF own IS NULL OR EXISTS (SELECT FROM jurisdictions j WHERE j.code = said AND j.path @> ARRAY[own]) THEN RETURN said; END IF;
    RETURN own;
END $$;

CREATE OR REPLACE FUNCTION quanjing_in_scope(jurisdiction text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT quanjing_scope() = '*' OR jurisdiction IS NULL
        OR EXISTS (SELECT FROM jurisdictions j WHERE j.code = jurisdiction AND j.path @> ARRAY[quanjing_scope()])
$$;

-- What lies in the scope of this session. Not written in SQL: the planner would put their bodies into every policy, thirty times in a map tile.
CREATE FUNCTION quanjing_places() RETURNS SETOF text LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 AS $$
BEGIN
    RETURN QUERY SELECT j.code FROM jurisdictions j WHERE j.path @> ARRAY[quanjing_scope()];
END $$;
CREATE FUNCTION quanjing_owners() RETURNS SETOF uuid LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 AS $$
BEGIN
    RETURN QUERY SELECT e.feature_id FROM enterprises e WHERE e.jurisdiction IS NULL OR e.jurisdiction IN (SELECT quanjing_places());
END $$;
-- Whose a feature is now decides about what it was.
CREATE FUNCTION quanjing_sees(of_feature uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM features f WHERE f.feature_id = of_feature AND quanjing_in_scope(f.jurisdiction));
END $$;
