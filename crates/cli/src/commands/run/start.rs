//! What a run is about, and its rules, as options.

use backorder_proto::allocation::v1::{
    RunMode, RunRules, RunScope, RunStrategy, SequenceKey, ServingSequence, StartRunRequest, TierStrategy,
};
use clap::{Args, ValueEnum};

use super::super::{order::context, policy::Key};
use crate::{args::ReasonArgs, client::Session, failure::Failure, output::text};

/// Which lines a run is about.
#[derive(Debug, Args)]
pub struct ScopeArgs {
    /// Only lines of this item; may be repeated. Left out, every item for which a line waits.
    #[arg(long = "item", value_name = "ITEM")]
    items: Vec<String>,
    /// Only lines that this location may serve; may be repeated.
    #[arg(long = "location", value_name = "LOCATION")]
    locations: Vec<String>,
    /// Only lines of customers of this tier; may be repeated.
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<String>,
    /// Only lines of this sales channel; may be repeated.
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<String>,
}

/// A run to start.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// What it is about.
    #[command(flatten)]
    scope: ScopeArgs,
    /// The rules.
    #[command(flatten)]
    rules: RuleArgs,
    /// Commit it as soon as it is simulated: lines give and get reserved units as it decides.
    #[arg(long)]
    commit: bool,
    /// Follow the run until it ends.
    #[arg(long)]
    pub wait: bool,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// The rules of a run. None named: the policy in force.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// A policy, as `backorder allocation-policy list` shows it, by the version that holds now.
    #[arg(long, value_name = "POLICY", conflicts_with_all = ["strategy", "tier_strategies", "keys"])]
    policy: Option<String>,
    /// The version of that number of the policy.
    #[arg(long, value_name = "NUMBER", requires = "policy")]
    policy_version: Option<i64>,
    /// What lines may gain and lose whose tier is not named: improve, unless another one is named.
    #[arg(long, value_enum, value_name = "STRATEGY")]
    strategy: Option<StrategyWord>,
    /// What the lines of a tier may gain and lose, for example GOLD=win; may be repeated.
    #[arg(long = "tier-strategy", value_name = "TIER=STRATEGY")]
    tier_strategies: Vec<String>,
    /// Serve by this key instead of the sequence in force; may be repeated, the most important one first.
    #[arg(long = "by", value_enum, value_name = "KEY")]
    keys: Vec<Key>,
    /// With --by tier: a tier, in the order in which they are served; may be repeated.
    #[arg(long = "tier-order", value_name = "TIER", requires = "keys")]
    tier_order: Vec<String>,
    /// With --by channel: a channel, in the order in which they are served; may be repeated.
    #[arg(long = "channel-order", value_name = "CHANNEL", requires = "keys")]
    channel_order: Vec<String>,
}

/// What a line may gain and lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StrategyWord {
    /// All of it on its day, or an exception.
    Win,
    /// Keeps at least what it has, or an exception.
    Gain,
    /// Keeps what it has where it can, and betters it.
    Improve,
    /// Gets what is left, and may lose.
    Redistribute,
    /// Keeps what is left of what it has, and gains nothing.
    Fill,
    /// Loses all of it.
    Lose,
    /// Is left out, and keeps what it has.
    Skip,
}

impl From<StrategyWord> for RunStrategy {
    fn from(word: StrategyWord) -> Self {
        match word {
            StrategyWord::Win => Self::Win,
            StrategyWord::Gain => Self::Gain,
            StrategyWord::Improve => Self::Improve,
            StrategyWord::Redistribute => Self::Redistribute,
            StrategyWord::Fill => Self::Fill,
            StrategyWord::Lose => Self::Lose,
            StrategyWord::Skip => Self::Skip,
        }
    }
}

impl ScopeArgs {
    /// The scope as a message.
    pub fn message(&self) -> RunScope {
        let named = |collection: &str, ids: &[String]| ids.iter().map(|id| text::named(collection, id)).collect();
        RunScope {
            items: named("items", &self.items),
            locations: named("locations", &self.locations),
            tiers: self.tiers.clone(),
            channels: self.channels.clone(),
        }
    }
}

impl StartArgs {
    /// The request.
    ///
    /// # Errors
    /// [`Failure`] for a strategy that is none.
    pub fn request(&self, session: &Session) -> Result<StartRunRequest, Failure> {
        let mode = if self.commit { RunMode::Commit } else { RunMode::Simulate }.into();
        Ok(StartRunRequest { mode, ..self.scope.request(self.rules.message()?, &self.why, session) })
    }
}

impl ScopeArgs {
    /// The request of a simulated run by rules.
    pub fn request(&self, rules: RunRules, why: &ReasonArgs, session: &Session) -> StartRunRequest {
        StartRunRequest {
            request_id: session.request_id(),
            scope: Some(self.message()),
            rules: Some(rules),
            context: context(why),
            mode: RunMode::Simulate.into(),
        }
    }
}

impl RuleArgs {
    /// The rules as a message.
    ///
    /// # Errors
    /// [`Failure`] for a strategy that is none.
    pub fn message(&self) -> Result<RunRules, Failure> {
        let sequence = ServingSequence {
            keys: self.keys.iter().map(|key| SequenceKey::from(*key).into()).collect(),
            tier_order: self.tier_order.clone(),
            channel_order: self.channel_order.clone(),
            etag: String::new(),
        };
        let policy = self.policy.as_ref().map(|policy| text::named("allocationPolicies", policy)).unwrap_or_default();
        Ok(RunRules {
            default_strategy: self.strategy.map(RunStrategy::from).unwrap_or_default().into(),
            tier_strategies: self.tier_strategies.iter().map(|text| tier_strategy(text)).collect::<Result<_, _>>()?,
            sequence: (!self.keys.is_empty()).then_some(sequence),
            policy: self.policy_version.map_or_else(|| policy.clone(), |number| format!("{policy}/versions/{number}")),
            ..RunRules::default()
        })
    }
}

fn tier_strategy(text: &str) -> Result<TierStrategy, Failure> {
    let parts = text.rsplit_once('=');
    let known = parts.and_then(|(tier, word)| Some((tier, StrategyWord::from_str(word, true).ok()?)));
    let (tier, strategy) = known.ok_or_else(|| {
        Failure::new(format!("{text:?} is no tier with its strategy"))
            .next("give it as TIER=STRATEGY, for example GOLD=win; see `backorder run start --help`")
    })?;
    Ok(TierStrategy { tier: tier.to_owned(), strategy: RunStrategy::from(strategy).into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_tier_stands_before_its_strategy() {
        let read = tier_strategy("A=B=win").unwrap();
        assert_eq!((read.tier.as_str(), read.strategy()), ("A=B", RunStrategy::Win));
        assert_eq!(tier_strategy("=skip").unwrap().tier, "", "customers without a tier");
        assert!(tier_strategy("GOLD").is_err() && tier_strategy("GOLD=best").is_err());
    }
}
