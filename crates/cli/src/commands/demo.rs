//! `backorder demo`: the main job from beginning to end on embedded stores, with nothing else installed.

mod compared;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use backorder_domain::time::Clock as _;
use backorder_service_kit::{
    ids::SeededIds,
    server::ServerSettings,
    shutdown::Shutdown,
    telemetry::{self, TelemetrySettings},
    time::ManualClock,
};
use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use super::{import::retail_text, verify::Verified};
use crate::{
    args::{ADDRESS_DEFAULT, DataArgs},
    client::Clients,
    cluster::Cluster,
    demand::DemandEvent,
    demand_summary::DemandSummary,
    demo::{
        book::Book,
        buyer::Buyer,
        calendar::{evening, morning},
        comparison::Served,
        idle::until_idle,
        policy_file::PolicyFile,
        report::DemoReport,
        setup::{self, Ruled},
        source::{self, Source},
        state::DemoState,
        stream::{Ended, Stream},
        tiers::{Terms, discount},
        totals::{Flow, Totals},
        untidy::{Mishaps, UNTIDY},
    },
    failure::{EXIT_UNBALANCED, Failure},
    model::shortage::scaled_model,
    output::{Output, progress::Progress},
    services::Providers,
    world::WorldSize,
};

/// What to demonstrate.
#[derive(Debug, Args)]
#[command(after_help = "\
A policy file is JSON: name (small letters, digits, dashes), keys (one or more of tier, requested_date, order_time, channel, \
margin, value, age, the most important first), tier_order (of GOLD, SILVER, STANDARD) with the key tier, channel_order with \
the key channel, and backorder_policies, a list of {id, tier, allowed, waiting_limit}. Three are in crates/cli/policies:

  first-come.json  {\"name\": \"first-come\", \"keys\": [\"order_time\"]}
  tier.json        {\"name\": \"tier\", \"keys\": [\"tier\", \"requested_date\", \"order_time\"],
                    \"tier_order\": [\"GOLD\", \"SILVER\", \"STANDARD\"]}
  margin.json      {\"name\": \"margin\", \"keys\": [\"margin\", \"order_time\"]}

Examples:
  backorder demo
  backorder demo --orders online_retail.csv.gz --policy first-come.json --policy tier.json --policy margin.json")]
pub struct DemoArgs {
    /// Orders of a real wholesaler: an Online Retail file, plain or gzip. Left out, a world is generated.
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
    /// The same seed gives the same result, down to the ledger.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Order lines of the generated world.
    #[arg(long, default_value_t = WorldSize::default().lines, value_name = "LINES", conflicts_with = "orders")]
    lines: u64,
    /// Days of the generated world.
    #[arg(long, default_value_t = WorldSize::default().days, value_name = "DAYS", conflicts_with = "orders")]
    days: u16,
    /// Items of the generated world.
    #[arg(long, default_value_t = WorldSize::default().items, value_name = "ITEMS", conflicts_with = "orders")]
    items: u16,
    /// Also let go wrong what goes wrong: shelves that hold less than the books say, items that are ordered before their
    /// release, orders that are held. By seed, modelled, and reported as modelled.
    #[arg(long)]
    untidy: bool,
    /// Run under this policy; may be repeated: then the same orders run once under each, and one table shows what each does
    /// by tier. Tiers and costs are assumed from the orders, and the table says how.
    #[arg(long = "policy", value_name = "FILE", conflicts_with = "keep")]
    policies: Vec<PathBuf>,
    /// Also write the figures as JSON to this file; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the data is: the same command goes on where it stopped. Left out, a folder that is removed at the end.
    #[command(flatten)]
    data: DataArgs,
    /// Leave the services up at the end, to look around with the other commands.
    #[arg(long)]
    keep: bool,
    /// The address and port for --keep.
    #[arg(long, default_value = ADDRESS_DEFAULT, value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next; exit code 4 when the books do not balance.
pub async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    let output = Output::new(to_stdout);
    let telemetry = telemetry::init(&TelemetrySettings::from_env("backorder-demo", "error"));
    let telemetry = telemetry.map_err(|error| Failure::new(error.to_string()))?;
    let shutdown = Shutdown::on_signals()?;
    let policies = PolicyFile::read_all(&args.policies)?;
    let ended = if policies.is_empty() {
        alone(args, &shutdown, output).await
    } else {
        compared::run(args, &policies, &shutdown, output).await
    };
    telemetry.shutdown().await;
    ended
}

async fn alone(args: &DemoArgs, shutdown: &Shutdown, output: Output) -> Result<(), Failure> {
    let (folder, _temporary) = folder(args)?;
    let told = Demo::prepare(args, &folder, None, output)?.run(args, shutdown, output).await?;
    told.as_ref().map_or(Ok(()), Told::check)
}

/// The data folder, with what removes it at the end when nobody named one.
fn folder(args: &DemoArgs) -> Result<(PathBuf, Option<TempDir>), Failure> {
    if let Some(folder) = &args.data.data {
        fs::create_dir_all(folder)?;
        return Ok((folder.clone(), None));
    }
    let temporary = tempfile::Builder::new().prefix("backorder-demo-").tempdir()?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// A run with its demand read and its supply modelled.
struct Demo {
    source: Source,
    summary: DemandSummary,
    state: DemoState,
    folder: PathBuf,
    safety_days: i64,
    buyer: Buyer,
    ruled: Option<Ruled>,
}

/// What a run that came to its end has to tell.
struct Told {
    is_balanced: bool,
    report: Value,
    served: Option<Served>,
}

impl Told {
    fn check(&self) -> Result<(), Failure> {
        if self.is_balanced {
            return Ok(());
        }
        Err(Failure::new("the books do not balance")
            .next("run again with --data DIR and look with `backorder serve --data DIR` and `backorder verify`")
            .with_exit_code(EXIT_UNBALANCED))
    }
}

impl Demo {
    fn prepare(args: &DemoArgs, folder: &Path, policy: Option<&PolicyFile>, output: Output) -> Result<Self, Failure> {
        let mut source = source_of(args, output)?;
        if args.untidy {
            source.name = format!("{}, {UNTIDY}", source.name);
        }
        if policy.is_some() && args.orders.is_none() {
            discount(&mut source.events);
        }
        let summary = DemandSummary::of(&source.events)?;
        let content = policy.map(|policy| policy.content.clone()).unwrap_or_default();
        let state = match DemoState::load(folder)? {
            Some(state) => {
                state.check_same(&source.name, args.seed, &content)?;
                state
            }
            None => DemoState {
                mishaps: args.untidy.then(Mishaps::default),
                policy: content,
                ..DemoState::new(source.name.clone(), args.seed)
            },
        };
        let model = scaled_model(args.seed, &source.events, &summary);
        let safety_days = model.safety_days();
        let ruled = policy.map(|policy| Ruled { policy: policy.clone(), terms: Terms::of(&source.events, &summary) });
        let buyer = Buyer::new(model);
        Ok(Self { source, summary, state, folder: folder.to_owned(), safety_days, buyer, ruled })
    }

    /// Runs to the end; `None` when it was stopped before.
    async fn run(mut self, args: &DemoArgs, shutdown: &Shutdown, output: Output) -> Result<Option<Told>, Failure> {
        self.state.starts += 1;
        self.state.save(&self.folder)?;
        let first = self.state.next_day().unwrap_or(self.summary.first_day);
        let clock = Arc::new(ManualClock::new(morning(first, self.summary.zone())));
        let ids = |service: &str| {
            Arc::new(SeededIds::scoped(self.state.seed, &format!("{service}/start-{}", self.state.starts)))
        };
        let providers =
            Providers { clock: clock.clone(), inventory_ids: ids("inventory"), allocation_ids: ids("allocation") };
        let cluster = Cluster::open(&self.folder, providers).await?;
        let ended = self.stream(&cluster, Arc::clone(&clock), shutdown).await?;
        if ended == Ended::Stopped {
            output.text(&format!(
                "stopped before {}; the same command goes on with --data {}",
                self.state.next_day,
                self.folder.display()
            ));
            cluster.close().await?;
            return Ok(None);
        }
        let told = self.report(&cluster, args, output).await?;
        if args.keep {
            keep(cluster, clock, args.listen, shutdown, output).await?;
        } else {
            cluster.close().await?;
        }
        Ok(Some(told))
    }

    async fn stream(
        &mut self,
        cluster: &Cluster,
        clock: Arc<ManualClock>,
        shutdown: &Shutdown,
    ) -> Result<Ended, Failure> {
        let clients = cluster.clients().clone();
        let is_resumed = self.state.next_day().is_some();
        let (buyer, book) = self.begin(&clients, is_resumed).await?;
        let days = u64::try_from(self.summary.days()).unwrap_or(0);
        let mut stream = Stream {
            clients,
            clock,
            summary: &self.summary,
            events: &self.source.events,
            buyer,
            book,
            state: self.state.clone(),
            folder: self.folder.clone(),
            is_resumed,
            has_placed: false,
            ordered_today: std::collections::BTreeSet::new(),
            terms: self.ruled.as_ref().map(|ruled| &ruled.terms),
            progress: Progress::of(self.ruled.as_ref().map_or("streaming", |ruled| &ruled.policy.name), days),
            stop: shutdown.token(),
        };
        let ended = stream.run().await;
        stream.progress.finish();
        self.state = stream.state;
        self.buyer = stream.buyer;
        ended
    }

    /// The buyer and the book before the day that comes next: of a new world, or as the services know them.
    async fn begin(&mut self, clients: &Clients, is_resumed: bool) -> Result<(Buyer, Book), Failure> {
        let model = self.buyer.model().clone();
        let first_day = self.summary.first_day;
        if is_resumed {
            until_idle(clients).await?;
            let day = self.state.next_day().unwrap_or(first_day);
            return Ok((Buyer::load(model, clients, first_day, day).await?, Book::load(clients).await?));
        }
        let mut buyer = Buyer::new(model);
        let is_untidy = self.state.mishaps.is_some();
        let (seed, ruled) = (self.state.seed, self.ruled.as_ref());
        setup::world(clients, seed, &self.source.catalogue, &mut buyer, first_day, is_untidy, ruled).await?;
        self.state.next_day = first_day.to_string();
        self.state.save(&self.folder)?;
        Ok((buyer, Book::default()))
    }

    /// Shows the figures; under a policy they are told and compared when all policies are through.
    async fn report(&self, cluster: &Cluster, args: &DemoArgs, output: Output) -> Result<Told, Failure> {
        let clients = cluster.clients();
        let totals = Totals::load(clients).await?;
        let flow = Flow::load(clients, &totals, &self.buyer, self.state.mishaps.as_ref()).await?;
        let verified = Verified::ask(clients, true).await?;
        let report = DemoReport {
            source: &self.source,
            state: &self.state,
            totals,
            flow,
            verified,
            safety_days: self.safety_days,
        };
        let served = match &self.ruled {
            Some(ruled) => Some(Served::ask(clients, ruled.policy.clone(), self.end()).await?),
            None => None,
        };
        if served.is_none() {
            if let Some(rows) = &self.source.report {
                output.text(&retail_text(rows));
            }
            output.text(&report.to_text());
        }
        if !report.verified.is_balanced() {
            output.text(&report.verified.to_text());
        }
        let told = Told { is_balanced: report.is_balanced(), report: report.to_json(), served };
        if told.served.is_none() {
            write_json(args, &told.report, output)?;
        }
        Ok(told)
    }

    /// The end of the last day, also when the run is only looked at again.
    fn end(&self) -> Timestamp {
        let last = self.source.events.last().map_or(Timestamp::MIN, DemandEvent::at);
        evening(self.summary.last_day, self.summary.zone()).max(last)
    }
}

fn write_json(args: &DemoArgs, report: &Value, output: Output) -> Result<(), Failure> {
    match args.json.as_deref() {
        Some(path) if path == Path::new("-") => output.value(report),
        Some(path) => fs::write(path, format!("{report:#}\n"))?,
        None => {}
    }
    Ok(())
}

fn source_of(args: &DemoArgs, output: Output) -> Result<Source, Failure> {
    let Some(path) = &args.orders else {
        let size = WorldSize { lines: args.lines, days: args.days, items: args.items };
        return Ok(source::generated(args.seed, size));
    };
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    let progress = if output.is_json() { Progress::hidden() } else { Progress::of("reading", bytes) };
    let source = source::read(path, &progress);
    progress.finish();
    source
}

/// Serves until the wish to stop; business time goes on from where the stream ended, at the pace of real time.
async fn keep(
    cluster: Cluster,
    clock: Arc<ManualClock>,
    address: SocketAddr,
    shutdown: &Shutdown,
    output: Output,
) -> Result<(), Failure> {
    let (server, _) = cluster
        .bind(address, ServerSettings { drain_grace: std::time::Duration::ZERO, ..ServerSettings::default() })
        .await?;
    let address = server.local_addr();
    output.text(&format!("serving on http://{address}, business time {}; stop with Ctrl-C", clock.now()));
    let (stopped, began, start) = (cluster.jobs().shutdown_token(), Instant::now(), clock.now());
    let ticking = tokio::spawn(async move {
        let mut seconds = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = seconds.tick() => clock.set(start.saturating_add(began.elapsed()).unwrap_or(start)),
            }
        }
    });
    let served = cluster.serve(server, shutdown).await;
    ticking.abort();
    served
}
