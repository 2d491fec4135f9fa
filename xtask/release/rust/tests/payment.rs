//! The shop's own test, on the service within the process.

use transfer_status::{Status, Update};
use transfer_status_testing::FakeService;

#[tokio::test(start_paused = true)]
async fn a_paid_order_is_seen() -> Result<(), Box<dyn std::error::Error>> {
    let service = FakeService::new();
    let client = service.client().build()?;
    let watch = client.watch("order-1".parse()?).signature(service.signature("order-1")).start();
    service.publisher().build()?.publish(&Update::new("order-1".parse()?, Status::Completed)).await?;
    assert_eq!(watch.finished().await?.status, Status::Completed);
    Ok(())
}
