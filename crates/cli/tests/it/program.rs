//! The program under test: commands that end, and the services as a process that can be killed.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use backorder_cli::{
    decimal::format_nanos,
    demand::DemandEvent,
    retail::row::HEADER,
    world::{WorldSize, generate},
};
use backorder_testkit::{patience, ports, process::TestProcess};
use serde_json::Value;

/// The program that was built beside this test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_backorder");

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("the program runs")
}

/// What a command wrote to standard output as JSON; it must have succeeded.
pub fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("standard output holds JSON and nothing else")
}

/// All services as a process on a port and a folder of their own.
pub struct Services {
    process: TestProcess,
    port: u16,
    folder: PathBuf,
    address: String,
}

impl Services {
    /// Starts them and waits until they answer.
    pub async fn start(folder: &Path) -> Self {
        let port = ports::free_port().expect("a free port");
        Self::start_on(folder, port).await
    }

    async fn start_on(folder: &Path, port: u16) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(folder.join("data"));
        let mut process = TestProcess::start_command("backorder serve", command, &folder.join("serve.log")).unwrap();
        process.serves(port).await;
        Self { process, port, folder: folder.to_owned(), address: format!("http://127.0.0.1:{port}") }
    }

    /// Kills the process that serves, and proves it.
    pub async fn kill(&mut self) {
        self.process.serves(self.port).await;
        self.process.kill();
    }

    /// Starts them again on the same folder and port.
    pub async fn start_again(&mut self) {
        *self = Self::start_on(&self.folder, self.port).await;
    }

    /// Asks them to end; answers whether they ended in order.
    pub async fn stop(mut self) -> bool {
        self.process.terminate().await.success()
    }

    /// Where the services answer.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Runs a client command to its end.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut all = arguments.to_vec();
        all.extend(["--address", &self.address]);
        run(&all)
    }

    /// What a client command answers as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        json_of(&self.command(&all))
    }

    /// Starts a client command as a process of its own, with a log of its own.
    pub fn spawn(&self, arguments: &[&str]) -> TestProcess {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).args(["--address", &self.address]);
        let log = tempfile::Builder::new().suffix(".log").tempfile_in(&self.folder).unwrap().keep().unwrap().1;
        TestProcess::start_command(&arguments.join(" "), command, &log).unwrap()
    }

    /// Waits until the books balance: a write that a crash interrupted is finished by the services themselves.
    pub async fn come_to_balance(&self) {
        let begun = std::time::Instant::now();
        loop {
            let verified = self.command(&["verify", "--json"]);
            if verified.status.success() {
                return;
            }
            assert!(begun.elapsed() < patience(), "{}", String::from_utf8_lossy(&verified.stdout));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A generated world as files to import: the orders in the Online Retail layout, locations and stock in ours.
pub struct Files {
    /// Orders and reversals.
    pub orders: PathBuf,
    /// One warehouse.
    pub locations: PathBuf,
    /// Some units of every item.
    pub stock: PathBuf,
    /// How many orders there are.
    pub order_count: usize,
    /// Units of all order lines.
    pub units: i64,
}

/// Writes a world of about so many lines into a folder.
pub fn write_files(folder: &Path, lines: u64) -> Files {
    let world = generate(5, WorldSize { lines, days: 20, items: 60 });
    let mut rows = format!("{}\n", HEADER.join(","));
    let (mut order_count, mut units) = (0, 0);
    for event in &world.events {
        if let DemandEvent::Ordered(order) = event {
            order_count += 1;
            units += order.lines.iter().map(|line| line.quantity).sum::<i64>();
        }
        write_rows(&mut rows, event, &world.events);
    }
    let mut stock = "item,location,quantity\n".to_owned();
    for item in &world.catalogue {
        writeln!(stock, "{},main,40", item.code).unwrap();
    }
    let files = Files {
        orders: folder.join("orders.csv"),
        locations: folder.join("locations.csv"),
        stock: folder.join("stock.csv"),
        order_count,
        units,
    };
    std::fs::write(&files.orders, rows).unwrap();
    std::fs::write(&files.locations, "location,kind,time_zone\nmain,warehouse,Europe/London\n").unwrap();
    std::fs::write(&files.stock, stock).unwrap();
    files
}

fn write_rows(rows: &mut String, event: &DemandEvent, all: &[DemandEvent]) {
    // The world's winter days are in Greenwich time, so the local time of the layout is the instant itself.
    let local = |at: jiff::Timestamp| at.to_string().replace('Z', "");
    match event {
        DemandEvent::Ordered(order) => {
            for line in &order.lines {
                let (item, quantity, price) = (&line.item, line.quantity, format_nanos(line.price_nanos));
                let customer = order.customer.as_deref().unwrap_or_default();
                let (id, at, country) = (&order.id, local(order.placed_at), &order.country);
                // The number of the line makes rows of the same item differ: equal rows are refused as duplicates.
                writeln!(rows, "{id},{item},thing {},{quantity},{at},{price},{customer},{country}", line.number)
                    .unwrap();
            }
        }
        DemandEvent::Reversed(reversal) => {
            for part in &reversal.parts {
                let order = all.iter().find_map(|event| match event {
                    DemandEvent::Ordered(order) if order.id == part.order => Some(order),
                    DemandEvent::Ordered(_) | DemandEvent::Reversed(_) => None,
                });
                let order = order.expect("a reversal follows its order");
                let line = order.lines.iter().find(|line| line.number == part.line).expect("the line is there");
                let customer = order.customer.as_deref().unwrap_or_default();
                let (id, at, price) = (&reversal.id, local(reversal.reversed_at), format_nanos(line.price_nanos));
                writeln!(rows, "{id},{},thing,-{},{at},{price},{customer},x", line.item, part.quantity).unwrap();
            }
        }
    }
}
