//! The Transfer Status server for Cloudflare Workers and Durable Objects.
