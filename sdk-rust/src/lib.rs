//! Client and publisher for Transfer Status, on tokio.
