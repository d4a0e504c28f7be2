//! `ListDeadLetters` and `RedriveDeadLetter`.
