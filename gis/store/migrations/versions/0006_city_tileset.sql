-- The city's own tileset: its row stands beside those of the enterprises, under the nil id.

ALTER TABLE tilesets DROP CONSTRAINT tilesets_enterprise_id_fkey;
ALTER TABLE tileset_versions DROP CONSTRAINT tileset_versions_enterprise_id_fkey;
COMMENT ON COLUMN tilesets.enterprise_id IS '企业；全零为全市瓦片集';

CREATE OR REPLACE FUNCTION quanjing_tileset_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op)
    SELECT 'tilesets', coalesce(f.kind, 'city'), n.enterprise_id, f.feature_id, f.jurisdiction, 'tileset'
    FROM new_rows n LEFT JOIN features f ON f.feature_id = n.enterprise_id ORDER BY n.enterprise_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;
