//! Mints, reports, watches: a payment from end to end by a program that has only the published crates.

use std::env;
use std::error::Error;
use std::time::Duration;

use transfer_status::{Client, Key, Minter, Publisher, QrPayload, Status, Update};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("TRANSFER_STATUS_URL")?;
    let id = "order-of-the-rust-shop".parse()?;
    let minter = Minter::new(Key::new(env::var("SUBSCRIBE_HMAC_SECRET")?)?);
    let request = minter.mint(id, "merchant-7", Duration::from_secs(900))?;
    // What the page gets has to survive JSON.
    let request = serde_json::from_str(&serde_json::to_string(&request)?)?;
    let watch = Client::builder(&url).build()?.watch_request(&request).start();

    let publisher = Publisher::builder(&url, Key::new(env::var("HMAC_SECRET")?)?).build()?;
    let id = request.transfer_request_id.clone();
    for status in [Status::Processing, Status::Completed] {
        publisher.publish(&Update::new(id.clone(), status)).await?;
    }
    println!("rust: {}", watch.finished().await?.status);
    // A code that a phone can read.
    let code = QrPayload::new("https://pay.example", id, request.signature.clone())?.to_string();
    assert_eq!(code.parse::<QrPayload>()?.transfer_id(), &request.transfer_request_id);
    Ok(())
}
