-- A row of `drawings` is a version of a drawing: its state, who signed it, what it showed when it was published.
ALTER TABLE drawings
    ADD COLUMN version integer,
    ADD COLUMN state text,
    ADD COLUMN review boolean NOT NULL DEFAULT false,
    ADD COLUMN drawn_by text,
    ADD COLUMN reason text NOT NULL DEFAULT quanjing_reason(),
    ADD COLUMN options jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN reviewer text CHECK (reviewer <> ''),
    ADD COLUMN reviewed_at timestamptz,
    ADD COLUMN publisher text CHECK (publisher <> ''),
    ADD COLUMN published_at timestamptz,
    ADD COLUMN superseded_at timestamptz,
    ADD COLUMN resurvey_on date,
    ADD COLUMN shows uuid[],
    ADD COLUMN difference jsonb;
COMMENT ON TABLE drawings IS '图纸的各版';
COMMENT ON COLUMN drawings.version IS '版次：一家企业一种图内，按送交先后';
COMMENT ON COLUMN drawings.state IS '草稿、已审核、已发布、已被替代、退回';
COMMENT ON COLUMN drawings.review IS '须经他人审核才发布';
COMMENT ON COLUMN drawings.drawn_by IS '制图人';
COMMENT ON COLUMN drawings.options IS '读图的选项：对照文件、控制点、坐标系';
COMMENT ON COLUMN drawings.reviewer IS '审核人';
COMMENT ON COLUMN drawings.publisher IS '批准发布的人';
COMMENT ON COLUMN drawings.resurvey_on IS '复测日期：到期应重新测绘';
COMMENT ON COLUMN drawings.shows IS '这一版画了哪些要素';
COMMENT ON COLUMN drawings.difference IS '送审时与当时已发布版的差异；发布后由历史表算出';

-- What stood before was published at once by whoever imported it.
UPDATE drawings d SET version = n.version, drawn_by = d.author, reason = '', published_at = CASE WHEN d.published THEN d.imported_at END,
    state = CASE WHEN NOT d.published THEN 'draft' WHEN n.next_at IS NULL THEN 'published' ELSE 'superseded' END,
    superseded_at = CASE WHEN d.published THEN n.next_at END,
    publisher = CASE WHEN d.published THEN d.author END,
    shows = CASE WHEN d.published AND n.next_at IS NULL THEN ARRAY(
        SELECT DISTINCT feature_id FROM feature_sources s WHERE (s.enterprise_id, s.drawing_kind) = (d.enterprise_id, d.drawing_kind)
        ORDER BY feature_id) END
FROM (
    SELECT drawing_id, row_number() OVER (PARTITION BY enterprise_id, drawing_kind ORDER BY drawing_id) AS version,
        min(imported_at) FILTER (WHERE published) OVER (PARTITION BY enterprise_id, drawing_kind ORDER BY drawing_id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_at
    FROM drawings
) n WHERE n.drawing_id = d.drawing_id;

ALTER TABLE drawings
    DROP COLUMN published,
    ALTER COLUMN version SET NOT NULL,
    ALTER COLUMN state SET NOT NULL,
    ALTER COLUMN drawn_by SET NOT NULL,
    ADD CONSTRAINT drawings_state_known CHECK (state IN ('draft', 'checked', 'published', 'superseded', 'refused')),
    ADD CONSTRAINT drawings_once UNIQUE (enterprise_id, drawing_kind, version),
    -- Four eyes: who drew it neither reviews nor, where a review is asked for, publishes it.
    ADD CONSTRAINT drawings_reviewed_by_another CHECK (reviewer <> drawn_by),
    ADD CONSTRAINT drawings_published_by_another CHECK (NOT review OR publisher <> drawn_by),
    ADD CONSTRAINT drawings_published_after_review CHECK (NOT review OR published_at IS NULL OR reviewer IS NOT NULL);
ALTER TABLE drawings ADD COLUMN published boolean NOT NULL GENERATED ALWAYS AS (state IN ('published', 'superseded')) STORED;
COMMENT ON COLUMN drawings.published IS '已发布，或曾经发布';
CREATE UNIQUE INDEX drawings_standing ON drawings (enterprise_id, drawing_kind) WHERE state = 'published';

-- What people decided about versions; asked by the API, carried out by the worker, kept for ever.
CREATE TABLE drawing_acts (
    act_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    drawing_id bigint NOT NULL REFERENCES drawings,
    act text NOT NULL CHECK (act IN ('check', 'refuse', 'publish', 'resurvey')),
    signed text NOT NULL CHECK (signed <> ''),
    reason text NOT NULL DEFAULT '',
    resurvey_on date CHECK (act <> 'resurvey' OR resurvey_on IS NOT NULL),
    account text NOT NULL DEFAULT quanjing_author(),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz,
    failure text
);
CREATE INDEX drawing_acts_drawing ON drawing_acts (drawing_id, asked_at);
CREATE INDEX drawing_acts_waiting ON drawing_acts (asked_at) WHERE done_at IS NULL;
COMMENT ON TABLE drawing_acts IS '图纸各版的审核、退回、发布和复测';

-- How a draft is handed in: for review or not, who drew it, why, when it is to be surveyed again.
ALTER TABLE drawing_drafts ADD COLUMN handed jsonb NOT NULL DEFAULT '{}';
