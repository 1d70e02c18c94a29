-- Storing a hundred thousand features at once.

-- Ids are never forgotten: rows of `features` are written by the kinds' own triggers and stay, so that no row of a kind needs to look.
CREATE FUNCTION quanjing_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps every id that was ever given and can''t lose rows', TG_TABLE_NAME;
END $$;
CREATE TRIGGER no_delete BEFORE DELETE ON features FOR EACH ROW EXECUTE FUNCTION quanjing_no_delete();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON features FOR EACH STATEMENT EXECUTE FUNCTION quanjing_no_truncate();
ALTER TABLE feature_state DROP CONSTRAINT feature_state_feature_id_fkey;
-- An enterprise's own row looks for its jurisdiction; what belongs to it copies it.
ALTER TABLE features DROP CONSTRAINT features_jurisdiction_fkey;

-- One row a feature and lineage. An entity may be the source of several features, a feature may be chained of several entities.
ALTER TABLE feature_sources
    DROP CONSTRAINT feature_sources_pkey,
    DROP CONSTRAINT feature_sources_enterprise_id_fkey,
    DROP CONSTRAINT feature_sources_feature_id_fkey,
    ADD COLUMN handles text[] NOT NULL DEFAULT '{}',
    ADD PRIMARY KEY (feature_id, enterprise_id, drawing_kind);
DROP INDEX feature_sources_feature;
CREATE INDEX feature_sources_lineage ON feature_sources (enterprise_id, drawing_kind);
COMMENT ON COLUMN feature_sources.handles IS '组成该要素的其余图元句柄';

-- Which plan was stored, and what its import could see: where both still hold, storing it again does nothing.
ALTER TABLE drawings ADD COLUMN digest text, ADD COLUMN xid xid8, ADD COLUMN snapshot pg_snapshot, ADD COLUMN cluster bigint;
-- Text of a drawing shrinks well, but not at pglz's price.
DO $$ BEGIN
    ALTER TABLE drawing_files ALTER COLUMN content SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    ALTER TABLE drawing_files ALTER COLUMN content SET STORAGE EXTERNAL;
END $$;
