//! Many rows in few statements, below the limits of both databases.
//!
//! The texts are made here and not by the query builder: on the way of every order they are a fifth of the work else.

use std::fmt::Write as _;

use sea_orm::{ActiveModelTrait, ActiveValue, DbBackend, EntityName, EntityTrait, IdenStatic, Iterable, Value};

use crate::{Batch, StorageError, WriteTx};

/// What becomes of a row whose key is there already.
#[derive(Debug, Clone)]
pub struct OnKey {
    key: Vec<&'static str>,
    replaced: Replaced,
}

/// Columns that are taken over from the new row.
#[derive(Debug, Clone)]
enum Replaced {
    These(Vec<&'static str>),
    /// All that the function names, but these and those of the key. Asked only when there is a row: most of what may be
    /// written with an order is not.
    AllBut(fn() -> Vec<&'static str>, Vec<&'static str>),
}

impl OnKey {
    fn text(&self) -> String {
        let mut text = format!(" ON CONFLICT ({}) DO ", quoted(&self.key));
        let replaced = match &self.replaced {
            Replaced::These(columns) => columns.clone(),
            Replaced::AllBut(all, kept) => {
                all().into_iter().filter(|name| !self.key.contains(name) && !kept.contains(name)).collect()
            }
        };
        if replaced.is_empty() {
            return text + "NOTHING";
        }
        text.push_str("UPDATE SET ");
        push_separated(&mut text, &replaced, ", ", |text, column| {
            let _ = write!(text, "\"{column}\" = excluded.\"{column}\"");
        });
        text
    }
}

/// On the key, take over the other columns from the new row.
pub fn replacing<C: IdenStatic>(key: impl IntoIterator<Item = C>, columns: impl IntoIterator<Item = C>) -> OnKey {
    OnKey { key: names(key), replaced: Replaced::These(names(columns)) }
}

/// On the key, take over every column from the new row but those of the key and those that are `kept`.
pub fn replacing_all_but<C: IdenStatic + Iterable>(
    key: impl IntoIterator<Item = C>,
    kept: impl IntoIterator<Item = C>,
) -> OnKey {
    OnKey { key: names(key), replaced: Replaced::AllBut(|| names(C::iter()), names(kept)) }
}

/// On the key, keep the row that is there.
pub fn keeping<C: IdenStatic>(key: impl IntoIterator<Item = C>) -> OnKey {
    OnKey { key: names(key), replaced: Replaced::These(Vec::new()) }
}

pub(crate) fn names<C: IdenStatic>(columns: impl IntoIterator<Item = C>) -> Vec<&'static str> {
    columns.into_iter().map(|column| column.as_str()).collect()
}

/// Inserts rows, or does with those that exist as `on_key` says; answers how many rows were written.
///
/// # Errors
/// As [`Batch::run`].
pub async fn upsert<A: ActiveModelTrait>(
    tx: &WriteTx<'_>,
    models: Vec<A>,
    on_key: &OnKey,
) -> Result<u64, StorageError> {
    let mut batch = Batch::new(tx);
    batch.upsert(models, on_key);
    batch.run(tx).await
}

/// Inserts rows; answers how many.
///
/// # Errors
/// [`StorageError::Unique`] and its kin when a row is refused, else as [`Batch::run`].
pub async fn insert<A: ActiveModelTrait>(tx: &WriteTx<'_>, models: Vec<A>) -> Result<u64, StorageError> {
    let mut batch = Batch::new(tx);
    batch.insert(models);
    batch.run(tx).await
}

impl Batch {
    /// Inserts rows, or does with those that exist as `on_key` says.
    ///
    /// All models of one call must set the same columns. Rows are locked in the given order: sort by key before.
    pub fn upsert<A: ActiveModelTrait>(&mut self, models: Vec<A>, on_key: &OnKey) {
        self.write(models, Some(on_key));
    }

    /// Inserts rows, which must not be there. All models of one call must set the same columns.
    pub fn insert<A: ActiveModelTrait>(&mut self, models: Vec<A>) {
        self.write(models, None);
    }

    /// Overwrites rows, which must be there, found by their `key`. Cheaper than an upsert, which tries to insert first. All models
    /// of one call must set the same columns.
    pub fn replace<A: ActiveModelTrait>(&mut self, models: Vec<A>, key: &[<A::Entity as EntityTrait>::Column]) {
        let Some(first) = models.first() else { return };
        let columns = other_columns(first, key);
        let values = values_of(models, &key.iter().chain(&columns).copied().collect::<Vec<_>>());
        self.update(A::Entity::default().table_name(), &names(key.iter().copied()), &names(columns), values);
    }

    fn write<A: ActiveModelTrait>(&mut self, models: Vec<A>, on_key: Option<&OnKey>) {
        let Some(first) = models.first() else { return };
        let on_key = on_key.map(OnKey::text).unwrap_or_default();
        let columns = set_columns(first);
        let (table, width) = (A::Entity::default().table_name(), columns.len());
        let into = format!("INSERT INTO \"{}\" ({})", table, quoted(&names(columns.iter().copied())));
        let values = values_of(models, &columns);
        // Of two tables one row may refer to the other: foreign keys are checked when both are written.
        self.push_rows(table, width, values, |rows| format!("{into} {rows}{on_key}"));
    }

