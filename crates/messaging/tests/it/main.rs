//! The promises of the bus: one list of cases for the embedded bus and for NATS, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod broker;
mod delivery;
mod failures;
mod handler;
mod retention;
mod world;

/// Turns each named `async fn case(shape: Shape)` into one test per shape.
#[macro_export]
macro_rules! on_each_bus {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn embedded_on_sqlite() {
                    super::$case($crate::world::Shape::EmbeddedOnSqlite).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn embedded_on_postgres() {
                    super::$case($crate::world::Shape::EmbeddedOnPostgres).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn nats_on_postgres() {
                    super::$case($crate::world::Shape::NatsOnPostgres).await;
                }
            }
        )+
    };
}
