-- Discharge permits as documents, a row a version, the newest stands; and what happened at a site.
CREATE TABLE permits (
    permit_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    enterprise_id uuid NOT NULL REFERENCES features,
    permit_no text NOT NULL,
    document jsonb NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    origin text NOT NULL DEFAULT quanjing_origin()
);
CREATE INDEX permits_enterprise ON permits (enterprise_id, permit_no, valid_from, recorded_at DESC);
COMMENT ON TABLE permits IS '排污许可证（各次登记）';

CREATE TABLE site_history (
    event_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    enterprise_id uuid NOT NULL REFERENCES features,
    on_date date NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    note text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    origin text NOT NULL DEFAULT quanjing_origin(),
    removed_at timestamptz
);
CREATE UNIQUE INDEX site_history_once ON site_history (enterprise_id, on_date, kind, text) WHERE removed_at IS NULL;
COMMENT ON TABLE site_history IS '厂址沿革';