    /// Sets `columns` of the rows with the given `key`, where an upsert would have to bind all columns. `values` holds row
    /// after row, each with its key first and then its columns.
    ///
    pub fn update(&mut self, table: &'static str, key: &[&'static str], columns: &[&'static str], values: Vec<Value>) {
        let width = key.len() + columns.len();
        let backend = self.backend();
        self.push_rows(table, width, values, |rows| {
            if backend == DbBackend::Sqlite {
                update_one_text(table, key, columns)
            } else {
                update_text(table, key, columns, rows)
            }
        });
    }

    /// Deletes the rows with the given `key`s. `values` holds key after key.
    pub fn delete(&mut self, table: &'static str, key: &[&'static str], values: Vec<Value>) {
        self.push_rows(table, key.len(), values, |keys| {
            // One row of values is found by the key's index on both databases.
            format!("DELETE FROM \"{table}\" WHERE ({}) IN ({keys})", quoted(key))
        });
    }
}

fn set_columns<A: ActiveModelTrait>(model: &A) -> Vec<<A::Entity as EntityTrait>::Column> {
    let is_set = |column: &<A::Entity as EntityTrait>::Column| !matches!(model.get(*column), ActiveValue::NotSet);
    <A::Entity as EntityTrait>::Column::iter().filter(is_set).collect()
}

/// The columns that the model sets, those of the key left out.
pub(crate) fn other_columns<A: ActiveModelTrait>(
    model: &A,
    key: &[<A::Entity as EntityTrait>::Column],
) -> Vec<<A::Entity as EntityTrait>::Column> {
    let key = names(key.iter().copied());
    set_columns(model).into_iter().filter(|column| !key.contains(&column.as_str())).collect()
}

/// The values of `columns`, row after row.
pub(crate) fn values_of<A: ActiveModelTrait>(
    models: Vec<A>,
    columns: &[<A::Entity as EntityTrait>::Column],
) -> Vec<Value> {
    let mut values = Vec::with_capacity(models.len() * columns.len());
    for mut model in models {
        values.extend(columns.iter().filter_map(|column| model.take(*column).into_value()));
    }
    values
}

pub(crate) fn update_text(table: &str, key: &[&str], columns: &[&str], rows: &str) -> String {
    let mut text = String::with_capacity(rows.len() + 64 * (key.len() + columns.len()));
    let _ = write!(text, "UPDATE \"{table}\" SET ");
    let numbered: Vec<(&str, usize)> = columns.iter().copied().zip(key.len() + 1..).collect();
    push_separated(&mut text, &numbered, ", ", |text, (column, number)| {
        let _ = write!(text, "\"{column}\" = v.column{number}");
    });
    let _ = write!(text, " FROM ({rows}) AS v WHERE ");
    let numbered: Vec<(&str, usize)> = key.iter().copied().zip(1..).collect();
    push_separated(&mut text, &numbered, " AND ", |text, (column, number)| {
        let _ = write!(text, "\"{table}\".\"{column}\" = v.column{number}");
    });
    text
}

/// The key's values come first, as in [`update_text`].
pub(crate) fn update_one_text(table: &str, key: &[&str], columns: &[&str]) -> String {
    let numbered = |names: &[&str], first: usize| -> Vec<String> {
        names.iter().zip(first..).map(|(name, number)| format!("\"{name}\" = ?{number}")).collect()
    };
    let set = numbered(columns, key.len() + 1).join(", ");
    format!("UPDATE \"{table}\" SET {set} WHERE {}", numbered(key, 1).join(" AND "))
}

fn quoted(names: &[&str]) -> String {
    let mut text = String::with_capacity(names.iter().map(|name| name.len() + 4).sum());
    push_separated(&mut text, names, ", ", |text, name| {
        text.extend(["\"", name, "\""]);
    });
    text
}

/// Appends a text for each of `parts`.
fn push_separated<T>(text: &mut String, parts: &[T], separator: &str, push: impl Fn(&mut String, &T)) {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            text.push_str(separator);
        }
        push(text, part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_first_in_every_row_of_an_update() {
        assert_eq!(
            update_text("t", &["a", "b"], &["c"], "VALUES (?, ?, ?)"),
            "UPDATE \"t\" SET \"c\" = v.column3 FROM (VALUES (?, ?, ?)) AS v \
             WHERE \"t\".\"a\" = v.column1 AND \"t\".\"b\" = v.column2"
        );
        assert_eq!(
            update_one_text("t", &["a", "b"], &["c"]),
            "UPDATE \"t\" SET \"c\" = ?3 WHERE \"a\" = ?1 AND \"b\" = ?2"
        );
    }

    #[test]
    fn a_row_that_is_there_is_kept_or_overwritten() {
        let mut on_key = OnKey { key: vec!["a", "b"], replaced: Replaced::These(Vec::new()) };
        assert_eq!(on_key.text(), " ON CONFLICT (\"a\", \"b\") DO NOTHING");
        let replaces_c = " ON CONFLICT (\"a\", \"b\") DO UPDATE SET \"c\" = excluded.\"c\"";
        on_key.replaced = Replaced::These(vec!["c"]);
        assert_eq!(on_key.text(), replaces_c);
        on_key.replaced = Replaced::AllBut(|| vec!["a", "b", "c", "d"], vec!["d"]);
        assert_eq!(on_key.text(), replaces_c);
    }
}
