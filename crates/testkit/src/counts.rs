//! The one table of case counts.
//!
//! `cargo xtask test` runs the quick column, `cargo xtask soak` the full one. A test never writes its count down: it
//! asks [`cases`], so that what the project promises and what it runs cannot drift apart.

use std::env;

/// Which column is read: `quick` (the default) or `full`.
pub const COUNTS_ENV: &str = "BACKORDER_TEST_COUNTS";

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseCount {
    /// The name that a test asks for.
    pub name: &'static str,
    /// Cases in `cargo xtask test`.
    pub quick: u32,
    /// Cases in `cargo xtask soak`.
    pub full: u32,
    /// What one case is.
    pub what: &'static str,
}

const fn row(name: &'static str, quick: u32, full: u32, what: &'static str) -> CaseCount {
    CaseCount { name, quick, full, what }
}

/// The table. Sorted by name; a test holds that.
const TABLE: &[CaseCount] = &[
    row("allocation_engine", 500, 10_000, "random queue and supply against the naive sharing model"),
    row(
        "allocation_explanation",
        500,
        10_000,
        "random lines and supply: the smallest fix is enough and is the smallest",
    ),
    row("allocation_filters", 500, 10_000, "random filters against the interpreter of the language, and line by line"),
    row("allocation_policy", 500, 10_000, "random policies over random lines against a naive comparator"),
    row("allocation_runs", 500, 10_000, "random requirements and supply against a model that tries them one by one"),
    row("availability_profile", 500, 10_000, "random dated supply and demand against the naive profile"),
    row("calendars", 300, 10_000, "random calendars, schedules and lanes against the laws of promise dates"),
    row("carrier_events", 300, 10_000, "random events of a shipment, told in two orders"),
    row("catalog_races", 20, 500, "races of two instances for one new item and one new location, in each way"),
    row("checkpoint_kills", 6, 60, "kills of a program, half of them while the log of its file is carried over"),
    row("crash_points", 1, 25, "rounds of a kill at every step of every write that needs inventory"),
    row("fair_share", 500, 10_000, "random claims and supplies against the exact fractions of each rule of sharing"),
    row("feed_order", 20, 200, "rounds of concurrent writers whose events must leave gapless and in order"),
    row("group_allocation", 500, 10_000, "random demands of groups against naive quotas, protections, trees and pools"),
    row("hostile_requests", 200, 2_000, "mutated requests, each with the right code and nothing half done"),
    row("idempotency_keys", 50, 1_000, "request ids, each sent 64 times in parallel"),
    row("idempotency_sends", 64, 64, "parallel sends of one request id"),
    row("index_commands", 60, 1_000, "random commands, after each of which memory must answer as the database does"),
    row("instance_commands", 60, 1_000, "random commands of each of eight callers of two instances on the same items"),
    row("last_units_callers", 1_000, 1_000, "callers that race for the last 10 units"),
    row("last_units_rounds", 20, 200, "rounds of the race for the last 10 units"),
    row("messaging_replay", 100, 1_000, "events redelivered, reordered and replayed without a changed row"),
    row("name_races", 20, 500, "races of two items for one name of a supply and of a claim"),
    row(
        "optimum_complete",
        200,
        10_000,
        "small demand with all-or-nothing orders and splits against every way to share",
    ),
    row("optimum_flow", 500, 10_000, "small demand of one item against every way to share its units"),
    row("optimum_proof", 50, 1_000, "demand of up to 150 lines whose plan is proven, and searched for cheaper rounds"),
    row("optimum_search", 100, 2_000, "demand with orders and splits, searched twice, each within the other's bounds"),
    row("order_vector", 500, 10_000, "random order commands against the quantity vector"),
    row("process_kills", 3, 30, "kills of a service process while orders stream in"),
    row(
        "random_command_bursts",
        6,
        100,
        "bursts of 25 random commands through gRPC, then books and promises are proven",
    ),
    row("reservation_post_expire_race", 200, 10_000, "races of post against expire for one reservation"),
    row("run_commits", 500, 10_000, "random decisions of a run that are balanced anew and cut into calls"),
    row(
        "service_figures",
        300,
        10_000,
        "random demand: what became of it sums, fill never rises later, groups are whole",
    ),
    row(
        "ship_sets",
        300,
        5_000,
        "random arrivals, losses, lines and sets over three items: no half a set, and none starves",
    ),
    row("shortage_figures", 300, 5_000, "random order histories: figures sum, and the order of rows changes nothing"),
    row("stock_book", 500, 10_000, "random stock, reservation and supply commands against the naive model"),
    row("stock_comparisons", 300, 10_000, "random figures of a warehouse against the books"),
    row("wait_clock", 300, 10_000, "random waits against the laws of their clock, and of what they put at risk"),
];

/// Every row, for printing.
#[must_use]
pub fn all() -> &'static [CaseCount] {
    TABLE
}

/// True when the full column is asked for by [`COUNTS_ENV`].
#[must_use]
pub fn is_full() -> bool {
    env::var(COUNTS_ENV).is_ok_and(|column| column == "full")
}

/// How many cases of `name` this run does.
///
/// # Panics
/// When the table has no such row: that is a mistake in the test.
#[must_use]
pub fn cases(name: &str) -> u32 {
    match TABLE.iter().find(|row| row.name == name) {
        Some(row) if is_full() => row.full,
        Some(row) => row.quick,
        None => crate::give_up("no such row in backorder_testkit::counts", &name),
    }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, cases};

    #[test]
    fn the_table_is_sorted_by_name_without_doubles() {
        assert!(TABLE.is_sorted_by(|left, right| left.name < right.name));
    }

    #[test]
    fn no_row_is_empty_and_the_full_count_is_never_the_smaller_one() {
        assert!(TABLE.iter().all(|row| 0 < row.quick && row.quick <= row.full && !row.what.is_empty()));
    }

    #[test]
    #[should_panic(expected = "no such row")]
    fn asking_for_an_unknown_name_stops_the_test() {
        let _ = cases("no_such_name");
    }
}
