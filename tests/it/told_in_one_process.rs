//! Every story with all services in one process, on each database.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use backorder_allocation::{
    CHUNK_CRASH_POINT, COMMIT_APPLIED_CRASH_POINT, COMMIT_PLANNED_CRASH_POINT, Config, CrashPoint,
};
use backorder_testkit::{Backend, on_each_backend};
use backorder_tests::{cluster::in_process::InProcess, every_story, stories};

macro_rules! tell {
    ($backend:expr; $($module:ident :: $story:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let cluster = InProcess::start($backend).await;
                stories::$module::$story(&cluster.world(stringify!($story))).await;
                cluster.stop().await;
            }
        )+
    };
}

/// Stories that need a clock that can be moved.
async fn promises_move_when_their_time_has_come(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    stories::promise_rules::a_better_day_is_told_when_it_has_stood(&cluster.world("better")).await;
    stories::promise_rules::a_promise_that_is_certain_to_be_missed_is_told_on_its_day(&cluster.world("missed")).await;
    stories::preorders::on_its_day_an_item_is_released(&cluster.world("released")).await;
    stories::drop_ship::silence_gives_the_units_back_to_the_queue(&cluster.world("silence")).await;
    cluster.stop().await;
}

/// A policy that is in force from tomorrow on: the clock is moved.
async fn a_policy_goes_live_tomorrow(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    stories::allocation_policies::what_goes_live_tomorrow_decides_tomorrow(&cluster.world("tomorrow")).await;
    cluster.stop().await;
}

/// Waits end when their time has come: the clock is moved.
async fn waits_end_when_their_time_has_come(backend: Backend) {
    use stories::wait_limits as waits;
    let cluster = InProcess::start(backend).await;
    waits::the_customer_is_asked_when_the_last_day_is_over(&cluster.world("asked")).await;
    waits::consent_restarts_the_clock(&cluster.world("consent")).await;
    waits::without_consent_what_waits_is_cancelled_and_given_back(&cluster.world("declined")).await;
    waits::silence_is_told_to_a_planner_who_may_still_record_a_consent(&cluster.world("silence")).await;
    waits::silence_cancels_or_keeps_where_the_policy_says_so(&cluster.world("rules")).await;
    waits::a_wait_of_working_days_passes_over_the_weekend(&cluster.world("weekend")).await;
    waits::a_question_about_what_is_there_by_now_is_void(&cluster.world("void")).await;
    waits::what_waits_is_cancelled_by_rule_and_what_is_reserved_stays(&cluster.world("cancelled")).await;
    waits::a_planner_is_told_by_rule_until_nothing_waits(&cluster.world("escalated")).await;
    waits::the_customer_is_asked_early_when_no_day_within_the_wait_is_expected(&cluster.world("early")).await;
    cluster.stop().await;
}

/// Waits of kits end whole: the clock is moved.
async fn waits_of_kits_end_whole(backend: Backend) {
    use stories::kits_out_of_proportion as kits;
    let cluster = InProcess::start(backend).await;
    kits::when_the_wait_for_a_kit_is_over_the_policy_cancels_all_of_it(&cluster.world("cancelled")).await;
    kits::a_customer_is_asked_once_about_a_kit_and_answers_about_all_of_it(&cluster.world("asked")).await;
    kits::the_wait_for_a_kit_whose_parts_are_apart_ends_with_a_planner(&cluster.world("apart")).await;
    use stories::kits_apart as apart;
    apart::a_customer_is_not_asked_again_when_another_part_of_the_kit_begins_to_wait(&cluster.world("joins")).await;
    apart::a_consent_covers_the_kit_of_which_a_part_begins_to_wait_later(&cluster.world("covered")).await;
    cluster.stop().await;
}

/// Exceptions that come with time: the clock is moved.
async fn exceptions_come_with_time(backend: Backend) {
    use stories::exceptions as list;
    let cluster = InProcess::start(backend).await;
    list::a_wait_is_near_its_end_then_asked_about_then_a_planners(&cluster.world("waits")).await;
    list::supply_that_is_overdue_is_listed_while_somebody_waits_for_it(&cluster.world("overdue")).await;
    list::recalls_and_holds_are_listed_when_they_are_old(&cluster.world("old")).await;
    list::a_policy_says_when_the_end_of_a_wait_is_near(&cluster.world("near")).await;
    list::the_company_says_when_a_hold_or_a_recall_is_old(&cluster.world("limits")).await;
    stories::drop_ship::what_comes_to_nothing_is_on_the_planners_list(&cluster.world("takes")).await;
    stories::serving_mode::what_is_held_is_shared_when_the_hour_has_come(&cluster.world("hour")).await;
    cluster.stop().await;
}

