//! `backorder supply`: what is expected from suppliers.

use backorder_proto::inventory::v1::{
    AdviseShipmentRequest, BatchCreateSuppliesRequest, CancelSupplyRequest, GetSupplyRequest, ListSuppliesRequest,
    ListSuppliesResponse, Supply, UpdateSupplyRequest,
};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use prost_types::FieldMask;

use super::{pages, show};
use crate::{
    args::{PageArgs, ReasonArgs, UnitArg},
    client::{Session, requests},
    failure::Failure,
    import::supply::KINDS,
    output::{Output, text},
};

const PACKAGE: &str = "backorder.inventory.v1";

/// What to do with dated supply.
#[derive(Debug, Subcommand)]
pub enum SupplyCommand {
    /// List dated supply by item and expected date.
    List {
        /// Only of this item.
        #[arg(long, value_name = "ITEM")]
        item: Option<String>,
        /// Only at this location.
        #[arg(long, value_name = "LOCATION")]
        location: Option<String>,
        /// Only what still comes.
        #[arg(long)]
        open: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one supply.
    Get {
        /// The supply.
        supply: String,
    },
    /// Create a supply, for example a purchase order line.
    Create(CreateArgs),
    /// Change the quantity or the dates of a supply: promises move with it.
    Update(UpdateArgs),
    /// Cancel open units of a supply.
    Cancel {
        /// The supply.
        supply: String,
        /// Units; 0 means all that are open.
        #[arg(default_value_t = 0)]
        quantity: i64,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Record that units of a supply are under way, with a date of their own.
    Advise {
        /// The supply.
        supply: String,
        /// The shipment notice's id.
        notice: String,
        /// Units under way.
        quantity: i64,
        /// The unit in which the quantity counts.
        #[command(flatten)]
        unit: UnitArg,
        /// The day on which they are expected, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        expected: Date,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// A supply to create.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The supply's id, unique for ever.
    supply: String,
    /// The item.
    item: String,
    /// The location where it arrives.
    location: String,
    /// Units.
    quantity: i64,
    /// The unit in which the quantity counts.
    #[command(flatten)]
    unit: UnitArg,
    /// The day on which it is expected, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    expected: Date,
    /// The day that the supplier agreed to. Left out, the expected day.
    #[arg(long, value_name = "DATE")]
    agreed: Option<Date>,
    /// purchase_order_line or production.
    #[arg(long, default_value = "purchase_order_line", value_name = "KIND")]
    kind: String,
    /// Who supplies, an opaque text.
    #[arg(long, default_value = "", value_name = "TEXT")]
    supplier: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// A change of a supply.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The supply.
    supply: String,
    /// The day on which it is expected now, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    expected: Option<Date>,
    /// The day that the supplier agrees to now, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    agreed: Option<Date>,
    /// Units ordered in all.
    #[arg(long, value_name = "UNITS")]
    quantity: Option<i64>,
    /// The unit in which the quantity counts.
    #[command(flatten)]
    unit: UnitArg,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(command: SupplyCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        SupplyCommand::List { item, location, open, page } => {
            list(item, location, open, page.limit, session, output).await
        }
        SupplyCommand::Get { supply } => get(&supply, session, output).await,
        SupplyCommand::Create(args) => create(&args, session, output).await,
        SupplyCommand::Update(args) => update(&args, session, output).await,
        SupplyCommand::Cancel { supply, quantity, why } => cancel(&supply, quantity, &why, session, output).await,
        SupplyCommand::Advise { supply, notice, quantity, unit, expected, why } => {
            let request = AdviseShipmentRequest {
                request_id: session.request_id(),
                supply: text::named("supplies", &supply),
                shipment_notice_id: notice,
                quantity,
                unit: unit.unit,
                expected_date: Some(requests::date(expected)),
                reference: String::new(),
                context: context(&why),
            };
            advise(request, session, output).await
        }
    }
}

fn context(why: &ReasonArgs) -> Option<backorder_proto::common::v1::WriteContext> {
    Some(requests::context(&why.reason, &why.note))
}

async fn list(
    item: Option<String>,
    location: Option<String>,
    open_only: bool,
    limit: usize,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let item = item.map(|item| text::named("items", &item)).unwrap_or_default();
    let location = location.map(|location| text::named("locations", &location)).unwrap_or_default();
    let supplies = pages::collect(limit, |page_size, page_token| {
        let mut supply = session.clients.supply.clone();
        let (item, location) = (item.clone(), location.clone());
        let request = ListSuppliesRequest { page_size, page_token, item, location, open_only, expected_before: None };
        async move {
            let page = supply.list_supplies(request).await?.into_inner();
            Ok((page.supplies, page.next_page_token))
        }
    })
    .await?;
    let answer = ListSuppliesResponse { supplies, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListSuppliesResponse"), &answer, |answer| show::supplies(&answer.supplies))
}

async fn get(supply: &str, session: &Session, output: Output) -> Result<(), Failure> {
    let request = GetSupplyRequest { name: text::named("supplies", supply) };
    let supply = session.clients.supply.clone().get_supply(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.Supply"), &supply, |supply| show::supplies([supply]))
}

async fn create(args: &CreateArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let known = KINDS.iter().find(|(word, _)| *word == args.kind);
    let (_, kind) =
        known.ok_or_else(|| Failure::new(format!("{:?} is no kind of supply that may be created", args.kind)))?;
    let supply = Supply {
        name: text::named("supplies", &args.supply),
        item: text::named("items", &args.item),
        location: text::named("locations", &args.location),
        kind: *kind,
        ordered: args.quantity,
        ordered_unit: args.unit.unit.clone(),
        agreed_date: Some(requests::date(args.agreed.unwrap_or(args.expected))),
        expected_date: Some(requests::date(args.expected)),
        supplier: args.supplier.clone(),
        ..Supply::default()
    };
    let request = BatchCreateSuppliesRequest {
        request_id: session.request_id(),
        supplies: vec![supply],
        context: context(&args.why),
    };
    let answer = session.clients.supply.clone().batch_create_supplies(request).await?.into_inner();
    output
        .message(&format!("{PACKAGE}.BatchCreateSuppliesResponse"), &answer, |answer| show::supplies(&answer.supplies))
}

async fn update(args: &UpdateArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let changes = [
        (args.expected.is_some(), "expected_date"),
        (args.agreed.is_some(), "agreed_date"),
        (args.quantity.is_some(), "ordered"),
    ];
    let paths: Vec<String> = changes.iter().filter(|(is_set, _)| *is_set).map(|(_, path)| (*path).to_owned()).collect();
    if paths.is_empty() {
        return Err(Failure::new("nothing to change").next("give --expected, --agreed or --quantity"));
    }
    let supply = Supply {
        name: text::named("supplies", &args.supply),
        ordered: args.quantity.unwrap_or(0),
        ordered_unit: args.unit.unit.clone(),
        agreed_date: args.agreed.map(requests::date),
        expected_date: args.expected.map(requests::date),
        ..Supply::default()
    };
    let request = UpdateSupplyRequest {
        request_id: session.request_id(),
        supply: Some(supply),
        update_mask: Some(FieldMask { paths }),
        expected_version: 0,
        context: context(&args.why),
    };
    let answer = session.clients.supply.clone().update_supply(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.UpdateSupplyResponse"), &answer, |answer| {
        format!("{}\n{} claims changed", show::supplies(&answer.supply), answer.changed_claims.len())
    })
}

async fn cancel(
    supply: &str,
    quantity: i64,
    why: &ReasonArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let request = CancelSupplyRequest {
        request_id: session.request_id(),
        name: text::named("supplies", supply),
        quantity,
        context: context(why),
    };
    let answer = session.clients.supply.clone().cancel_supply(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.CancelSupplyResponse"), &answer, |answer| {
        format!("{}\n{} claims changed", show::supplies(&answer.supply), answer.changed_claims.len())
    })
}

async fn advise(request: AdviseShipmentRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.supply.clone().advise_shipment(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.AdviseShipmentResponse"), &answer, |answer| {
        show::supplies(answer.shipment_notice.iter().chain(&answer.supply))
    })
}
