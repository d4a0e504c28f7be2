//! `backorder demo`: the main job from beginning to end on embedded stores, with nothing else installed.

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
use tempfile::TempDir;
use tokio::time::Instant;

use super::{import::retail_text, verify::Verified};
use crate::{
    args::{ADDRESS_DEFAULT, DataArgs},
    client::Clients,
    cluster::Cluster,
    demand_summary::DemandSummary,
    demo::{
        book::Book,
        buyer::Buyer,
        calendar::morning,
        idle::until_idle,
        report::DemoReport,
        setup,
        source::{self, Source},
        state::DemoState,
        stream::{Ended, Stream},
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
    let (folder, _temporary) = folder(args)?;
    let demo = Demo::prepare(args, &folder, output)?;
    let ended = demo.run(args, &shutdown, output).await;
    telemetry.shutdown().await;
    ended
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
}

impl Demo {
    fn prepare(args: &DemoArgs, folder: &Path, output: Output) -> Result<Self, Failure> {
        let mut source = source_of(args, output)?;
        if args.untidy {
            source.name = format!("{}, {UNTIDY}", source.name);
        }
        let summary = DemandSummary::of(&source.events)?;
        let state = match DemoState::load(folder)? {
            Some(state) => {
                state.check_same(&source.name, args.seed)?;
                state
            }
            None => DemoState {
                mishaps: args.untidy.then(Mishaps::default),
                ..DemoState::new(source.name.clone(), args.seed)
            },
        };
        let model = scaled_model(args.seed, &source.events, &summary);
        let safety_days = model.safety_days();
        Ok(Self { source, summary, state, folder: folder.to_owned(), safety_days, buyer: Buyer::new(model) })
    }

    async fn run(mut self, args: &DemoArgs, shutdown: &Shutdown, output: Output) -> Result<(), Failure> {
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
            return cluster.close().await;
        }
        let balanced = self.report(&cluster, args, output).await?;
        if args.keep {
            keep(cluster, clock, args.listen, shutdown, output).await?;
        } else {
            cluster.close().await?;
        }
        if balanced {
            return Ok(());
        }
        Err(Failure::new("the books do not balance")
            .next("run again with --data DIR and look with `backorder serve --data DIR` and `backorder verify`")
            .with_exit_code(EXIT_UNBALANCED))
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
            progress: Progress::of("streaming", days),
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
        setup::world(clients, self.state.seed, &self.source.catalogue, &mut buyer, first_day, is_untidy).await?;
        self.state.next_day = first_day.to_string();
        self.state.save(&self.folder)?;
        Ok((buyer, Book::default()))
    }

    /// Shows the figures; answers whether the books balance.
    async fn report(&self, cluster: &Cluster, args: &DemoArgs, output: Output) -> Result<bool, Failure> {
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
        if let Some(rows) = &self.source.report {
            output.text(&retail_text(rows));
        }
        output.text(&report.to_text());
        if !report.verified.is_balanced() {
            output.text(&report.verified.to_text());
        }
        match args.json.as_deref() {
            Some(path) if path == Path::new("-") => output.value(&report.to_json()),
            Some(path) => fs::write(path, format!("{:#}\n", report.to_json()))?,
            None => {}
        }
        Ok(report.is_balanced())
    }
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
