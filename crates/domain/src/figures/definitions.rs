//! The formulas of the service figures, in words that are shown beside each figure.
//!
//! Source: domain notes, 3.1, and SCOR for what has a number.

pub const BACKORDER_RATE: &str = "accepted and not filled at the first attempt / (ordered + refused); together with the \
    fill rate and the refused rate it makes 1";
pub const FILL_RATE: &str = "filled at the first attempt / (ordered + refused), before any cancellation: could leave by \
    the requested day when it was ordered, and was then covered by it or left by it; a line or order counts when all of it was";
pub const REFUSED_RATE: &str = "refused or cut / (ordered + refused)";
pub const FIRST_TIME_FILL: &str =
    "could leave by the requested day, as was answered when it was ordered / (ordered + refused)";
pub const SECONDARY_FILL: &str = "left as a backorder or was replaced by a substitute that left / (ordered + refused)";
pub const ON_TIME_IN_FULL: &str = "all that was asked for arrived in the window around the requested day / judged; of \
    units those that did, overages ignored; what nobody confirmed and may be in time is left out";
pub const PERFECT_ORDER: &str = "RL.1.1: orders with all lines perfect / orders; a line is perfect when it is in full \
    (RL.2.1), by the commit date (RL.2.2), with right documents (RL.2.3) and undamaged (RL.2.4)";
pub const IN_FULL: &str = "RL.2.1: lines of which all that was asked for arrived as ordered / lines";
pub const ON_COMMIT_DATE: &str = "RL.2.2: lines that left whole by the first promised day / lines with one; open past it \
    is a miss, and the day of arrival that was promised is not kept";
pub const DOCUMENTS_CORRECT: &str = "RL.2.3: lines with right documents in all shipments / lines of which it is known";
pub const PERFECT_CONDITION: &str = "RL.2.4: lines of which nothing arrived damaged / lines of which it is known";
pub const ORDER_CYCLE_TIME: &str = "RS.1.1: mean days from the order, or the later requested day, to the last receipt; \
    orders not received whole are left out, and are in the customer wait";
pub const CUSTOMER_WAIT: &str = "days from the order until the last unit left, all lines, open and cancelled ones as \
    censored (Kaplan-Meier)";
pub const BACKORDER_WAIT: &str = "the same of lines with backordered units alone";
pub const RECEIPT_WAIT: &str = "days from the order until the last unit was received, all lines; what nobody confirmed is \
    censored on the day on which it left (Kaplan-Meier)";
pub const BACKORDER_RECEIPT_WAIT: &str = "the same of lines with backordered units alone";
pub const AGEING_SINCE_ORDER: &str = "backordered and not left, by days since the order / all of it";
pub const AGEING_PAST_PROMISE: &str = "backordered and not left, by days past the first promised day / all of it; what is \
    not past it, or has no day, is in no age";
pub const BACKORDER_UNIT_DAYS: &str = "sum over backordered units of the days from the last day in time until they left, \
    were cancelled, or the view";
pub const OLD_ORDERS: &str = "orders of which something due has not left, older than the limit / such orders";
pub const PROMISE_SLIP: &str =
    "mean days from the first promised day to the latest; without a day now at least to the view";
pub const PROMISE_REVISIONS: &str = "mean changes of the promised day per line with a promised day";
pub const NEVER_REVISED: &str = "lines whose promised day never changed / lines with a promised day";
pub const PROMISE_CALIBRATION: &str = "lines that left by the day that was first promised with a chance of 80 % / such \
    lines; promises name one day and no chance: see the commit date";
pub const CANCEL_RATE: &str = "cancelled while waiting / backordered, in the cohort in which the backorder arose";
pub const RECOVERED_REVENUE: &str = "left after the first attempt and not come back / backordered; compensation is not \
    known and not taken off";
