//! Every story with all services in one process, on each database.

use backorder_testkit::Backend;
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
}
