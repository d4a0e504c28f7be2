//! The baseline of SQLite: one writer that updates stock and inserts a reservation and an event, synchronous FULL.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::{
    baseline::{Baseline, Shape},
    load::rate,
};
use crate::failure::Failure;

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE stock (item INTEGER PRIMARY KEY, on_hand INTEGER NOT NULL, reserved INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0, CHECK (reserved BETWEEN 0 AND on_hand));
CREATE TABLE reservation (id INTEGER PRIMARY KEY, request BLOB NOT NULL UNIQUE, item INTEGER NOT NULL, units INTEGER NOT NULL);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, event TEXT NOT NULL);
";

/// One round of transactions with so many reservations each, on a new file.
///
/// # Errors
/// [`Failure`] when the file cannot be written.
pub fn run(items: u32, shape: Shape, lines: u32, seconds: u64) -> Result<Baseline, Failure> {
    let folder = tempfile::Builder::new().prefix("backorder-sqlite-rows-").tempdir()?;
    let measured = measure(&folder.path().join("rows.sqlite"), items, shape, lines, Duration::from_secs(seconds));
    measured.map_err(|error| Failure::new(format!("the baseline of SQLite failed: {error}")))
}

fn measure(file: &std::path::Path, items: u32, shape: Shape, lines: u32, time: Duration) -> rusqlite::Result<Baseline> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch(SCHEMA)?;
    fill(&mut connection, items)?;
    let mut micros: Vec<u32> = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let sent = Instant::now();
        reserve(&mut connection, if shape == Shape::Hot { 1 } else { items }, lines)?;
        micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    let taken = begun.elapsed();
    let done = u64::try_from(micros.len()).unwrap_or(u64::MAX).saturating_mul(u64::from(lines));
    micros.sort_unstable();
    Ok(Baseline { per_second: rate(done, taken), micros })
}

fn fill(connection: &mut Connection, items: u32) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    for item in 1..=items {
        tx.execute("INSERT INTO stock (item, on_hand) VALUES (?, 1000000000)", [item])?;
    }
    tx.commit()
}

fn reserve(connection: &mut Connection, items: u32, lines: u32) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut take = tx.prepare_cached(
            "UPDATE stock SET reserved = reserved + 1, version = version + 1 WHERE item = ? AND on_hand - reserved >= 1",
        )?;
        let mut keep = tx.prepare_cached("INSERT INTO reservation (request, item, units) VALUES (?, ?, 1)")?;
        let mut tell = tx.prepare_cached("INSERT INTO outbox (topic, event) VALUES ('reserved', ?)")?;
        for _ in 0..lines {
            let item = 1 + rand::random_range(0..items);
            take.execute([item])?;
            keep.execute(params![rand::random::<u128>().to_be_bytes().as_slice(), item])?;
            tell.execute([format!("{{\"item\":{item},\"units\":1}}")])?;
        }
    }
    tx.commit()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn every_line_is_a_row_of_each_table() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection::open(folder.path().join("rows.sqlite")).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        fill(&mut connection, 3).unwrap();
        reserve(&mut connection, 3, 256).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT sum(reserved) FROM stock"), 256);
        assert_eq!(count("SELECT count(*) FROM reservation"), 256);
        assert_eq!(count("SELECT count(*) FROM outbox"), 256);
    }
}
