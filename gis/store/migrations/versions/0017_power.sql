-- Which device a channel of a power logger measures.
CREATE TABLE power_channels (
    feature_id uuid NOT NULL REFERENCES features,
    factor text NOT NULL CHECK (factor <> ''),
    unit_code text NOT NULL CHECK (unit_code ~ '^(MF\d{4}|T[AWNS]\d{3})$'),
    rated float8 CHECK (rated > 0),
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    PRIMARY KEY (feature_id, factor)
);
COMMENT ON TABLE power_channels IS '用电监控：采集器的每一路监测哪台设施（MF 产污、TA/TW/TN/TS 治污），额定值可选';

-- Orders to stop or to limit production. Nothing is removed; what was wrong is withdrawn.
CREATE TABLE production_orders (
    order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES features,
    unit_codes text[] NOT NULL DEFAULT '{}',
    during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
    share float8 NOT NULL CHECK (share >= 0 AND share < 1),
    cause text NOT NULL CHECK (cause <> ''),
    evidence text NOT NULL CHECK (evidence <> ''),
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    withdrawn timestamptz
);
CREATE INDEX production_orders_enterprise ON production_orders USING gist (enterprise_id, during) WHERE withdrawn IS NULL;
COMMENT ON TABLE production_orders IS '停产（share=0）、限产（允许的负荷比例）要求：重污染天气应急、责令停产整治等，附依据';
