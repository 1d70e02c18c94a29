-- The sheet as a drawing that waits for its review would have it; gone once it is published, since the sheet of now shows it then.
CREATE TABLE drawing_proofs (
    drawing_id bigint NOT NULL REFERENCES drawings,
    form text NOT NULL CHECK (form IN ('pdf', 'svg')),
    content bytea NOT NULL,
    PRIMARY KEY (drawing_id, form)
);
COMMENT ON TABLE drawing_proofs IS '送审稿的图纸';
