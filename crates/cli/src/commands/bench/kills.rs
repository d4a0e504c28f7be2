//! `backorder bench kills`: nothing acknowledged is lost and nothing is done twice, whoever dies meanwhile.

use std::time::Duration;

use clap::Args;

use super::{HostArgs, NONE, count, show, warn_of_debug_build};
use crate::{
    bench::{
        baseline::Shape,
        figure::Figure,
        kills::{Battered, Victim},
        reserve::Proof,
        stock,
    },
    failure::{EXIT_UNBALANCED, Failure},
    output::Output,
};

/// What is killed under whom.
#[derive(Debug, Clone, Args)]
pub struct KillsArgs {
    #[command(flatten)]
    host: HostArgs,
    /// Items with stock.
    #[arg(long, default_value_t = 1_000, value_name = "ITEMS")]
    items: u32,
    /// Which items are reserved.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Shape::Spread, Shape::Hot])]
    shape: Vec<Shape>,
    /// Clients at once, each of which sends a request until it is answered.
    #[arg(long, default_value_t = 64, value_name = "CLIENTS")]
    clients: usize,
    /// Kills of the service, and with PostgreSQL as many of the database.
    #[arg(long, default_value_t = 5, value_name = "KILLS")]
    kills: usize,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when something does not come back, or the books do not hold what was acknowledged (exit code 4).
pub async fn run(args: KillsArgs) -> Result<(), Failure> {
    let output = Output::new(args.host.json);
    warn_of_debug_build();
    let stores = args.host.stores(["inventory"])?;
    let mut service = Battered::start(&stores.urls[0])?;
    stock::make(&service.channel(), args.items).await?;
    let victims: &[Victim] =
        if args.host.postgres.is_some() { &[Victim::Service, Victim::Database] } else { &[Victim::Service] };
    let apart = Duration::from_secs(args.host.seconds.max(1));
    let (mut acknowledged, mut figures) = (Vec::new(), Vec::new());
    for shape in &args.shape {
        let in_turn: Vec<Victim> = victims.iter().copied().cycle().take(args.kills * victims.len()).collect();
        let (lines, pauses) = service.kill(&in_turn, apart, args.clients, (*shape, args.items)).await?;
        acknowledged.extend(lines);
        let name = format!("kills/{}/{}", args.host.database(), shape.word());
        for (number, victim) in victims.iter().enumerate() {
            let word = if *victim == Victim::Service { "service" } else { "database" };
            let after: Vec<f64> =
                pauses.iter().skip(number).step_by(victims.len()).map(|pause| pause.as_secs_f64() * 1_000.0).collect();
            figures.push(count(&format!("{name}/kills of the {word}"), after.len() as u64, "kills"));
            let longest = after.into_iter().fold(0.0, f64::max);
            figures
                .push(Figure::new(format!("{name}/{word}: nobody answered, longest"), longest, "ms").lower_is_better());
        }
    }
    let proof = Proof::of(&service.channel(), acknowledged.into_iter()).await?;
    figures.push(count("acknowledged", proof.lines, "lines"));
    for (name, value) in [("lost", proof.lost), ("doubled", proof.doubled), ("drifted", proof.drifted)] {
        figures.push(count(name, value, "lines").lower_is_better().with_target(Some(NONE)));
    }
    show(&figures, output);
    if proof.lost + proof.doubled + proof.drifted > 0 {
        return Err(Failure::new("the books do not hold what was acknowledged").with_exit_code(EXIT_UNBALANCED));
    }
    Ok(())
}
