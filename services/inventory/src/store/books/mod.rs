//! Queries that prove the books: sums computed from rows beside the sums that are kept.
