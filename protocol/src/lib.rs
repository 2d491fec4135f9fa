//! What every part of Transfer Status speaks: transfers, messages, signatures, and the client as a
//! sans-IO state machine.
#![forbid(unsafe_code)]
#![cfg_attr(not(any(feature = "message", test)), no_std)]

