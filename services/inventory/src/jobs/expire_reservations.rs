//! Ends soft claims whose time has come, each exactly once.
