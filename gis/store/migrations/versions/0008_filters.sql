-- What filters of CQL2 are compiled to (OGC 21-065r2, 7.4, 7.5, 7.8).

-- Trusted: the owner of the database may make it. Without it accents are still taken off, letters like ø stay.
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS unaccent;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'without the extension unaccent';
END $$;

DO $$
DECLARE
    icu text := CASE WHEN to_regcollation('"und-x-icu"') IS NULL THEN '' ELSE ' COLLATE "und-x-icu"' END;
    plain text := CASE WHEN to_regprocedure('unaccent(text)') IS NULL THEN 'normalize($1, NFC)' ELSE 'unaccent(normalize($1, NFC))' END;
BEGIN
    -- Upper case of lower case is the full folding but for the dotless i: ß is SS, both small sigmas are Σ.
    EXECUTE format($f$
        CREATE FUNCTION quanjing_casei(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $b$ SELECT upper(lower($1%1$s)%1$s) $b$ $f$, icu);
    EXECUTE format($f$
        CREATE FUNCTION quanjing_accenti(text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
        AS $b$ SELECT regexp_replace(normalize(%s, NFD), U&'[\0300-\036F]', '', 'g') $b$ $f$, plain);
END $$;
COMMENT ON FUNCTION quanjing_casei(text) IS '不分大小写的比较（CQL2 CASEI）';
COMMENT ON FUNCTION quanjing_accenti(text) IS '不分附加符号的比较（CQL2 ACCENTI）';

CREATE FUNCTION quanjing_items(jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT ARRAY(SELECT item::text FROM jsonb_array_elements($1) AS item) $$;
COMMENT ON FUNCTION quanjing_items(jsonb) IS '数组的各项，写成可比较的文本（CQL2 数组条件）';
