//! `backorder shipment`: what left together, and what arrived.

use backorder_proto::allocation::v1::{
    ConfirmDeliveryRequest, DeliveredLine, DocumentState, GetShipmentRequest, ListShipmentsRequest,
    ListShipmentsResponse, Shipment, ShipmentState,
};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{
    order::{context, line_name},
    pages,
    shipped_batches::{self, BatchesArgs, TimeArgs},
};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
    picked,
};

const PACKAGE: &str = "backorder.allocation.v1";

const SHIPMENTS: [Column; 6] =
    [Words("shipment"), Words("left"), Words("carrier"), Words("tracking"), Number("units"), Words("state")];

const LINES: [Column; 8] = [
    Words("line"),
    Words("location"),
    Number("left"),
    Number("accepted"),
    Number("damaged"),
    Number("refused"),
    Number("unfit"),
    Words("batches"),
];

/// What to do with shipments.
#[derive(Debug, Subcommand)]
pub enum ShipmentCommand {
    /// Show a shipment with its lines.
    Get {
        /// The shipment, as `backorder shipment list` names it.
        shipment: String,
    },
    /// List shipments by the time when they left.
    List {
        /// Only shipments with goods of this order.
        #[arg(long, value_name = "ORDER")]
        order: Option<String>,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// List what left of named batches and of other owners' stock, oldest first.
    Batches(BatchesArgs),
    /// Sum up what left by owner and item, with what it cost: of consigned stock that is owed to its owner.
    Owners(TimeArgs),
    /// Tell what arrived. Of lines that are not named everything arrived in order.
    Deliver(DeliverArgs),
}

/// What arrived.
#[derive(Debug, Args)]
pub struct DeliverArgs {
    /// The shipment.
    shipment: String,
    /// Lines of which not all arrived in order, as ORDER/NUMBER=ACCEPTED,DAMAGED,REFUSED.
    #[arg(value_name = "LINE=ACCEPTED,DAMAGED,REFUSED")]
    lines: Vec<String>,
    /// When the goods arrived, an instant such as 2026-01-05T09:30:00Z. Left out, now.
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    /// The documents were right (`true`) or wrong (`false`). Left out, nobody looked.
    #[arg(long, value_name = "BOOL")]
    documents_correct: Option<bool>,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: ShipmentCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.shipments.clone();
    match command {
        ShipmentCommand::Get { shipment } => {
            let request = GetShipmentRequest { name: text::named("shipments", &shipment) };
            let shipment = client.get_shipment(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.Shipment"), &shipment, whole)
        }
        ShipmentCommand::List { order, page } => list(order.as_deref(), &page, session, output).await,
        ShipmentCommand::Batches(args) => shipped_batches::batches(args, session, output).await,
        ShipmentCommand::Owners(time) => shipped_batches::owners(time, session, output).await,
        ShipmentCommand::Deliver(args) => {
            let documents = match args.documents_correct {
                None => DocumentState::Unspecified,
                Some(true) => DocumentState::Correct,
                Some(false) => DocumentState::Wrong,
            };
            let lines: Result<Vec<DeliveredLine>, Failure> = args.lines.iter().map(|line| delivered(line)).collect();
            let request = ConfirmDeliveryRequest {
                request_id: session.request_id(),
                name: text::named("shipments", &args.shipment),
                delivery_time: args.at.map(backorder_proto::convert::encode::timestamp),
                documents: documents.into(),
                lines: lines?,
                context: context(&args.why),
            };
            let shipment = client.confirm_delivery(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.Shipment"), &shipment, whole)
        }
    }
}

async fn list(order: Option<&str>, page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let order = order.map(|order| text::named("orders", order)).unwrap_or_default();
    let shipments = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.shipments.clone();
        let request = ListShipmentsRequest { page_size, page_token, order: order.clone() };
        async move {
            let page = client.list_shipments(request).await?.into_inner();
            Ok((page.shipments, page.next_page_token))
        }
    })
    .await?;
    let answer = ListShipmentsResponse { shipments, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListShipmentsResponse"), &answer, |answer| table(&answer.shipments))
}

fn delivered(text: &str) -> Result<DeliveredLine, Failure> {
    let wrong = || {
        Failure::new(format!("{text:?} does not say what arrived"))
            .next("write ORDER/NUMBER=ACCEPTED,DAMAGED,REFUSED, for example A-17/3=4,1,0")
    };
    let (line, numbers) = text.split_once('=').ok_or_else(wrong)?;
    let numbers: Vec<i64> = numbers.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let [accepted, damaged, refused] = numbers.as_slice() else { return Err(wrong()) };
    Ok(DeliveredLine {
        line: line_name(line)?,
        location: String::new(),
        accepted: *accepted,
        damaged: *damaged,
        refused: *refused,
    })
}

const fn state(shipment: ShipmentState) -> &'static str {
    match shipment {
        ShipmentState::Unspecified => "",
        ShipmentState::Shipped => "shipped",
        ShipmentState::Delivered => "delivered",
    }
}

fn table(shipments: &[Shipment]) -> String {
    render(
        &SHIPMENTS,
        shipments.iter().map(|shipment| {
            let details = shipment.details.clone().unwrap_or_default();
            let units: i64 = shipment.lines.iter().map(|line| line.quantity).sum();
            vec![
                text::id(&shipment.name).to_owned(),
                text::time(shipment.ship_time.as_ref()),
                details.carrier,
                details.tracking_number,
                units.to_string(),
                state(shipment.state()).to_owned(),
            ]
        }),
    )
}

fn whole(shipment: &Shipment) -> String {
    let lines = render(
        &LINES,
        shipment.lines.iter().map(|line| {
            let numbers = [line.quantity, line.accepted, line.damaged, line.refused, line.unfit];
            let mut row = vec![text::line(&line.line), text::id(&line.location).to_owned()];
            row.extend(numbers.map(|number| number.to_string()));
            row.push(picked::shown(&line.batches));
            row
        }),
    );
    format!("{}\n\n{lines}", table(std::slice::from_ref(shipment)))
}
