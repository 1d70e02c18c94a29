-- Raw packets, as they came: kept before they are acknowledged, each bound to the one before it by SM3. Nothing here is changed or removed.
CREATE TABLE feed_packets (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    received timestamptz NOT NULL,
    source text NOT NULL,
    mn text NOT NULL,
    verdict text NOT NULL,
    raw bytea NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32)
) PARTITION BY RANGE (seq);
ALTER TABLE feed_packets ALTER COLUMN raw SET STORAGE MAIN;
COMMENT ON TABLE feed_packets IS '数采报文原文；先存后答，逐包以 SM3 链接';

CREATE FUNCTION quanjing_packets_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'packets are kept as they came';
END $$;
CREATE TRIGGER stay BEFORE UPDATE OR DELETE ON feed_packets FOR EACH ROW EXECUTE FUNCTION quanjing_packets_stay();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON feed_packets FOR EACH STATEMENT EXECUTE FUNCTION quanjing_packets_stay();

-- The end of the chain: what it is compared with, so that packets cut off its end are missed too.
CREATE TABLE feed_chain (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL,
    digest bytea NOT NULL
);
INSERT INTO feed_chain (seq, digest) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Where each reader of the packets stands.
CREATE TABLE feed_readers (
    reader text PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0
);

-- Devices that have spoken, registered or not.
CREATE TABLE feed_devices (
    mn text PRIMARY KEY,
    first_received timestamptz NOT NULL,
    last_received timestamptz NOT NULL,
    source text NOT NULL,
    edition text NOT NULL,
    system text NOT NULL,
    packets bigint NOT NULL,
    faulty jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE feed_devices IS '说过话的数采仪（登记与未登记）';

-- What is asked of devices, and what became of it.
CREATE TABLE feed_requests (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mn text NOT NULL,
    command text NOT NULL,
    begin_at timestamptz,
    end_at timestamptz,
    asked timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason(),
    sent timestamptz,
    ended timestamptz,
    stage text NOT NULL DEFAULT 'waiting',
    code integer,
    received integer NOT NULL DEFAULT 0
);
CREATE INDEX feed_requests_open ON feed_requests (mn) WHERE ended IS NULL;
COMMENT ON TABLE feed_requests IS '向数采仪发出的请求（补传、对时等）';

CREATE FUNCTION quanjing_feed_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('quanjing_feed_requests', '');
    RETURN NULL;
END $$;
CREATE TRIGGER asked AFTER INSERT ON feed_requests FOR EACH STATEMENT EXECUTE FUNCTION quanjing_feed_asked();

-- A small key for what is measured at: readings are many.
CREATE TABLE feed_points (
    point_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feature_id uuid NOT NULL UNIQUE REFERENCES features ON DELETE CASCADE
);
COMMENT ON TABLE feed_points IS '有监测数据的要素';

-- One row for what one instrument says of one factor at one time: the newest version; at is the beginning of a period.
CREATE TABLE readings (
    point_id integer NOT NULL,
    factor text NOT NULL,
    period text NOT NULL,
    at timestamptz NOT NULL,
    value double precision,
    low double precision,
    high double precision,
    total double precision,
    zs_value double precision,
    zs_low double precision,
    zs_high double precision,
    flag text,
    eflag text,
    packet bigint NOT NULL,
    received timestamptz NOT NULL,
    first_received timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (point_id, period, factor, at)
) PARTITION BY RANGE (at);
COMMENT ON TABLE readings IS '监测数据（最新版本），按月分区';
COMMENT ON COLUMN readings.value IS '实时值或平均值';
COMMENT ON COLUMN readings.low IS '最小值';
COMMENT ON COLUMN readings.high IS '最大值';
COMMENT ON COLUMN readings.total IS '累计值（排放量）';
COMMENT ON COLUMN readings.zs_value IS '折算实时值或折算平均值';
COMMENT ON COLUMN readings.flag IS '数据标记（HJ 212 表 8）';
COMMENT ON COLUMN readings.packet IS '出自哪个报文（feed_packets.seq）';

CREATE TABLE readings_former (
    LIKE readings,
    superseded timestamptz NOT NULL,
    superseded_by bigint NOT NULL,
    PRIMARY KEY (point_id, period, factor, at, version)
);
COMMENT ON TABLE readings_former IS '监测数据的旧版本；更正不覆盖';

CREATE FUNCTION quanjing_readings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'readings are corrected by versions, not removed';
END $$;
CREATE TRIGGER stay BEFORE DELETE ON readings FOR EACH ROW EXECUTE FUNCTION quanjing_readings_stay();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON readings FOR EACH STATEMENT EXECUTE FUNCTION quanjing_readings_stay();
CREATE TRIGGER stay BEFORE UPDATE OR DELETE ON readings_former FOR EACH ROW EXECUTE FUNCTION quanjing_readings_stay();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON readings_former FOR EACH STATEMENT EXECUTE FUNCTION quanjing_readings_stay();
