"""The city that the map server is measured on: 140 enterprises, 5,000 monitoring points, 20,000 receptors, 50,000 buildings."""

import psycopg
from database import Bench

from gis.store.cluster import Urls

POINTS = 5000
JURISDICTION = "511703"
ABOUT = "140 enterprises, 5,000 monitoring points, 20,000 receptors, 50,000 buildings, alarms and case links among them"
FILL = (
    "SELECT setseed(0.42)",
    f"""INSERT INTO enterprises (code, name, geom, jurisdiction, industry) SELECT 'E' || lpad(n::text, 4, '0'), '企业' || n,
    ST_SetSRID(ST_Point(106.9 + 1.4 * random(), 30.8 + 1.2 * random()), 4490), '{JURISDICTION}', '化工' FROM generate_series(1, 140) n""",
    """INSERT INTO buildings (enterprise_id, code, name, geom, height_m, storeys, use) SELECT feature_id, 'B' || n, '建筑' || n,
    ST_SetSRID(ST_MakeEnvelope(x, y, x + 0.0001 + 0.0003 * random(), y + 0.0001 + 0.0002 * random()), 4490), 5 + 30 * random(), 3, '生产'
    FROM (SELECT feature_id, n, ST_X(geom) + 0.02 * (random() - 0.5) x, ST_Y(geom) + 0.02 * (random() - 0.5) y
    FROM enterprises, generate_series(1, 358) n ORDER BY n, code LIMIT 50000) e""",
    f"""INSERT INTO monitoring_points (enterprise_id, code, name, geom, monitor_type, mn, outlet_code, pollutants)
    SELECT feature_id, 'M' || n, '监测点' || n,
    ST_SetSRID(ST_Point(ST_X(geom) + 0.02 * (random() - 0.5), ST_Y(geom) + 0.02 * (random() - 0.5)), 4490),
    (ARRAY['gas', 'water', 'video', 'power'])[1 + n % 4], 'MN' || code || n, 'DA00' || n % 9, 'SO2;NOx'
    FROM (SELECT * FROM enterprises, generate_series(1, 36) n ORDER BY n, code LIMIT {POINTS}) e""",
    """INSERT INTO receptors (enterprise_id, code, name, geom, receptor_type, population, contact, phone)
    SELECT feature_id, 'R' || n, '受体' || n,
    ST_SetSRID(ST_Point(ST_X(geom) + 0.08 * (random() - 0.5), ST_Y(geom) + 0.08 * (random() - 0.5)), 4490),
    (ARRAY['residential', 'school', 'hospital', 'village'])[1 + n % 4], (1000 * random())::int, '张三', '0818'
    FROM (SELECT * FROM enterprises, generate_series(1, 143) n ORDER BY n, code LIMIT 20000) e""",
    "INSERT INTO alarms (feature_id, rule, level) SELECT feature_id, '超标', 2 FROM monitoring_points WHERE random() < 0.05",
    """INSERT INTO case_links (feature_id, case_id, title, status) SELECT feature_id, 'C' || code, '案件', 'open'
    FROM buildings WHERE random() < 0.002""",
)
PEERS = (
    "CREATE SCHEMA peer",
    """CREATE TABLE peer.points AS SELECT feature_id, enterprise_id, code, name, monitor_type, mn, outlet_code, pollutants, base_1985_m,
    height_m, z_min_m, z_max_m, lower(valid) AS valid_from, upper(valid) AS valid_to, lower(recorded) AS recorded_from, author, reason,
    origin, alarm_level, open_alarms, case_count, case_ids, readings, ST_SetSRID(geom, 4326) AS geom FROM monitoring_point_view""",
    """CREATE TABLE peer.buildings AS SELECT feature_id, code, name, storeys, roof, use, height_m, z_min_m, z_max_m,
    ST_SetSRID(geom, 4326) AS geom FROM buildings""",
    "ALTER TABLE peer.points ADD PRIMARY KEY (feature_id)",
    "ALTER TABLE peer.buildings ADD PRIMARY KEY (feature_id)",
    "CREATE INDEX ON peer.points USING gist (geom)",
    "CREATE INDEX ON peer.buildings USING gist (geom)",
    "VACUUM ANALYZE",
)
"""The same rows as tables that the peers can serve."""


def filled(bench: Bench, name: str) -> Urls:
    """Return the URLs of a new database with the city in it."""
    urls = bench.fresh(name)
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        for text in (*FILL, *PEERS):
            connection.execute(text)
    return urls
