-- Finished 3D Tiles that lie in a folder of this machine and are shown as a layer: oblique photogrammetry, point clouds.
CREATE TABLE tile_layers (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_]{0,29}$'),
    label text NOT NULL CHECK (label <> ''),
    content text NOT NULL CHECK (content IN ('mesh', 'points')),
    folder text NOT NULL,
    entry text NOT NULL,
    version text NOT NULL,
    east_m float8 NOT NULL DEFAULT 0,
    north_m float8 NOT NULL DEFAULT 0,
    up_m float8 NOT NULL DEFAULT 0,
    clipped boolean NOT NULL,
    lon float8 NOT NULL,
    lat float8 NOT NULL,
    radius_m float8 NOT NULL,
    counts jsonb NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL DEFAULT quanjing_author(),
    reason text NOT NULL DEFAULT quanjing_reason()
);
COMMENT ON TABLE tile_layers IS '外来三维瓦片图层（倾斜摄影、点云）：文件夹、平移、是否在已建模企业处裁剪';
