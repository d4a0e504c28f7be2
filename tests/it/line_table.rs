//! What each command does to a line in each state: one table, asked cell by cell through the public RPCs.
//!
//! A cell is what the line's two units are after the command, as open/reserved/released/shipped/cancelled, or why the
//! command is refused. A dot stands where the command has nothing that it could name.

use backorder_proto::allocation::v1::{
    ConfirmQuoteRequest, HoldType, ListShipmentsRequest, OrderLine, RecallState, ReturnOrderLinesRequest, ReturnedLine,
    ShortageInstruction,
};
use backorder_testkit::{Backend, on_each_backend};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, because, reason, request_id},
};
use prost_types::Timestamp;
use tonic::Status;
use tonic_types::StatusExt as _;

/// `state` is ORDER_STATE_CONFLICT, other capitals are reasons too. Words name the units of which the line has too few,
/// LINE_QUANTITY_CONFLICT. A line that is shipped, cancelled or refused whole ends its order. Units that the
/// warehouse was asked to give back are cancelled when they come, which `cancel` of a recalled line does not show yet.
const TABLE: &str = "
line           | confirm    | raise     | lower            | cancel               | release   | recall                    | give back            | short pick           | ship                 | deliver                 | return
quoted         | 0/2/0/0/0  | state     | state            | 0/1/0/0/1            | state     | state                     | .                    | state                | state                | .                       | state
waiting        | QUOTE_GONE | 3/0/0/0/0 | 1/0/0/0/0        | 1/0/0/0/1            | reserved  | released and not recalled | .                    | released             | reserved or released | .                       | shipped and not returned
reserved       | QUOTE_GONE | 1/2/0/0/0 | 0/1/0/0/0        | 0/1/0/0/1            | 0/1/1/0/0 | released and not recalled | .                    | released             | 0/1/0/1/0            | .                       | shipped and not returned
partly served  | QUOTE_GONE | 2/1/0/0/0 | 0/1/0/0/0        | 0/1/0/0/1            | 1/0/1/0/0 | released and not recalled | .                    | released             | 1/0/0/1/0            | .                       | shipped and not returned
released       | QUOTE_GONE | 1/0/2/0/0 | open or reserved | 0/0/2/0/0 recalled 1 | reserved  | 0/0/2/0/0 recalled 1      | .                    | 1/0/1/0/0            | 0/0/1/1/0            | .                       | shipped and not returned
recalled       | QUOTE_GONE | 1/0/2/0/0 | open or reserved | 0/0/2/0/0            | reserved  | released and not recalled | 0/1/1/0/0 recalled 0 | 1/0/1/0/0 recalled 1 | 0/0/1/1/0 recalled 1 | .                       | shipped and not returned
partly shipped | QUOTE_GONE | 1/1/0/1/0 | 0/0/0/1/0        | 0/0/0/1/1            | 0/0/1/1/0 | released and not recalled | .                    | released             | 0/0/0/2/0            | 0/1/0/1/0 delivered 1   | 0/1/0/1/0 returned 1
shipped        | QUOTE_GONE | state     | state            | state                | state     | state                     | .                    | state                | state                | 0/0/0/2/0 delivered 2   | 0/0/0/2/0 returned 1
delivered      | QUOTE_GONE | state     | state            | state                | state     | state                     | .                    | state                | state                | SHIPMENT_STATE_CONFLICT | 0/0/0/2/0 returned 1
returned       | QUOTE_GONE | state     | state            | state                | state     | state                     | .                    | state                | state                | 0/0/0/2/0 delivered 2   | shipped and not returned
cancelled      | QUOTE_GONE | state     | state            | state                | state     | state                     | .                    | state                | state                | .                       | state
refused        | QUOTE_GONE | state     | state            | state                | state     | state                     | .                    | state                | state                | .                       | state
";

