//! `backorder demo --policy FILE`: the same orders from the same seed once under each policy, and one table at the end.

use std::{fs, path::PathBuf};

use backorder_service_kit::shutdown::Shutdown;
use serde_json::{Value, json};

use super::{Demo, DemoArgs, folder, write_json};
use crate::{
    demo::{
        comparison::{Comparison, Served},
        policy_file::PolicyFile,
        tiers::{COSTS, PRICES, TIERS, Terms, Tier},
    },
    failure::Failure,
    output::Output,
};

/// Runs the demo under each policy, one after the other.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub(super) async fn run(
    args: &DemoArgs,
    policies: &[PolicyFile],
    shutdown: &Shutdown,
    output: Output,
) -> Result<(), Failure> {
    let (base, _temporary) = folder(args)?;
    let (mut served, mut reports, mut assumed) = (Vec::<Served>::new(), Vec::<Value>::new(), Vec::new());
    for (place, policy) in policies.iter().enumerate() {
        output.text(&format!("policy {} ({} of {}): {}", policy.name, place + 1, policies.len(), policy.words()));
        let folder = folder_of(&base, policy)?;
        let demo = Demo::prepare(args, &folder, Some(policy), output)?;
        if let Some(ruled) = &demo.ruled {
            assumed = assumptions(args, &ruled.terms);
        }
        let Some(told) = demo.run(args, shutdown, output).await? else { return Ok(()) };
        output.text(&format!(
            "policy {}: books balanced {}, digest {}\n",
            policy.name,
            told.is_balanced,
            told.report["digest"].as_str().unwrap_or_default()
        ));
        told.check()?;
        served.extend(told.served);
        reports.push(told.report);
    }
    let comparison = Comparison { served: &served, assumed: &assumed };
    output.text(&comparison.to_text());
    let mut json = comparison.to_json();
    if let Some(policies) = json["policies"].as_array_mut() {
        for (policy, report) in policies.iter_mut().zip(reports) {
            policy["report"] = report;
        }
    }
    json["seed"] = json!(args.seed);
    write_json(args, &json, output)
}

/// Each policy has a folder of its own, so that a run that was stopped goes on.
fn folder_of(base: &std::path::Path, policy: &PolicyFile) -> Result<PathBuf, Failure> {
    let folder = base.join(&policy.name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn assumptions(args: &DemoArgs, terms: &Terms) -> Vec<String> {
    let (gold, silver) = (terms.customers(Tier::Gold), terms.customers(Tier::Silver));
    let mut assumed = vec![
        format!("{TIERS}; here until {}, {gold} GOLD and {silver} SILVER customers", terms.window_end),
        COSTS.to_owned(),
    ];
    if args.orders.is_none() {
        assumed.push(PRICES.to_owned());
    }
    assumed
}
