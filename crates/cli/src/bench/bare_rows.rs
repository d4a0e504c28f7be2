//! The baseline of work of which only the rows matter: statements that write the same rows into the same tables, and nothing
//! else. They run on a copy of the stores from before, by one writer, so many transactions after each other; what they write
//! lies ready in the same database. Keys, indexes and checks are those of the services.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::postgres::{Scratch, query, run_file};
use crate::failure::Failure;

/// The column of staged rows that says which transaction writes them. No table of a service has one of that name.
const NUMBER: &str = "bare_transaction";

/// A store as it was before, with where it is now.
#[derive(Debug)]
pub enum Before {
    /// A copy of the database.
    Postgres {
        /// As it was.
        copy: Scratch,
        /// Where the database is.
        now: String,
    },
    /// A copy of the file.
    Sqlite {
        /// As it was.
        copy: PathBuf,
        /// Where the file is.
        now: PathBuf,
    },
}

/// A table with what the statements must know of it.
#[derive(Debug, Clone)]
struct Table {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
    /// The tables that its rows refer to.
    refers_to: BTreeSet<String>,
}

impl Before {
    /// How long it takes to write, into the copy, all that was written since.
    ///
    /// # Errors
    /// [`Failure`] when a program fails or a database refuses.
    pub fn catch_up(&self, transactions: u32, folder: &Path) -> Result<Duration, Failure> {
        match self {
            Self::Postgres { copy, now } => postgres(copy.url(), now, transactions, folder),
            Self::Sqlite { copy, now } => {
                let measured = sqlite(copy, now, transactions, folder);
                measured.map_err(|error| Failure::new(format!("the baseline of SQLite failed: {error}")))
            }
        }
    }
}

const POSTGRES_TABLES: &str = "SELECT c.relname, \
     (SELECT string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_attribute a \
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
     (SELECT string_agg(a.attname, ',') FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey) \
      WHERE i.indrelid = c.oid AND i.indisprimary), \
     (SELECT string_agg(p.relname, ',') FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid \
      WHERE f.conrelid = c.oid AND f.contype = 'f') \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'";

fn postgres(copy: &str, now: &str, transactions: u32, folder: &Path) -> Result<Duration, Failure> {
    let tables = parents_first(query(copy, POSTGRES_TABLES)?.lines().filter_map(Table::of_line).collect());
    query(copy, "CREATE SCHEMA now; CREATE SCHEMA stage")?;
    for table in &tables {
        let (name, file) = (quoted(&table.name), folder.join("rows").display().to_string());
        query(now, &format!("\\copy {name} ({}) TO '{file}' (FORMAT binary)", table.list("")))?;
        query(copy, &format!("CREATE TABLE now.{name} (LIKE public.{name})"))?;
        query(copy, &format!("\\copy now.{name} ({}) FROM '{file}' (FORMAT binary)", table.list("")))?;
        for statement in table.stage("public.", transactions) {
            query(copy, &statement)?;
        }
        for part in ["put", "gone"] {
            query(copy, &format!("CREATE INDEX ON stage.{} ({NUMBER})", quoted(&format!("{}_{part}", table.name))))?;
        }
    }
    query(copy, "VACUUM ANALYZE")?;
    query(copy, "CHECKPOINT")?;
    let changed = |table: &Table, part: &str| -> Result<bool, Failure> {
        let there = query(copy, &format!("SELECT count(*) FROM stage.{}", quoted(&format!("{}_{part}", table.name))))?;
        Ok(there.trim() != "0")
    };
    let script: String = script(&tables, transactions, "BEGIN", changed)?;
    let file = folder.join("bare.sql");
    fs::write(&file, script)?;
    let begun = Instant::now();
    run_file(copy, &file)?;
    Ok(begun.elapsed())
}

