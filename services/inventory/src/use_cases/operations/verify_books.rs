//! `VerifyBooks`: compares every sum of the books with the rows that it sums, in one snapshot.
