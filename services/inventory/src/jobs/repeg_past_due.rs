//! Pegs anew what was pegged to supply that became past due when a business day ended.
