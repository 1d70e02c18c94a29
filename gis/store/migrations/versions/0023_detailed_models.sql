-- Detailed models from outside that stand for chosen features in 3D, and their files as they came.
CREATE TABLE model_files (
    sha256 text PRIMARY KEY,
    content bytea NOT NULL
);
COMMENT ON TABLE model_files IS '三维模型原文件';

-- The row without detached_at is the one that is shown; the others are its former versions.
CREATE TABLE detailed_models (
    model_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feature_id uuid NOT NULL REFERENCES features,
    version integer NOT NULL,
    file_name text NOT NULL,
    format text NOT NULL,
    sha256 text NOT NULL REFERENCES model_files,
    lod text,
    placement jsonb NOT NULL,
    counts jsonb NOT NULL,
    issues jsonb NOT NULL,
    prepared bytea NOT NULL,
    attached_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    detached_at timestamptz,
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    UNIQUE (feature_id, version)
);
CREATE UNIQUE INDEX detailed_models_shown ON detailed_models (feature_id) WHERE detached_at IS NULL;
CREATE INDEX detailed_models_file ON detailed_models (sha256);
COMMENT ON TABLE detailed_models IS '要素的精细模型（各版本；未撤下的一个代替标准模型显示）';
COMMENT ON COLUMN detailed_models.prepared IS '放置好的三角网：NumPy npz，东、北、上（米），上自要素处地面起';

CREATE FUNCTION quanjing_model_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (layer, kind, feature_id, enterprise_id, jurisdiction, op)
    SELECT DISTINCT 'detailed_models', f.kind, f.feature_id, f.enterprise_id, f.jurisdiction, 'update'
    FROM new_rows n JOIN features f USING (feature_id) ORDER BY f.feature_id;
    IF FOUND THEN PERFORM quanjing_hint(); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER inserted AFTER INSERT ON detailed_models REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_model_changed();
CREATE TRIGGER updated AFTER UPDATE ON detailed_models REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quanjing_model_changed();
