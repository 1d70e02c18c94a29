-- Radar sweeps as they were measured, and what is high in them.
CREATE TABLE radar_sweeps (
    sweep_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feature_id uuid NOT NULL REFERENCES features,
    at timestamptz NOT NULL,
    elevation_deg float8 NOT NULL CHECK (elevation_deg BETWEEN -90 AND 90),
    quantity text NOT NULL CHECK (quantity <> ''),
    azimuths_deg float8[] NOT NULL,
    first_gate_m float8 NOT NULL CHECK (first_gate_m >= 0),
    gate_m float8 NOT NULL CHECK (gate_m > 0),
    gates integer NOT NULL CHECK (gates > 0),
    cells bytea NOT NULL,
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    UNIQUE (feature_id, at, elevation_deg, quantity)
);
COMMENT ON TABLE radar_sweeps IS '雷达扫描：站点、时间、仰角、观测量，极坐标格点（cells：方位×距离的 float32 小端，zlib 压缩）';

CREATE TABLE radar_hotspots (
    hotspot_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sweep_id bigint NOT NULL REFERENCES radar_sweeps ON DELETE CASCADE,
    feature_id uuid NOT NULL REFERENCES features,
    at timestamptz NOT NULL,
    quantity text NOT NULL,
    peak float8 NOT NULL,
    mean float8 NOT NULL,
    cells integer NOT NULL,
    bearing_deg float8 NOT NULL,
    distance_m float8 NOT NULL,
    peak_point geometry(Point, 4490) NOT NULL,
    geom geometry(MultiPolygon, 4490) NOT NULL
);
CREATE INDEX radar_hotspots_at ON radar_hotspots (at);
CREATE INDEX radar_hotspots_sweep ON radar_hotspots (sweep_id);
CREATE INDEX radar_hotspots_geom ON radar_hotspots USING gist (geom);
COMMENT ON TABLE radar_hotspots IS '雷达扫描中的热点：相连的高值格点';