/// The services are stopped while a cancellation by the clock is half done, and start again.
async fn a_wait_that_ends_in_a_crash_is_ended_once(backend: Backend) {
    for point in ["cancel.begun", "cancel.decided", "cancel.recorded"] {
        let died = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&died);
        let crash_point = CrashPoint::new(move |passed| passed == point && !seen.swap(true, Ordering::SeqCst));
        let config = Config { crash_point: Some(crash_point), ..Config::default() };
        let cluster = InProcess::start_with(backend, config).await;
        let world = cluster.world("crash");
        stories::wait_limits::two_waits_end(&world).await;
        backorder_testkit::eventually(point, || async { died.load(Ordering::SeqCst) }).await;
        let cluster = cluster.restart_with(Config::default()).await;
        stories::wait_limits::two_waits_have_ended(&cluster.world("crash")).await;
        cluster.stop().await;
    }
}

/// The services die when inventory has applied a chunk of a run, of which allocation has recorded nothing, and start again.
async fn a_run_that_dies_between_chunks_is_gone_on_with(backend: Backend) {
    let passed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&passed);
    let dies_at_second = move |point: &str| point == CHUNK_CRASH_POINT && seen.fetch_add(1, Ordering::SeqCst) == 1;
    let config = Config { crash_point: Some(CrashPoint::new(dies_at_second)), ..Config::default() };
    let cluster = InProcess::start_with(backend, config).await;
    let world = cluster.world("crash");
    world.long_queue().await;
    world.receive("mug", "main", world.mugs_of_long_queue()).await;
    backorder_testkit::eventually("it dies", || async { passed.load(Ordering::SeqCst) >= 2 }).await;
    let cluster = cluster.restart_with(Config::default()).await;
    cluster.world("crash").long_queue_was_served_in_its_order().await;
    cluster.stop().await;
}

/// The services die when what is asked of inventory is written, or when inventory has done it, and start again.
async fn a_commit_that_dies_is_gone_on_with(backend: Backend) {
    for point in [COMMIT_PLANNED_CRASH_POINT, COMMIT_APPLIED_CRASH_POINT] {
        let died = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&died);
        // It dies again and again, so that only the services that are started anew go on.
        let crash_point = CrashPoint::new(move |passed| {
            let dies = passed == point;
            seen.fetch_or(dies, Ordering::SeqCst);
            dies
        });
        let config = Config { crash_point: Some(crash_point), ..Config::default() };
        let cluster = InProcess::start_with(backend, config).await;
        let run = stories::committed_runs::a_commit_is_asked_for(&cluster.world("crash")).await;
        backorder_testkit::eventually(point, || async { died.load(Ordering::SeqCst) }).await;
        let cluster = cluster.restart_with(Config::default()).await;
        stories::committed_runs::the_commit_has_happened_once(&cluster.world("crash"), &run).await;
        cluster.stop().await;
    }
}

on_each_backend!(
    a_policy_goes_live_tomorrow,
    a_run_that_dies_between_chunks_is_gone_on_with,
    a_commit_that_dies_is_gone_on_with,
    exceptions_come_with_time,
    waits_end_when_their_time_has_come,
    waits_of_kits_end_whole,
    a_wait_that_ends_in_a_crash_is_ended_once
);

/// Holds that end, and horizons that open, on the business clock.
async fn holds_end_by_themselves(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    stories::holds::a_hold_ends_by_itself(&cluster.world("ended")).await;
    stories::overrides::a_pin_ends_by_itself(&cluster.world("pin")).await;
    stories::batches::a_batch_that_is_too_old_is_set_aside_and_who_had_it_waits(&cluster.world("too_old")).await;
    stories::batch_wishes::units_that_grow_too_old_for_a_line_are_exchanged_for_others(&cluster.world("grown")).await;
    stories::unfit_units::units_that_come_back_too_old_are_exchanged_for_others(&cluster.world("returned")).await;
    stories::unfit_units::shelf_life_is_judged_on_the_day_on_which_the_goods_left(&cluster.world("left_late")).await;
    stories::holds::a_hold_on_a_customer_ends_by_itself(&cluster.world("customer_ended")).await;
    stories::horizon::what_is_free_on_a_far_day_is_looked_at_every_day(&cluster.world("far")).await;
    stories::horizon::on_its_day_a_line_comes_into_the_horizon_and_is_served_in_its_place(&cluster.world("opens"))
        .await;
    cluster.stop().await;
}

mod on_sqlite {
    use super::*;

    macro_rules! tell_on_sqlite {
        ($($list:tt)+) => { tell! { Backend::Sqlite; $($list)+ } };
    }

    every_story!(tell_on_sqlite);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn promises_move_when_their_time_has_come() {
        super::promises_move_when_their_time_has_come(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn holds_end_by_themselves() {
        super::holds_end_by_themselves(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_supply_that_becomes_overdue_takes_its_dates_back() {
        let cluster = InProcess::start(Backend::Sqlite).await;
        stories::dates::a_supply_that_becomes_overdue_takes_its_dates_back(&cluster.world("overdue")).await;
        cluster.stop().await;
    }
}

mod on_postgres {
    use super::*;

    macro_rules! tell_on_postgres {
        ($($list:tt)+) => { tell! { Backend::Postgres; $($list)+ } };
    }

    every_story!(tell_on_postgres);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn promises_move_when_their_time_has_come() {
        super::promises_move_when_their_time_has_come(Backend::Postgres).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn holds_end_by_themselves() {
        super::holds_end_by_themselves(Backend::Postgres).await;
    }
}
