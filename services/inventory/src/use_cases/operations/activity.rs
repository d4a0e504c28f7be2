//! `GetActivity`: what the service still has to do by itself.