fn sqlite(copy: &Path, now: &Path, transactions: u32, folder: &Path) -> rusqlite::Result<Duration> {
    let connection = Connection::open(copy)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")?;
    connection.execute("ATTACH ? AS now", [now.display().to_string()])?;
    connection.execute("ATTACH ? AS stage", [folder.join("stage.sqlite").display().to_string()])?;
    let tables = parents_first(sqlite_tables(&connection)?);
    for table in &tables {
        for statement in table.stage("main.", transactions) {
            connection.execute_batch(&statement)?;
        }
        for part in ["put", "gone"] {
            let name = format!("{}_{part}", table.name);
            let index = quoted(&format!("{name}_batch"));
            connection.execute_batch(&format!("CREATE INDEX stage.{index} ON {} ({NUMBER})", quoted(&name)))?;
        }
    }
    let changed = |table: &Table, part: &str| {
        let text = format!("SELECT count(*) FROM stage.{}", quoted(&format!("{}_{part}", table.name)));
        connection.query_row(&text, [], |row| row.get::<_, i64>(0)).map(|count| count > 0)
    };
    let script = script(&tables, transactions, "BEGIN IMMEDIATE", changed)?;
    let begun = Instant::now();
    connection.execute_batch(&script)?;
    Ok(begun.elapsed())
}

fn sqlite_tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let texts = |text: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(text)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    let names = texts("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")?;
    let table = |name: String| {
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{name}')"))?;
        let key = texts(&format!("SELECT name FROM pragma_table_info('{name}') WHERE pk > 0"))?;
        let refers_to = texts(&format!("SELECT \"table\" FROM pragma_foreign_key_list('{name}')"))?;
        Ok(Table { name, columns, key, refers_to: refers_to.into_iter().collect() })
    };
    names.into_iter().map(table).collect()
}

impl Table {
    /// A line of [`POSTGRES_TABLES`].
    fn of_line(line: &str) -> Option<Self> {
        let names = |text: &str| text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let mut parts = line.split('|');
        let name = parts.next()?.to_owned();
        let (columns, key, refers_to) = (names(parts.next()?), names(parts.next()?), names(parts.next()?));
        Some(Self { name, columns, key, refers_to: refers_to.into_iter().collect() })
    }

    fn list(&self, before_each: &str) -> String {
        list(&self.columns, before_each)
    }

    /// Statements that put the rows that are new or other now, and the keys of those that are gone, into tables of the schema
    /// `stage`, each with the number of the transaction that writes it. `here` is the schema of the copy.
    fn stage(&self, here: &str, transactions: u32) -> [String; 2] {
        let (columns, key, name) = (self.list(""), list(&self.key, ""), quoted(&self.name));
        let stage = |part: &str, what: &str, one: &str, other: &str| {
            let staged = quoted(&format!("{}_{part}", self.name));
            format!(
                "CREATE TABLE stage.{staged} AS SELECT {what}, ntile({transactions}) OVER (ORDER BY {key}) AS {NUMBER} \
                 FROM (SELECT {what} FROM {one}{name} EXCEPT SELECT {what} FROM {other}{name}) AS differing"
            )
        };
        [stage("put", &columns, "now.", here), stage("gone", &key, here, "now.")]
    }

    fn put(&self, batch: u32) -> String {
        let is_key = |column: &&String| self.key.contains(column);
        let others: Vec<&String> = self.columns.iter().filter(|column| !is_key(column)).collect();
        let replaced = others.iter().map(|column| format!("{0} = excluded.{0}", quoted(column)));
        let replaced: Vec<String> = replaced.collect();
        let on_conflict =
            if replaced.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", replaced.join(", ")) };
        format!(
            "INSERT INTO {} ({1}) SELECT {1} FROM stage.{2} WHERE {NUMBER} = {batch} ON CONFLICT ({3}) DO {on_conflict};\n",
            quoted(&self.name),
            self.list(""),
            quoted(&format!("{}_put", self.name)),
            list(&self.key, ""),
        )
    }

    fn take_off(&self, batch: u32) -> String {
        format!(
            "DELETE FROM {} WHERE ({1}) IN (SELECT {1} FROM stage.{2} WHERE {NUMBER} = {batch});\n",
            quoted(&self.name),
            list(&self.key, ""),
            quoted(&format!("{}_gone", self.name)),
        )
    }
}