/// What people decide about a line beside what happens to its units. A line that takes no stock any more says so; the added line that a
/// substitution makes is not told here.
const DECISIONS_TABLE: &str = "
line           | hold             | pin       | go first  | consent   | substitute              | ask supplier
quoted         | 0/2/0/0/0 barred | state     | state     | state     | NOTHING_WAITS           | state
waiting        | 2/0/0/0/0 barred | 2/0/0/0/0 | 2/0/0/0/0 | 2/0/0/0/0 | 1/0/0/0/1 substituted 1 | 2/0/0/0/0
reserved       | 0/2/0/0/0 barred | 0/2/0/0/0 | 0/2/0/0/0 | 0/2/0/0/0 | NOTHING_WAITS           | open and not asked for
partly served  | 1/1/0/0/0 barred | 1/1/0/0/0 | 1/1/0/0/0 | 1/1/0/0/0 | 0/1/0/0/1 substituted 1 | 1/1/0/0/0 barred
released       | 0/0/2/0/0 barred | 0/0/2/0/0 | 0/0/2/0/0 | 0/0/2/0/0 | NOTHING_WAITS           | open and not asked for
recalled       | 0/0/2/0/0 barred | 0/0/2/0/0 | 0/0/2/0/0 | 0/0/2/0/0 | NOTHING_WAITS           | open and not asked for
partly shipped | 0/1/0/1/0 barred | 0/1/0/1/0 | 0/1/0/1/0 | 0/1/0/1/0 | NOTHING_WAITS           | open and not asked for
shipped        | state            | state     | state     | state     | NOTHING_WAITS           | state
delivered      | state            | state     | state     | state     | NOTHING_WAITS           | state
returned       | state            | state     | state     | state     | NOTHING_WAITS           | state
cancelled      | state            | state     | state     | state     | NOTHING_WAITS           | state
refused        | state            | state     | state     | state     | NOTHING_WAITS           | state
";

/// The states of a line, in the order of the table.
const STATES: [&str; 12] = [
    "quoted",
    "waiting",
    "reserved",
    "partly served",
    "released",
    "recalled",
    "partly shipped",
    "shipped",
    "delivered",
    "returned",
    "cancelled",
    "refused",
];

/// The commands, in the order of the table.
const COMMANDS: [&str; 11] = [
    "confirm",
    "raise",
    "lower",
    "cancel",
    "release",
    "recall",
    "give back",
    "short pick",
    "ship",
    "deliver",
    "return",
];

/// The decisions, in the order of their table.
const DECISIONS: [&str; 6] = ["hold", "pin", "go first", "consent", "substitute", "ask supplier"];

/// One line of two units, in a world that it has for itself.
struct Subject<'w> {
    world: &'w World,
    name: String,
}

impl Subject<'_> {
    async fn make(&self, state: &str, command: &str) {
        let Self { world, name } = self;
        world.item(name).await;
        if command == "substitute" {
            let other = format!("other-{name}");
            world.item(&other).await;
            world.receive(&other, "main", 2).await;
            world.may_be_replaced(name, &other, |_| {}).await;
        }
        if command == "ask supplier" {
            world.report("maker", name, 2, 1).await;
        }
        let stock = match state {
            "waiting" | "refused" => 0,
            "partly served" => 1,
            _ => 2,
        };
        if stock > 0 {
            world.receive(name, "main", stock).await;
        }
        let mut draft = world.draft(name).line(name, 2);
        draft.order().lines[0].substitution_allowed = true;
        match state {
            "quoted" => drop(draft.quote(3_600).await.expect("quoted")),
            "refused" => drop(draft.on_shortage(ShortageInstruction::NoBackOrder).place().await.expect("answered")),
            _ => drop(draft.place().await.expect("placed")),
        }
        match state {
            "released" => world.release(name, 1, 2).await.expect("released"),
            "recalled" => {
                world.release(name, 1, 2).await.expect("released");
                drop(world.recall(name, 1, 2).await.expect("recalled"));
            }
            "partly shipped" => drop(world.ship(name, 1, 1).await.expect("shipped")),
            "shipped" => drop(world.ship(name, 1, 2).await.expect("shipped")),
            "delivered" => {
                world.ship(name, 1, 2).await.expect("shipped");
                self.deliver().await.expect("a shipment").expect("delivered");
            }
            "returned" => {
                world.ship(name, 1, 2).await.expect("shipped");
                self.give_back(2).await.expect("returned");
            }
            "cancelled" => drop(world.cancel(name, 1, 2).await.expect("cancelled")),
            _ => {}
        }
    }

    /// Gives the command, about one unit; `None` when it has nothing to name.
    async fn command(&self, command: &str) -> Option<Result<(), Status>> {
        let Self { world, name } = self;
        let answer = match command {
            "confirm" => {
                let name = world.order_name(name);
                let request = ConfirmQuoteRequest { request_id: request_id(), name, context: None };
                world.allocation.orders.clone().confirm_quote(request).await.map(drop)
            }
            "raise" => world.amend(name, 1, 3).await.map(drop),
            "lower" => world.amend(name, 1, 1).await.map(drop),
            "cancel" => world.cancel(name, 1, 1).await.map(drop),
            "release" => world.release(name, 1, 1).await,
            "recall" => world.recall(name, 1, 1).await.map(drop),
            "give back" => {
                let line = world.line_name(name, 1);
                let recalls = world.recalls().await;
                let recall =
                    recalls.iter().find(|recall| recall.line == line && recall.state() == RecallState::Pending)?;
                world.answer_recall(&recall.name, 1).await.map(drop)
            }
            "short pick" => world.short_pick(name, 1, 1, false).await,
            "ship" => world.ship(name, 1, 1).await.map(drop),
            "deliver" => return self.deliver().await,
            "return" => self.give_back(1).await,
            "hold" => world.try_hold(&world.line_name(name, 1), HoldType::Credit, None).await.map(drop),
            "pin" => world.pin(name, None).await.map(drop),
            "go first" => {
                let long_ago = Timestamp { seconds: 1_000_000_000, nanos: 0 };
                world.change_queue_time(name, long_ago).await.map(drop)
            }
            "consent" => world.consent(name, &[1]).await.map(drop),
            "ask supplier" => world.take(name, 1, "maker").await.map(drop),
            "substitute" => world.substitute(&world.substitution(name, 1)).await.map(drop),
            other => panic!("no command {other}"),
        };
        Some(answer)
    }

    async fn deliver(&self) -> Option<Result<(), Status>> {
        let request = ListShipmentsRequest { order: self.world.order_name(&self.name), ..Default::default() };
        let shipments = self.world.allocation.shipments.clone().list_shipments(request).await.expect("listed");
        let shipment = shipments.into_inner().shipments.pop()?;
        Some(self.world.deliver(&shipment.name, Vec::new()).await.map(drop))
    }

    async fn give_back(&self, quantity: i64) -> Result<(), Status> {
        let line = ReturnedLine {
            name: self.world.line_name(&self.name, 1),
            quantity,
            location: self.world.location_name("main"),
            disposition: backorder_proto::allocation::v1::Disposition::Scrap.into(),
            ..Default::default()
        };
        let request = ReturnOrderLinesRequest {
            request_id: request_id(),
            lines: vec![line],
            return_time: None,
            context: because("broken"),
        };
        self.world.allocation.orders.clone().return_order_lines(request).await.map(drop)
    }
}

