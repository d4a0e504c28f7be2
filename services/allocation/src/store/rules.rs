//! Queries of policies and of the serving sequence.

use backorder_domain::{
    allocation::sequence::ServingSequence,
    ids::{ItemId, LocationId, PolicyId},
    order::{
        policy::{BackorderPolicy, Scope, WaitDays, WaitStart},
        promise_rule::PromiseRule,
        wait::AskRule,
    },
    quantity::Quantity,
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, allocation as convert},
};
use backorder_storage::{StorageError, Store, WriteTx, columns};
use sea_orm::{
    ActiveValue::NotSet, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, sea_query::OnConflict,
};

use super::entity::{backorder_policy, rule_write, serving_sequence};
use crate::order::{texts, wait};

const POLICY: &str = "backorder_policy";

/// A policy with its version and times.
#[derive(Debug, Clone)]
pub struct StoredPolicy {
    /// The policy.
    pub policy: BackorderPolicy,
    /// Counts the changes.
    pub version: i64,
    /// When it was created, in microseconds.
    pub created_at: i64,
    /// When it was changed last, in microseconds.
    pub updated_at: i64,
}

/// The serving sequence with its version.
#[derive(Debug, Clone, Default)]
pub struct StoredSequence {
    /// The sequence; the default one before the first change.
    pub sequence: ServingSequence,
    /// Counts the changes.
    pub version: i64,
    /// The version to which all waiting lines were brought.
    pub applied_version: i64,
}

/// All policies by id.
pub async fn all_policies(store: &Store) -> Result<Vec<BackorderPolicy>, StorageError> {
    let rows = backorder_policy::Entity::find().order_by_asc(backorder_policy::Column::Id).all(store.reader()).await?;
    rows.into_iter().map(|row| stored(row).map(|stored| stored.policy)).collect()
}

/// Policies after an id.
pub async fn list_policies(store: &Store, after: Option<&str>, limit: u64) -> Result<Vec<StoredPolicy>, StorageError> {
    use backorder_policy::Column as C;
    let mut query = backorder_policy::Entity::find().order_by_asc(C::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(C::Id.gt(after));
    }
    query.all(store.reader()).await?.into_iter().map(stored).collect()
}

/// One policy.
pub async fn find_policy(connection: &impl ConnectionTrait, id: &str) -> Result<Option<StoredPolicy>, StorageError> {
    let row = backorder_policy::Entity::find_by_id(id).one(connection).await?;
    row.map(stored).transpose()
}

/// One policy, locked.
pub async fn lock_policy_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<Option<StoredPolicy>, StorageError> {
    let row = backorder_policy::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    row.map(stored).transpose()
}

/// Writes a new policy. Answers false, and writes nothing, when one of the id is there.
pub async fn insert_policy_in_tx(tx: &WriteTx<'_>, policy: &StoredPolicy) -> Result<bool, StorageError> {
    let none = OnConflict::column(backorder_policy::Column::Id).do_nothing().to_owned();
    let inserted = backorder_policy::Entity::insert(row(policy).into_active_model())
        .on_conflict(none)
        .exec_without_returning(tx)
        .await?;
    Ok(inserted == 1)
}