/// The transactions, of those tables that `changed` in a part: children go before their parents, and come after them.
fn script<E>(
    tables: &[Table],
    transactions: u32,
    begin: &str,
    changed: impl Fn(&Table, &str) -> Result<bool, E>,
) -> Result<String, E> {
    let (mut put, mut gone) = (Vec::new(), Vec::new());
    for table in tables {
        if changed(table, "put")? {
            put.push(table);
        }
        if changed(table, "gone")? {
            gone.push(table);
        }
    }
    let mut script = String::new();
    for batch in 1..=transactions {
        script.push_str(begin);
        script.push_str(";\n");
        gone.iter().rev().for_each(|table| script.push_str(&table.take_off(batch)));
        put.iter().for_each(|table| script.push_str(&table.put(batch)));
        script.push_str("COMMIT;\n");
    }
    Ok(script)
}

/// Tables with a key, in an order in which each stands behind those that it refers to.
fn parents_first(tables: Vec<Table>) -> Vec<Table> {
    let mut left: Vec<Table> = tables.into_iter().filter(|table| !table.key.is_empty()).collect();
    let mut sorted: Vec<Table> = Vec::new();
    while !left.is_empty() {
        let names: BTreeSet<String> = left.iter().map(|table| table.name.clone()).collect();
        let is_free = |table: &Table| table.refers_to.iter().all(|to| *to == table.name || !names.contains(to));
        let (free, bound): (Vec<Table>, Vec<Table>) = left.into_iter().partition(is_free);
        if free.is_empty() {
            // Tables that refer to each other in a circle stand as they come.
            sorted.extend(bound);
            break;
        }
        sorted.extend(free);
        left = bound;
    }
    sorted
}

fn list(columns: &[String], before_each: &str) -> String {
    columns.iter().map(|column| format!("{before_each}{}", quoted(column))).collect::<Vec<_>>().join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    const SCHEMA: &str = "CREATE TABLE parent (id TEXT PRIMARY KEY, \"open\" INTEGER NOT NULL);
        CREATE TABLE child (id TEXT NOT NULL, part INTEGER NOT NULL, units INTEGER, batch TEXT, PRIMARY KEY (id, part),
            FOREIGN KEY (id) REFERENCES parent (id));";

    #[test]
    fn the_copy_holds_what_the_store_holds_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let (copy, now) = (folder.path().join("copy.sqlite"), folder.path().join("now.sqlite"));
        let fill = |file: &Path, text: &str| {
            let connection = Connection::open(file).unwrap();
            connection.execute_batch(SCHEMA).unwrap();
            connection.execute_batch(text).unwrap();
        };
        let same = "INSERT INTO parent VALUES ('same', 1), ('other', 1)";
        fill(
            &copy,
            &format!("{same}, ('gone', 1); INSERT INTO child VALUES ('gone', 1, NULL, ''), ('same', 1, 5, '')"),
        );
        fill(
            &now,
            "INSERT INTO parent VALUES ('same', 1), ('other', 2), ('new', 3);
             INSERT INTO child VALUES ('new', 1, NULL, 'b'), ('same', 1, 5, ''), ('same', 2, 6, '')",
        );
        Before::Sqlite { copy: copy.clone(), now: now.clone() }.catch_up(3, folder.path()).unwrap();
        let rows = |file: &Path, text: &str| -> Vec<String> {
            let connection = Connection::open(file).unwrap();
            let mut statement = connection.prepare(text).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        for text in [
            "SELECT id || '/' || \"open\" FROM parent ORDER BY 1",
            "SELECT id || part || coalesce(units, '-') || batch FROM child ORDER BY 1",
        ] {
            assert_eq!(rows(&copy, text), rows(&now, text));
        }
    }

    #[test]
    fn tables_stand_behind_those_that_they_refer_to() {
        let table = |line: &str| Table::of_line(line).unwrap();
        let sorted =
            parents_first(vec![table("c|id|id|b,a"), table("b|id|id|a,b"), table("a|id|id|"), table("d|x||a")]);
        assert_eq!(sorted.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
