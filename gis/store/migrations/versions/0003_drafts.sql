-- Drafts: drawings that someone tries out in the browser before they go into the store. The API may write here and nowhere else.

CREATE TABLE drawing_drafts (
    draft_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author text NOT NULL,
    scope text NOT NULL CHECK (scope <> ''),
    file_name text NOT NULL CHECK (file_name <> ''),
    bytes bigint NOT NULL DEFAULT 0,
    sha256 text,
    enterprise_id uuid REFERENCES features ON DELETE SET NULL,
    drawing_kind text CHECK (drawing_kind IN ('A', 'B', 'C', 'D')),
    options jsonb NOT NULL DEFAULT '{}',
    -- Counts the changes of what the reading depends on; a result is of one revision.
    revision integer NOT NULL DEFAULT 1,
    read_revision integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'uploading'
        CHECK (state IN ('uploading', 'reading', 'ready', 'importing', 'imported', 'failed', 'cancelled')),
    progress jsonb NOT NULL DEFAULT '{}',
    failure text,
    summary jsonb,
    -- The preview, JSON compressed with gzip: sent as it lies here.
    result bytea,
    outcome jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE drawing_drafts ALTER COLUMN result SET STORAGE EXTERNAL;
CREATE INDEX drawing_drafts_age ON drawing_drafts (updated_at);
COMMENT ON TABLE drawing_drafts IS '试读的图纸：核对后入库，七天后清除';

CREATE TABLE drawing_draft_chunks (
    draft_id uuid NOT NULL REFERENCES drawing_drafts ON DELETE CASCADE,
    seq integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (draft_id, seq)
);
ALTER TABLE drawing_draft_chunks ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE drawing_draft_chunks IS '试读图纸的文件内容，分块';

CREATE FUNCTION quanjing_draft_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('quanjing_drafts', coalesce(NEW.draft_id, OLD.draft_id)::text);
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON drawing_drafts
    FOR EACH ROW EXECUTE FUNCTION quanjing_draft_changed();
