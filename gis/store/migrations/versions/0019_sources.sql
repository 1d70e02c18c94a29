-- Views of other systems' databases (国控平台) that readings are taken over from.
CREATE TABLE feed_sources (
    name text PRIMARY KEY CHECK (name <> ''),
    mark jsonb,
    taken bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    looked timestamptz NOT NULL DEFAULT clock_timestamp(),
    moved timestamptz,
    fault text
);
COMMENT ON TABLE feed_sources IS '接入的其他系统的数据库视图：读到哪里（mark）、接收和拒绝多少行、最近一次的错误';

CREATE TABLE feed_refused (
    refused_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES feed_sources,
    refused timestamptz NOT NULL DEFAULT clock_timestamp(),
    why text NOT NULL,
    row jsonb NOT NULL,
    UNIQUE (source, why, row)
);
COMMENT ON TABLE feed_refused IS '从其他系统的视图读到而不能用的行，原样保存';
