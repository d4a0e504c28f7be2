//! The schema of allocation, as migrations that go one way. A migration that was released is never changed.

mod m20261123_000001_initial;
mod m20261126_000001_release;
mod m20261126_000003_shipping_dates;
mod m20261126_000005_holds;
mod m20261126_000006_horizon;
mod m20261126_000007_overrides;
mod m20261126_000008_ship_sets;
mod m20261126_000009_wait_limits;
mod m20261126_000010_exceptions;
mod m20261126_000010b_serving_modes;
mod m20261126_000011_going_live;
mod m20261126_000012_kits;
mod m20261126_000013_substitutes;
mod m20261126_000014_feeds;
mod m20261126_000015_drop_ship;
mod m20261126_000016_replacements;
mod m20261126_000017_units;
mod m20261126_000018_shipped_batches;
mod m20261126_000018b_wishes;
mod m20261126_000019_exception_limits;
mod m20261126_000020_whole_kits;
mod m20261127_000021_bound_batches;
mod m20261127_000022_unfit_units;
mod m20261127_000023_recalled_to_cancel;
mod m20261127_000024_requests_by_id;
mod m20261128_000040_simulated_runs;
mod m20261128_000050_allocation_policies;
mod m20261128_000051_committed_runs;
mod m20261128_000052_run_schedules;
mod m20261128_000060_figure_reviews;

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
            Box::new(m20261126_000005_holds::Migration),
            Box::new(m20261126_000006_horizon::Migration),
            Box::new(m20261126_000007_overrides::Migration),
            Box::new(m20261126_000008_ship_sets::Migration),
            Box::new(m20261126_000009_wait_limits::Migration),
            Box::new(m20261126_000010_exceptions::Migration),
            Box::new(m20261126_000010b_serving_modes::Migration),
            Box::new(m20261126_000011_going_live::Migration),
            Box::new(m20261126_000014_feeds::Migration),
            Box::new(m20261126_000015_drop_ship::Migration),
            Box::new(m20261126_000016_replacements::Migration),
            Box::new(m20261126_000017_units::Migration),
            Box::new(m20261126_000012_kits::Migration),
            Box::new(m20261126_000013_substitutes::Migration),
            Box::new(m20261126_000019_exception_limits::Migration),
            Box::new(m20261126_000018_shipped_batches::Migration),
            Box::new(m20261126_000018b_wishes::Migration),
            Box::new(m20261126_000020_whole_kits::Migration),
            Box::new(m20261127_000021_bound_batches::Migration),
            Box::new(m20261127_000022_unfit_units::Migration),
            Box::new(m20261127_000023_recalled_to_cancel::Migration),
            Box::new(m20261127_000024_requests_by_id::Migration),
            Box::new(m20261128_000040_simulated_runs::Migration),
            Box::new(m20261128_000060_figure_reviews::Migration),
            Box::new(m20261128_000051_committed_runs::Migration),
            Box::new(m20261128_000052_run_schedules::Migration),
            Box::new(m20261128_000050_allocation_policies::Migration),
        ]
    }
}
