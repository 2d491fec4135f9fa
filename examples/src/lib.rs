//! A merchant backend and the demo payment.
