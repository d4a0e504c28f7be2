//! The life of an order, as a table.
//!
//! Settled means: OPEN while units are open, reserved or released; else COMPLETED when something shipped; else CANCELLED.
//! A dash means that the command is refused in that state.
//!
//! | state     | accept  | accept quote        | confirm | amend   | cancel              | release | recall  | short pick | consent | ship    | deliver   | return    | expire  | hold                | observe             |
//! |-----------|---------|---------------------|---------|---------|---------------------|---------|---------|------------|---------|---------|-----------|-----------|---------|---------------------|---------------------|
//! | RESERVING | settled | QUOTED or CANCELLED | -       | -       | -                   | -       | -       | -          | -       | -       | -         | -         | -       | -                   | RESERVING           |
//! | QUOTED    | -       | -                   | settled | -       | QUOTED or CANCELLED | -       | -       | -          | -       | -       | -         | -         | EXPIRED | QUOTED or CANCELLED | QUOTED or CANCELLED |
//! | OPEN      | -       | -                   | -       | settled | settled             | settled | settled | settled    | settled | settled | settled   | settled   | -       | settled             | settled             |
//! | COMPLETED | -       | -                   | -       | -       | -                   | -       | -       | -          | -       | -       | COMPLETED | settled   | -       | -                   | settled             |
//! | CANCELLED | -       | -                   | -       | -       | -                   | -       | -       | -          | -       | -       | -         | -         | -       | -                   | CANCELLED           |
//! | EXPIRED   | -       | -                   | -       | -       | -                   | -       | -       | -          | -       | -       | -         | -         | -       | -                   | EXPIRED             |
//!
//! Observe is what inventory tells by itself: stock given to the line or taken from it, supply that moved.

use std::fmt;

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// Written, while stock is being reserved.
    Reserving,
    /// Stock is reserved softly until the quote is confirmed, cancelled or past its time.
    Quoted,
    /// Accepted, with units still open, reserved or released.
    Open,
    /// Everything is shipped or cancelled, and something is shipped.
    Completed,
    /// Everything is cancelled or refused.
    Cancelled,
    /// The quote ended by itself.
    Expired,
}

/// What may be done to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderCommand {
    /// Inventory has decided about a placed order.
    Accept,
    /// Inventory has decided about a quoted order.
    AcceptQuote,
    /// The customer takes the quote.
    Confirm,
    /// A line is changed.
    Amend,
    /// Units are cancelled.
    Cancel,
    /// Reserved units are handed to the warehouse.
    Release,
    /// The warehouse is asked to give units back, or answers.
    Recall,
    /// The warehouse did not find units.
    ShortPick,
    /// The customer agrees that less is shipped.
    Consent,
    /// Units are shipped.
    Ship,
    /// Shipped units have arrived.
    Deliver,
    /// Shipped units come back.
    Return,
    /// The quote's time is over.
    Expire,
    /// The order, a line of it or its customer is put on hold.
    Hold,
    /// Inventory tells of a change by itself.
    Observe,
}

/// What the lines of the order add up to after the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinesAfter {
    /// Whether units are open, reserved or released.
    pub active: bool,
    /// Whether units are shipped.
    pub shipped: bool,
}

/// A command that is not allowed in the order's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {state} does not take the command {command}")]
pub struct StateConflict {
    /// The order's state.
    pub state: OrderState,
    /// The command.
    pub command: OrderCommand,
}

impl OrderState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Reserving, Self::Quoted, Self::Open, Self::Completed, Self::Cancelled, Self::Expired];

    /// The name as rows and messages have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserving => "RESERVING",
            Self::Quoted => "QUOTED",
            Self::Open => "OPEN",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    /// The state of a name, `None` when no state has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether nothing of the order moves any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Reserving | Self::Quoted | Self::Open => false,
            Self::Completed | Self::Cancelled | Self::Expired => true,
        }
    }

    /// Whether the command is allowed in this state.
    ///
    /// # Errors
    /// [`StateConflict`] when not.
    pub fn check(self, command: OrderCommand) -> Result<(), StateConflict> {
        self.after(command, LinesAfter { active: true, shipped: true }).map(|_| ())
    }

    /// The state after the command, by the table above.
    ///
    /// # Errors
    /// [`StateConflict`] when the command is not allowed.
    pub fn after(self, command: OrderCommand, lines: LinesAfter) -> Result<Self, StateConflict> {
        use OrderCommand as C;
        match (self, command) {
            (Self::Reserving, C::Accept)
            | (Self::Quoted, C::Confirm)
            | (
                Self::Open,
                C::Amend
                | C::Cancel
                | C::Release
                | C::Recall
                | C::ShortPick
                | C::Consent
                | C::Ship
                | C::Deliver
                | C::Return
                | C::Hold
                | C::Observe,
            )
            | (Self::Completed, C::Return | C::Observe) => Ok(settled(lines)),
            (Self::Reserving, C::AcceptQuote) | (Self::Quoted, C::Cancel | C::Hold | C::Observe) => {
                Ok(if lines.active { Self::Quoted } else { Self::Cancelled })
            }
            (Self::Quoted, C::Expire) => Ok(Self::Expired),
            (Self::Completed, C::Deliver) | (Self::Reserving | Self::Cancelled | Self::Expired, C::Observe) => Ok(self),
            (
                Self::Reserving | Self::Quoted | Self::Completed | Self::Cancelled | Self::Expired,
                C::Amend | C::Release | C::Recall | C::ShortPick | C::Consent | C::Ship,
            )
            | (Self::Reserving | Self::Quoted | Self::Cancelled | Self::Expired, C::Deliver | C::Return)
            | (Self::Reserving | Self::Completed | Self::Cancelled | Self::Expired, C::Cancel | C::Hold)
            | (
                Self::Reserving | Self::Open | Self::Completed | Self::Cancelled | Self::Expired,
                C::Confirm | C::Expire,
            )
            | (
                Self::Quoted | Self::Open | Self::Completed | Self::Cancelled | Self::Expired,
                C::Accept | C::AcceptQuote,
            ) => Err(StateConflict { state: self, command }),
        }
    }
}

