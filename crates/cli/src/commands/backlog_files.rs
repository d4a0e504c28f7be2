//! `backorder import backlog`: the open orders of another system, with its open purchase orders.

use std::{path::Path, sync::Arc};

use backorder_domain::ids::IdProvider;
use backorder_proto::allocation::v1::ReservationShortage;
use backorder_service_kit::ids::RandomIds;
use serde_json::{Value, json};

use super::import::{ImportArgs, content_name};
use crate::{
    client::Session,
    failure::Failure,
    import::{
        backlog::{self, BacklogImporter, import_name},
        drive::{self, Watched},
        report::Report,
        rows::Rows,
        supply::{self, SupplyImport},
    },
    input::{self, Input},
    output::{
        Output,
        progress::Progress,
        table::{
            Column::{Number, Words},
            render,
        },
        text,
    },
};

/// What was taken over, beside what the report of the open orders counts.
pub(super) struct TakenOver {
    import: String,
    purchase_orders: Option<Report>,
    shortages: Vec<ReservationShortage>,
}

/// Imports the purchase orders, when there are some, and then the open orders.
pub(super) async fn take_over(
    args: &ImportArgs,
    input: Input,
    session: &Session,
    report: &mut Report,
    watched: &Watched,
) -> Result<TakenOver, Failure> {
    let purchase_orders = match &args.purchase_orders {
        Some(file) => Some(import_supply(file, args.in_flight, session).await?),
        None => None,
    };
    let ids: Arc<dyn IdProvider> = Arc::new(RandomIds);
    let import = import_name(args.import.as_deref(), &args.file);
    let document = content_name(&args.file)?;
    let importer = BacklogImporter { clients: session.clients.clone(), ids, import: import.clone(), document };
    let shortages = importer.run(Rows::open(input.reader, &backlog::REQUIRED)?, report, watched).await?;
    Ok(TakenOver { import, purchase_orders, shortages })
}

async fn import_supply(file: &Path, in_flight: usize, session: &Session) -> Result<Report, Failure> {
    let ids: Arc<dyn IdProvider> = Arc::new(RandomIds);
    let import = SupplyImport { clients: session.clients.clone(), ids, document: content_name(file)? };
    let mut report = Report::default();
    let input = input::open(file)?;
    let watched = Watched { progress: Progress::hidden(), read: input.progress };
    let rows = Rows::open(input.reader, &supply::REQUIRED)?;
    drive::run(&import, rows, in_flight, &mut report, &watched).await?;
    Ok(report)
}

/// Shows what was taken over and what comes next.
pub(super) fn show(orders: &Report, taken: &TakenOver, output: Output) {
    if output.is_json() {
        let short = |line: &ReservationShortage| json!({"line": line.line, "reserved_before": line.reserved_before, "reserved": line.reserved});
        let mut value = orders.to_json();
        value["import"] = json!(taken.import);
        value["shortages"] = taken.shortages.iter().map(short).collect();
        value["purchase_orders"] = taken.purchase_orders.as_ref().map_or(Value::Null, Report::to_json);
        output.value(&value);
        return;
    }
    if let Some(report) = &taken.purchase_orders {
        output.text(&format!("purchase orders: {}", report.to_text()));
    }
    output.text(&format!("open orders: {}", orders.to_text()));
    if !taken.shortages.is_empty() {
        let columns = [Words("line"), Number("reserved before"), Number("reserved here")];
        let row = |short: &ReservationShortage| {
            vec![text::line(&short.line), short.reserved_before.to_string(), short.reserved.to_string()]
        };
        let table = render(&columns, taken.shortages.iter().map(row));
        output.text(&format!("\nnot all that was reserved before is here; what is missing waits\n{table}"));
    }
    let import = text::id(&taken.import);
    output.text(&format!("\nnext: `backorder golive preview {import}`, then `backorder golive confirm {import}`"));
}
