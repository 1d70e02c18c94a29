-- How the devices of an enterprise usually run, as the days before a day say: learned once a day, and anew where one of those days changes.
CREATE TABLE power_levels (
    enterprise_id uuid NOT NULL REFERENCES features ON DELETE CASCADE,
    day date NOT NULL,
    basis text NOT NULL,
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    levels jsonb NOT NULL,
    learned timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (enterprise_id, day)
);
COMMENT ON TABLE power_levels IS '用电研判：各设施某日所用的运行水平与下限，由此前若干天学得；迟到的数据落入这些天时重学';
COMMENT ON COLUMN power_levels.basis IS '配对、通道、规则的摘要；它们变了就重学';
COMMENT ON COLUMN power_levels.during IS '从哪段时间的数据学得';
COMMENT ON COLUMN power_levels.levels IS '设施编号 → [运行水平, 下限]';

-- Whether data of before a time came for an enterprise's power that the judge has not seen yet: what was learned of it does not hold until then.
-- The list of what is due is seen by none who sees a part of the city; this says no more than yes or no.
CREATE FUNCTION quanjing_power_waits(enterprise uuid, before timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM alarm_due d JOIN feed_points f USING (point_id)
            JOIN power_channels c ON c.feature_id = f.feature_id JOIN monitoring_points m ON m.feature_id = f.feature_id
        WHERE m.enterprise_id = enterprise AND d.what IN ('rtd', 'minute') AND d.since < before);
END $$;
