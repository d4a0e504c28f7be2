-- Items first to last as a year of business leaves them: opening stock, and one open line each with a unit of its own. The rows are those
-- that the public API writes, without the events, which a store forgets after some days.
SET synchronous_commit = off;
BEGIN;
CREATE TEMPORARY TABLE grown ON COMMIT DROP AS
    SELECT n, 'B' || lpad(CAST(n AS text), GREATEST(7, length(CAST(n AS text))), '0') AS item, 'kept/' || n AS line, 1767225600000000 AS at,
           nextval(pg_get_serial_sequence('movement', 'id')) AS opening,
           nextval(pg_get_serial_sequence('movement', 'id')) AS taking
    FROM generate_series({first}, {last}) AS n;
INSERT INTO item (id, description, base_unit, pack_size, pack_rounding, category, safety_stock, version, created_at, updated_at)
    SELECT item, 'benchmark item ' || n, 'each', 1, 'REFUSE', '', 0, 1, at, at FROM grown ORDER BY item;
INSERT INTO item_ledger (item_id, last_movement) SELECT item, taking FROM grown ORDER BY item;
INSERT INTO position (item_id, location_id, available, reserved, released, held, quality_control, damaged, in_transit, named, version, updated_at)
    SELECT item, 'bench', 999999, 1, 0, 0, 0, 0, 0, 0, 2, at FROM grown ORDER BY item;
INSERT INTO movement (id, previous, item_id, request_id, ordinal, from_location_id, from_state, to_location_id, to_state, quantity,
                      batch, owner, cause, reason_code, note, actor, effective_at, recorded_at)
    OVERRIDING SYSTEM VALUE
    SELECT opening, 0, item, CAST(gen_random_uuid() AS text), 0, NULL, 'EXTERNAL', 'bench', 'AVAILABLE', 1000000,
           '', '', 'opening stock', 'bench', '', 'backorder-cli', at, at FROM grown
    UNION ALL
    SELECT taking, opening, item, CAST(gen_random_uuid() AS text), 0, 'bench', 'AVAILABLE', 'bench', 'RESERVED', 1,
           '', '', line || '/parts/1', '', '', 'backorder-cli', at, at FROM grown
    ORDER BY 1;
INSERT INTO claim (line_id, part, item_id, reserved, waiting, pegged, posted, strength, eligible, queue_key, queue_time, locations,
                   split_allowed, min_per_location, version)
    SELECT line, 1, item, 1, 0, 0, 0, 'FIRM', TRUE, '', at, 'bench', FALSE, 1, 1 FROM grown ORDER BY line;
INSERT INTO reservation (line_id, part, location_id, batch, item_id, taken, quantity, released)
    SELECT line, 1, 'bench', '', item, 1000, 1, 0 FROM grown ORDER BY line;
INSERT INTO request (id, command_hash, answer, created_at)
    SELECT uuid_send(gen_random_uuid()), sha256(convert_to(line, 'UTF8')), convert_to(line || line || line, 'UTF8'),
           -- Not to be forgotten yet.
           CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)
    FROM grown;
COMMIT;
