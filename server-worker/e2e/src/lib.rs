//! End-to-end tests: sdk-rust against the real server on local workerd.