/// What the cell of the table says.
fn cell(answer: Option<Result<(), Status>>, before: &OrderLine, after: &OrderLine) -> String {
    let units = |line: &OrderLine| {
        format!("{}/{}/{}/{}/{}", line.open, line.reserved, line.released, line.shipped, line.cancelled)
    };
    match answer {
        None => ".".to_owned(),
        Some(Err(status)) => {
            assert_eq!(units(before), units(after), "what is refused changes nothing");
            let details = status.get_error_details();
            let told = |key: &str| details.error_info().and_then(|info| info.metadata.get(key).cloned());
            match (reason(&status).as_str(), told("takes").or_else(|| told("why"))) {
                ("ORDER_STATE_CONFLICT", _) => "state".to_owned(),
                ("LINE_QUANTITY_CONFLICT" | "LINE_NOT_SUBSTITUTABLE", Some(kind)) => kind,
                (reason, _) => reason.to_owned(),
            }
        }
        Some(Ok(())) => {
            let mut cell = units(after);
            for (name, was, is) in [
                ("recalled", before.recalling, after.recalling),
                ("delivered", before.delivered, after.delivered),
                ("returned", before.returned, after.returned),
                ("substituted", before.substituted, after.substituted),
            ] {
                if was != is {
                    cell.push_str(&format!(" {name} {is}"));
                }
            }
            if after.barriers != before.barriers {
                cell.push_str(" barred");
            }
            cell
        }
    }
}

async fn is_as_told(backend: Backend, commands: &[&str], told: &str) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("table");
    world.warehouse("main", 1).await;
    let mut rows = vec![std::iter::once("line").chain(commands.iter().copied()).map(str::to_owned).collect::<Vec<_>>()];
    for state in STATES {
        let mut row = vec![state.to_owned()];
        for command in commands {
            let subject = Subject { world: &world, name: format!("{state}-{command}").replace(' ', "-") };
            subject.make(state, command).await;
            let before = world.line(&subject.name, 1).await;
            let answer = subject.command(command).await;
            world.idle().await;
            let after = world.line(&subject.name, 1).await;
            row.push(cell(answer, &before, &after));
        }
        rows.push(row);
    }
    let table = render(&rows);
    assert_eq!(table.trim(), told.trim(), "\n{table}");
    world.books_balance().await;
    cluster.stop().await;
}

async fn every_command_does_in_every_state_what_the_table_says(backend: Backend) {
    is_as_told(backend, &COMMANDS, TABLE).await;
}

async fn every_decision_does_in_every_state_what_its_table_says(backend: Backend) {
    is_as_told(backend, &DECISIONS, DECISIONS_TABLE).await;
}

on_each_backend!(
    every_command_does_in_every_state_what_the_table_says,
    every_decision_does_in_every_state_what_its_table_says,
);

fn render(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().enumerate().map(|(at, cell)| format!("{cell:<width$}", width = width(at))).collect();
        cells.join(" | ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