/// Writes a policy over the one that is there, if any.
pub async fn put_policy_in_tx(tx: &WriteTx<'_>, policy: &StoredPolicy) -> Result<(), StorageError> {
    use backorder_policy::Column as C;
    let columns = [
        C::ItemId,
        C::Category,
        C::Channel,
        C::LocationId,
        C::CustomerTier,
        C::Allowed,
        C::WaitingLimit,
        C::AcceptableWaitDays,
        C::WaitDayType,
        C::WaitStart,
        C::AfterWait,
        C::AskDaysBefore,
        C::AnswerDays,
        C::AfterSilence,
        C::WaitNearDays,
        C::PromiseLaterDays,
        C::PromiseEarlierDays,
        C::PromiseStableHours,
        C::SplitAllowed,
        C::MinimumPerLocation,
        C::ShipSetDays,
        C::Locations,
        C::EffectiveFrom,
        C::EffectiveTo,
        C::Version,
        C::UpdatedAt,
    ];
    let replacing = OnConflict::column(C::Id).update_columns(columns).to_owned();
    backorder_policy::Entity::insert(row(policy).into_active_model())
        .on_conflict(replacing)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Removes a policy; answers whether it was there.
pub async fn remove_policy_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<bool, StorageError> {
    Ok(backorder_policy::Entity::delete_by_id(id).exec(tx).await?.rows_affected == 1)
}

fn row(stored: &StoredPolicy) -> backorder_policy::Model {
    let policy = &stored.policy;
    backorder_policy::Model {
        id: policy.id.to_string(),
        item_id: policy.scope.item.as_ref().map(ToString::to_string),
        category: policy.scope.category.clone(),
        channel: policy.scope.channel.clone(),
        location_id: policy.scope.location.as_ref().map(ToString::to_string),
        customer_tier: policy.scope.tier.clone(),
        allowed: policy.allowed,
        waiting_limit: policy.waiting_limit.map(Quantity::get),
        acceptable_wait_days: policy.acceptable_wait_days.map(i32::from),
        wait_day_type: convert::wait_days(policy.wait_days).as_str_name().to_owned(),
        wait_start: convert::wait_start(policy.wait_start).as_str_name().to_owned(),
        after_wait: convert::after_wait(policy.after_wait).as_str_name().to_owned(),
        ask_days_before: i32::from(policy.ask.days_before),
        answer_days: i32::from(policy.ask.answer_days),
        after_silence: convert::after_silence(policy.ask.after_silence).as_str_name().to_owned(),
        wait_near_days: i32::from(policy.wait_near_days),
        promise_later_days: i32::from(policy.promise_rule.later_days),
        promise_earlier_days: i32::from(policy.promise_rule.earlier_days),
        promise_stable_hours: i32::from(policy.promise_rule.stable_hours),
        split_allowed: policy.split_allowed,
        minimum_per_location: policy.minimum_per_location.get(),
        ship_set_days: i32::from(policy.ship_set_days),
        locations: texts::locations(&policy.locations),
        effective_from: policy.effective_from.map(columns::date_text),
        effective_to: policy.effective_to.map(columns::date_text),
        version: stored.version,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}

fn stored(row: backorder_policy::Model) -> Result<StoredPolicy, StorageError> {
    let (version, created_at, updated_at) = (row.version, row.created_at, row.updated_at);
    let id = row.id.clone();
    let effective_from = columns::optional_date(row.effective_from.as_deref(), POLICY)?;
    let effective_to = columns::optional_date(row.effective_to.as_deref(), POLICY)?;
    let policy = policy_of(row).map(|policy| BackorderPolicy { effective_from, effective_to, ..policy });
    let policy = policy
        .ok_or_else(|| StorageError::InvalidRow { table: POLICY, detail: format!("policy {id} is no valid one") })?;
    Ok(StoredPolicy { policy, version, created_at, updated_at })
}

/// The policy of a row, without its dates.
fn policy_of(row: backorder_policy::Model) -> Option<BackorderPolicy> {
    let units = |number: i64| Quantity::try_new(number).ok();
    let locations = texts::locations_of(&row.locations).map(LocationId::try_new);
    Some(BackorderPolicy {
        id: PolicyId::try_new(row.id).ok()?,
        scope: Scope {
            item: row.item_id.map(ItemId::try_new).transpose().ok()?,
            category: row.category,
            tier: row.customer_tier,
            channel: row.channel,
            location: row.location_id.map(LocationId::try_new).transpose().ok()?,
        },
        allowed: row.allowed,
        waiting_limit: row.waiting_limit.and_then(units),
        acceptable_wait_days: row.acceptable_wait_days.and_then(|days| u16::try_from(days).ok()),
        wait_days: if row.wait_day_type == pb::WaitDayType::Working.as_str_name() {
            WaitDays::Working
        } else {
            WaitDays::Calendar
        },
        wait_start: if row.wait_start == pb::WaitStart::RequestedDate.as_str_name() {
            WaitStart::RequestedDate
        } else {
            WaitStart::OrderTime
        },
        after_wait: wait::after_wait_of(&row.after_wait),
        ask: AskRule {
            days_before: u16::try_from(row.ask_days_before).ok()?,
            answer_days: u16::try_from(row.answer_days).ok()?,
            after_silence: wait::after_silence_of(&row.after_silence),
        },
        wait_near_days: u16::try_from(row.wait_near_days).ok()?,
        promise_rule: PromiseRule {
            later_days: u16::try_from(row.promise_later_days).ok()?,
            earlier_days: u16::try_from(row.promise_earlier_days).ok()?,
            stable_hours: u16::try_from(row.promise_stable_hours).ok()?,
        },
        split_allowed: row.split_allowed,
        minimum_per_location: units(row.minimum_per_location)?,
        ship_set_days: u16::try_from(row.ship_set_days).ok()?,
        locations: locations.collect::<Result<_, _>>().ok()?,
        effective_from: None,
        effective_to: None,
    })
}

/// The serving sequence.
pub async fn sequence(store: &Store) -> Result<StoredSequence, StorageError> {
    sequence_of(serving_sequence::Entity::find_by_id(1).one(store.reader()).await?)
}

/// The serving sequence, locked. Before the first change its row is written, so that there is something to lock.
pub async fn lock_sequence_in_tx(tx: &WriteTx<'_>) -> Result<StoredSequence, StorageError> {
    let none = OnConflict::column(serving_sequence::Column::Id).do_nothing().to_owned();
    serving_sequence::Entity::insert(sequence_row(&StoredSequence::default(), 0).into_active_model())
        .on_conflict(none)
        .exec_without_returning(tx)
        .await?;
    sequence_of(serving_sequence::Entity::find_by_id(1).lock_exclusive().one(tx).await?)
}

/// Writes the serving sequence.
pub async fn put_sequence_in_tx(tx: &WriteTx<'_>, stored: &StoredSequence, now: i64) -> Result<(), StorageError> {
    use serving_sequence::Column as C;
    let columns = [C::Keys, C::Tiers, C::Channels, C::Version, C::AppliedVersion, C::UpdatedAt];
    let replacing = OnConflict::column(C::Id).update_columns(columns).to_owned();
    serving_sequence::Entity::insert(sequence_row(stored, now).into_active_model())
        .on_conflict(replacing)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

fn sequence_row(stored: &StoredSequence, now: i64) -> serving_sequence::Model {
    let sequence = &stored.sequence;
    let keys: Vec<&str> = sequence.keys().iter().map(|key| convert::sequence_key(*key).as_str_name()).collect();
    serving_sequence::Model {
        id: 1,
        keys: keys.join(" "),
        tiers: sequence.tiers().join("\n"),
        channels: sequence.channels().join("\n"),
        version: stored.version,
        applied_version: stored.applied_version,
        updated_at: now,
    }
}

/// Records who changed a rule and why.
pub async fn write_note_in_tx(tx: &WriteTx<'_>, note: rule_write::Model) -> Result<(), StorageError> {
    let row = rule_write::ActiveModel { id: NotSet, ..note.into_active_model() };
    rule_write::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

fn sequence_of(row: Option<serving_sequence::Model>) -> Result<StoredSequence, StorageError> {
    let Some(row) = row else { return Ok(StoredSequence::default()) };
    let names = |text: &str| text.split('\n').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let message = pb::ServingSequence {
        keys: row.keys.split(' ').map(|key| pb::SequenceKey::from_str_name(key).unwrap_or_default().into()).collect(),
        tier_order: names(&row.tiers),
        channel_order: names(&row.channels),
        etag: String::new(),
    };
    let mut violations = Violations::new();
    let sequence = convert::sequence_of(&message, "row", &mut violations)
        .ok_or_else(|| StorageError::InvalidRow { table: "serving_sequence", detail: violations.to_string() })?;
    Ok(StoredSequence { sequence, version: row.version, applied_version: row.applied_version })
}
