//! The schema of the inventory, as migrations that go one way. A migration that was released is never changed.

mod m20261123_000001_initial;
mod m20261126_000001_release;
mod m20261126_000003_shipping_dates;
mod m20261126_000004_receipts;
mod m20261126_000006_horizon;
mod m20261126_000008_ship_sets;
mod m20261126_000012_kits;
mod m20261126_000014_feeds;
mod m20261126_000015_drop_ship;
mod m20261126_000017_units;
mod m20261126_000017b_batches;
mod m20261126_000018_wishes;
mod m20261127_000019_proven_by_lock;
mod m20261127_000020_claims_by_line;
mod m20261127_000021_item_ledger;
mod m20261127_000022_requests_by_id;
mod m20261128_000023_ledger_room;
mod m20261128_000024_item_groups;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_initial::Migration),
            Box::new(m20261126_000001_release::Migration),
            Box::new(m20261126_000003_shipping_dates::Migration),
            Box::new(m20261126_000004_receipts::Migration),
            Box::new(m20261126_000006_horizon::Migration),
            Box::new(m20261126_000014_feeds::Migration),
            Box::new(m20261126_000008_ship_sets::Migration),
            Box::new(m20261126_000015_drop_ship::Migration),
            Box::new(m20261126_000017_units::Migration),
            Box::new(m20261126_000012_kits::Migration),
            Box::new(m20261126_000017b_batches::Migration),
            Box::new(m20261126_000018_wishes::Migration),
            Box::new(m20261127_000019_proven_by_lock::Migration),
            Box::new(m20261127_000020_claims_by_line::Migration),
            Box::new(m20261127_000021_item_ledger::Migration),
            Box::new(m20261127_000022_requests_by_id::Migration),
            Box::new(m20261128_000023_ledger_room::Migration),
            Box::new(m20261128_000024_item_groups::Migration),
        ]
    }
}
