//! Any sequence of stock, reservation and supply commands keeps every invariant, against a naive model.
//!
//! The model ([`tables`]) knows nothing of books: it keeps plain tables, applies what a flush names, sums the movements,
//! and counts units in and out by the arguments of the commands. [`oracle`] decides reservations and pegs unit by unit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed unwrap is a failed test")]
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::too_many_lines,
    reason = "matches over the random commands, each function taking its own kind of them"
)]

mod apply;
mod command;
mod groups;
mod oracle;
mod partial;
mod receipts;
mod runs;
mod tables;
mod world;

use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use command::{Command, any_command, any_command_of_groups};
use world::World;

const COMMANDS_MAX: usize = 50;

fn runner() -> TestRunner {
    let config = Config {
        cases: backorder_testkit::counts::cases("stock_book"),
        failure_persistence: None,
        ..Config::default()
    };
    let seed = backorder_testkit::seed_bytes("stock_book");
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

fn hold_for_any_sequence(
    any_command: impl Strategy<Value = Command>,
    check: impl Fn(&[Command]) -> Result<(), String>,
) {
    let outcome =
        runner().run(&vec(any_command, 1..COMMANDS_MAX), |commands| check(&commands).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, commands)) => {
            let list: Vec<String> = commands.iter().map(|command| format!("  {command:?}")).collect();
            panic!("{why}\nafter\n{}", list.join("\n"));
        }
        Err(TestError::Abort(why)) => panic!("aborted: {why}"),
    }
}

#[test]
fn any_sequence_of_commands_keeps_every_invariant() {
    hold_for_any_sequence(any_command(), |commands| {
        let mut world = World::new();
        for command in commands {
            world.run(command)?;
        }
        world.flush_and_reload()
    });
}

#[test]
fn a_command_decides_the_same_on_the_rows_it_says_it_needs() {
    hold_for_any_sequence(any_command(), |commands| {
        let mut world = World::new();
        for command in commands {
            partial::compare(&world, command)?;
            world.run(command)?;
            world.flush_and_reload()?;
        }
        Ok(())
    });
}

#[test]
fn any_sequence_of_commands_on_an_item_with_groups_keeps_every_invariant() {
    hold_for_any_sequence(any_command_of_groups(), |commands| {
        let mut world = World::new();
        world.run(&Command::PutGroups(0))?;
        for command in commands {
            world.run(command)?;
        }
        world.flush_and_reload()
    });
}

#[test]
fn a_command_on_an_item_with_groups_decides_the_same_on_the_rows_it_says_it_needs() {
    hold_for_any_sequence(any_command_of_groups(), |commands| {
        let mut world = World::new();
        world.run(&Command::PutGroups(0))?;
        world.flush_and_reload()?;
        for command in commands {
            partial::compare(&world, command)?;
            world.run(command)?;
            world.flush_and_reload()?;
        }
        Ok(())
    });
}
