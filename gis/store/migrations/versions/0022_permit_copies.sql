-- Copies of permits that somebody brings in the browser: read by the worker, compared with the copy by a person, then registered.
CREATE TABLE permit_copies (
    copy_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    enterprise_id uuid NOT NULL REFERENCES features ON DELETE CASCADE,
    author text NOT NULL,
    scope text NOT NULL CHECK (scope <> ''),
    file_name text NOT NULL CHECK (file_name <> ''),
    sha256 text NOT NULL,
    content bytea NOT NULL,
    state text NOT NULL DEFAULT 'reading' CHECK (state IN ('reading', 'ready', 'registering', 'registered', 'failed', 'cancelled')),
    progress jsonb NOT NULL DEFAULT '{}',
    failure text,
    summary jsonb,
    -- What was read, JSON compressed with gzip: sent as it lies here.
    proposal bytea,
    -- What a person made of it: permit, checked_by, corrected.
    checked jsonb,
    action text CHECK (action IN ('insert', 'update', 'unchanged')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE permit_copies ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE permit_copies ALTER COLUMN proposal SET STORAGE EXTERNAL;
CREATE INDEX permit_copies_enterprise ON permit_copies (enterprise_id, created_at);
COMMENT ON TABLE permit_copies IS '许可证副本：识别、核对、登记；未登记的七天后清除';

-- Who follows a copy hears of it where news of drafts are heard.
CREATE FUNCTION quanjing_permit_copy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('quanjing_drafts', coalesce(NEW.copy_id, OLD.copy_id)::text);
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON permit_copies
    FOR EACH ROW EXECUTE FUNCTION quanjing_permit_copy_changed();
