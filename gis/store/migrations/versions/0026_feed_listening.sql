-- How the listener stands, told by itself every few seconds.
CREATE TABLE feed_listening (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    most integer NOT NULL,
    connections integer NOT NULL,
    quiet integer NOT NULL,
    held boolean NOT NULL,
    waiting integer NOT NULL,
    waiting_bytes bigint NOT NULL,
    counts jsonb NOT NULL
);
COMMENT ON TABLE feed_listening IS '数采接入现状：连接数、未发报文的连接、待落盘报文，按判定和断开原因的计数';
