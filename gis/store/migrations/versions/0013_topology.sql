-- Where stored shapes break a topology rule (gis/rules/topology.yaml): derived, and brought up to date by the worker.
CREATE TABLE topology_faults (
    fault_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,
    feature_id uuid NOT NULL,
    other_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    enterprise_id uuid,
    amount double precision,
    geom geometry(Geometry, 4490),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (rule, feature_id, other_id)
);
CREATE INDEX topology_faults_feature ON topology_faults (feature_id);
CREATE INDEX topology_faults_other ON topology_faults (other_id);
CREATE INDEX topology_faults_geom ON topology_faults USING gist (geom);
COMMENT ON TABLE topology_faults IS '拓扑问题：宗地、三维产权体、建筑、管网等';
COMMENT ON COLUMN topology_faults.other_id IS '另一要素；没有则全零';
COMMENT ON COLUMN topology_faults.amount IS '多少，单位见规则';
