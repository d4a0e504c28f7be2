//! What planners add to an exception: who looks after it, until when it is out of sight, and a note.

use backorder_proto::{
    allocation::v1::{self as pb, ExceptionKind},
    common::v1::WriteContext,
};
use backorder_storage::{StorageError, WriteTx, columns};
use jiff::Timestamp;
use std::collections::BTreeSet;
use tonic::Code;

use super::list::ExceptionFilter;
use crate::{
    error::{Error, Kind as Resource},
    order::{
        exception::{self, Found},
        key,
    },
    store::{entity::exception_note, exceptions as store, recalls},
    use_cases::UseCases,
    write::{Who, Write},
};

/// What is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Annotation {
    /// Who looks after it; empty for nobody.
    Owner(String),
    /// Until when it is not listed; `None` lists it again.
    SnoozedUntil(Option<Timestamp>),
    /// A note; empty removes it.
    Note(String),
}

/// What is added to which exception.
#[derive(Debug, Clone)]
pub struct Annotate {
    /// What the exception is about.
    pub subject: String,
    /// What is wrong with it.
    pub kind: ExceptionKind,
    /// What is added.
    pub annotation: Annotation,
    /// Only says what the answer would be.
    pub validate_only: bool,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Adds something to an exception whose cause is there.
    ///
    /// # Errors
    /// [`Error::Missing`] when its cause is not there; [`Error::Unanswered`] when inventory, which knows, does not answer.
    pub async fn annotate_exception(self, write: Write<Annotate>) -> Result<pb::Exception, Error> {
        let Annotate { subject, kind, .. } = &write.command;
        let found = self.find_exception(subject, *kind).await?;
        let (this, write, found) = (&self, &write, &found);
        self.store()
            .write("annotate_exception", move |tx| Box::pin(async move { this.annotate_in_tx(tx, write, found).await }))
            .await
    }

    async fn annotate_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<Annotate>,
        found: &Option<Found>,
    ) -> Result<pb::Exception, Error> {
        let Annotate { subject, kind, annotation, validate_only, who } = &write.command;
        if !validate_only && let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let missing = || Error::missing(Resource::Exception, exception::name(subject, *kind));
        let found = found.as_ref().ok_or_else(missing)?;
        let notes = store::notes(tx, &BTreeSet::from([subject.as_str()])).await?;
        let before = notes.into_iter().find(|note| found.is_meant_by(note));
        let who = who.clone().or_caller(&write.key.caller).message();
        let note = annotated(before, found, annotation, &who, columns::micros(self.now()));
        let answer = exception::message(found, Some(&note))?;
        if *validate_only {
            return Ok(answer);
        }
        store::put_note_in_tx(tx, note).await?;
        self.end_rule_in_tx(tx, write, answer).await
    }

    /// The exception as it is now; `None` when its cause is not there.
    async fn find_exception(&self, subject: &str, kind: ExceptionKind) -> Result<Option<Found>, Error> {
        let found = match kind {
            ExceptionKind::NoDate
            | ExceptionKind::PromiseAtRisk
            | ExceptionKind::WaitLimitNear
            | ExceptionKind::QuestionOpen
            | ExceptionKind::WaitEscalated
            | ExceptionKind::VictimOfLoss
            | ExceptionKind::KitOutOfProportion => self.of_named_line(subject).await?,
            ExceptionKind::OverdueInbound => match self.inventory().supply(subject).await {
                Ok(supply) => self.of_supplies(vec![supply]).await?,
                Err(status) if matches!(status.code(), Code::NotFound | Code::InvalidArgument) => Vec::new(),
                Err(status) => return Err(Error::Unanswered(status)),
            },
            ExceptionKind::RecallPending => {
                let id = subject.strip_prefix("recalls/").unwrap_or_default();
                let recall = recalls::find(self.store().reader(), id).await?;
                self.of_recalls(recall.into_iter().filter(|recall| recall.state == recalls::PENDING).collect()).await?
            }
            ExceptionKind::UnresolvedHold
            | ExceptionKind::BlindReceipt
            | ExceptionKind::StaleDropShip
            | ExceptionKind::DropShipDeclined
            | ExceptionKind::DropShipLate => {
                let filter = ExceptionFilter { kinds: BTreeSet::from([kind]), ..ExceptionFilter::default() };
                self.other_exceptions(&filter).await?.into_values().collect()
            }
            ExceptionKind::Unspecified => Vec::new(),
        };
        Ok(found.into_iter().find(|found| found.kind == kind && found.subject == subject))
    }

    async fn of_named_line(&self, subject: &str) -> Result<Vec<Found>, StorageError> {
        let Some((order, line)) = key::of_resource_name(subject) else { return Ok(Vec::new()) };
        let row = store::line(self.store().reader(), order, line).await?;
        self.of_lines(row.as_slice()).await
    }
}

fn annotated(
    before: Option<exception_note::Model>,
    found: &Found,
    annotation: &Annotation,
    who: &WriteContext,
    now: i64,
) -> exception_note::Model {
    let mut note = before.unwrap_or_else(|| exception_note::Model {
        subject: found.subject.clone(),
        kind: exception::word(found.kind).to_owned(),
        since: found.since,
        owner: String::new(),
        snoozed_until: None,
        note: String::new(),
        actor: String::new(),
        reason_code: String::new(),
        reason_note: String::new(),
        updated_at: 0,
    });
    match annotation {
        Annotation::Owner(owner) => note.owner.clone_from(owner),
        Annotation::SnoozedUntil(until) => note.snoozed_until = until.map(columns::micros),
        Annotation::Note(text) => note.note.clone_from(text),
    }
    note.actor.clone_from(&who.actor);
    note.reason_code.clone_from(&who.reason_code);
    note.reason_note.clone_from(&who.note);
    note.updated_at = now;
    note
}
