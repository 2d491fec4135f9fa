//! The bank as a program: `bank <transfer id> <amount>` carries one payment through to the end.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use transfer_status::{Key, Publisher};
use transfer_status_examples::bank::{Payment, carry_out};

const USAGE: &str = "usage: bank <transfer id> <amount>
  environment: HMAC_SECRET, and TRANSFER_STATUS_URL (default http://127.0.0.1:8787)";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bank: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program that tells what it did")]
async fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [transfer_id, amount] = arguments.as_slice() else {
        bail!(USAGE)
    };
    let secret = env::var("HMAC_SECRET").context("HMAC_SECRET is not set; give it the service's")?;
    let url = env::var("TRANSFER_STATUS_URL").unwrap_or_else(|_| "http://127.0.0.1:8787".to_owned());

    let publisher = Publisher::builder(url, Key::new(secret)?).build()?;
    let payment = Payment {
        transfer_id: transfer_id.parse()?,
        amount: amount.parse()?,
        merchant_id: "merchant-1".to_owned(),
        customer_id: "customer-1".to_owned(),
    };
    carry_out(&publisher, &payment, Duration::from_secs(1), |transfer| {
        println!(
            "{} {}, version {}",
            transfer.id,
            transfer.status,
            transfer.version.unwrap_or_default()
        );
    })
    .await?;
    Ok(())
}
