\set item random(:first, :last)
BEGIN;
UPDATE bench_stock SET reserved = reserved + 1, version = version + 1 WHERE item = :item AND on_hand - reserved >= 1 RETURNING on_hand - reserved;
INSERT INTO bench_reservation (request, item, units) VALUES (gen_random_uuid(), :item, 1);
INSERT INTO bench_outbox (topic, event) VALUES ('reserved', jsonb_build_object('item', :item::int, 'units', 1));
COMMIT;