fn settled(lines: LinesAfter) -> OrderState {
    match lines {
        LinesAfter { active: true, .. } => OrderState::Open,
        LinesAfter { active: false, shipped: true } => OrderState::Completed,
        LinesAfter { active: false, shipped: false } => OrderState::Cancelled,
    }
}

impl OrderCommand {
    /// All commands.
    pub const ALL: [Self; 15] = [
        Self::Accept,
        Self::AcceptQuote,
        Self::Confirm,
        Self::Amend,
        Self::Cancel,
        Self::Release,
        Self::Recall,
        Self::ShortPick,
        Self::Consent,
        Self::Ship,
        Self::Deliver,
        Self::Return,
        Self::Expire,
        Self::Hold,
        Self::Observe,
    ];

    /// The name for texts and metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::AcceptQuote => "accept quote",
            Self::Confirm => "confirm",
            Self::Amend => "amend",
            Self::Cancel => "cancel",
            Self::Release => "release",
            Self::Recall => "recall",
            Self::ShortPick => "short pick",
            Self::Consent => "consent",
            Self::Ship => "ship",
            Self::Deliver => "deliver",
            Self::Return => "return",
            Self::Expire => "expire",
            Self::Hold => "hold",
            Self::Observe => "observe",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for OrderCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the module's doc: what each state answers to each command, in the order of `OrderCommand::ALL`.
    const TABLE: [(OrderState, [&str; 15]); 6] = [
        (
            OrderState::Reserving,
            ["settled", "quoted", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "RESERVING"],
        ),
        (
            OrderState::Quoted,
            ["-", "-", "settled", "-", "quoted", "-", "-", "-", "-", "-", "-", "-", "EXPIRED", "quoted", "quoted"],
        ),
        (OrderState::Open, {
            let s = "settled";
            ["-", "-", "-", s, s, s, s, s, s, s, s, s, "-", s, s]
        }),
        (OrderState::Completed, {
            let stays = "COMPLETED";
            ["-", "-", "-", "-", "-", "-", "-", "-", "-", "-", stays, "settled", "-", "-", "settled"]
        }),
        (OrderState::Cancelled, ["-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "CANCELLED"]),
        (OrderState::Expired, ["-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "EXPIRED"]),
    ];

    fn expected(cell: &str, lines: LinesAfter) -> Option<OrderState> {
        match cell {
            "-" => None,
            "settled" if lines.active => Some(OrderState::Open),
            "settled" if lines.shipped => Some(OrderState::Completed),
            "settled" => Some(OrderState::Cancelled),
            "quoted" if lines.active => Some(OrderState::Quoted),
            "quoted" => Some(OrderState::Cancelled),
            name => OrderState::from_name(name),
        }
    }

    #[test]
    fn every_state_answers_every_command_as_the_table_says() {
        for (state, row) in TABLE {
            for (command, cell) in OrderCommand::ALL.into_iter().zip(row) {
                for (active, shipped) in [(true, true), (true, false), (false, true), (false, false)] {
                    let lines = LinesAfter { active, shipped };
                    let answer = state.after(command, lines);
                    match expected(cell, lines) {
                        Some(next) => assert_eq!(answer, Ok(next), "{state} {command} {lines:?}"),
                        None => assert_eq!(answer, Err(StateConflict { state, command }), "{state} {command}"),
                    }
                    assert_eq!(state.check(command).is_ok(), answer.is_ok(), "{state} {command}");
                }
            }
        }
    }

    #[test]
    fn a_state_is_found_by_its_name() {
        for state in OrderState::ALL {
            assert_eq!(OrderState::from_name(state.as_str()), Some(state));
        }
        assert_eq!(OrderState::from_name("open"), None);
    }
}
