-- Enterprises that somebody registers in the browser, by form or by workbook: written by the worker, in the role that owns the tables.
CREATE TABLE registrations (
    registration_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author text NOT NULL,
    scope text NOT NULL CHECK (scope <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    rows jsonb NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
    -- One an enterprise: feature_id, action.
    outcome jsonb,
    failure text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registrations IS '企业登记：经网页提交，由后台写入';

-- Who waits for one hears of it where news of drafts are heard.
CREATE FUNCTION quanjing_registration_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('quanjing_drafts', NEW.registration_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER UPDATE ON registrations FOR EACH ROW EXECUTE FUNCTION quanjing_registration_changed();
