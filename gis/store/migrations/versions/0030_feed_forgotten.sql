-- Devices that nobody registered are remembered in a bounded number: anyone can invent numbers. Their packets stay.
CREATE TABLE feed_forgotten (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    devices bigint NOT NULL DEFAULT 0,
    packets bigint NOT NULL DEFAULT 0
);
INSERT INTO feed_forgotten DEFAULT VALUES;
COMMENT ON TABLE feed_forgotten IS '不再记在 feed_devices 里的未登记设备有多少、有过多少报文；原文仍在 feed_packets';
