-- Outages that were approved: hours in them are not due. Nothing is removed; what was wrong is withdrawn.
CREATE TABLE feed_outages (
    outage_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feature_id uuid NOT NULL REFERENCES features,
    during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
    cause text NOT NULL CHECK (cause <> ''),
    evidence text NOT NULL CHECK (evidence <> ''),
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    withdrawn timestamptz
);
CREATE INDEX feed_outages_feature ON feed_outages USING gist (feature_id, during) WHERE withdrawn IS NULL;
COMMENT ON TABLE feed_outages IS '经批准的停运、停产（不计入应传数）；排污单位申报，附凭证';
