-- Long work that fills the store from outside, told by itself as it goes.
CREATE TABLE progress (
    name text PRIMARY KEY,
    label text NOT NULL,
    done integer NOT NULL,
    total integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE progress IS '正在进行的长时间装入工作：做什么、做了多少、共多少';
