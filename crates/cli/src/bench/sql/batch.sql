WITH wanted AS MATERIALIZED (
    SELECT :first::int + floor(random() * (:last::int - :first::int + 1))::int AS item, gen_random_uuid() AS request
    FROM generate_series(1, :lines::int)
), sums AS (
    SELECT item, count(*) AS units FROM wanted GROUP BY item ORDER BY item
), taken AS (
    UPDATE bench_stock s SET reserved = s.reserved + sums.units, version = s.version + 1 FROM sums
    WHERE s.item = sums.item AND s.on_hand - s.reserved >= sums.units RETURNING s.item
), kept AS (
    INSERT INTO bench_reservation (request, item, units) SELECT request, item, 1 FROM wanted JOIN taken USING (item) RETURNING item
)
INSERT INTO bench_outbox (topic, event) SELECT 'reserved', jsonb_build_object('item', item, 'units', 1) FROM kept;
