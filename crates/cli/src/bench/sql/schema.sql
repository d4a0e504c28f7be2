-- The least that a durable reservation needs: a row of stock, a row for the reservation under its request id, a row for
-- the event. :items items at one place, each with more units than a run can reserve.
DROP TABLE IF EXISTS bench_stock, bench_reservation, bench_outbox;
CREATE TABLE bench_stock (
    item int PRIMARY KEY,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    CHECK (reserved BETWEEN 0 AND on_hand)
) WITH (fillfactor = 50);
CREATE TABLE bench_reservation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request uuid NOT NULL UNIQUE,
    item int NOT NULL,
    units bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE bench_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    event jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO bench_stock (item, on_hand) SELECT item, 1000000000 FROM generate_series(1, :items) AS item;
VACUUM ANALYZE bench_stock;
CHECKPOINT;
