//! The payment, step by step. Each step has its time; the first that fails ends the demo and is named.
#![expect(clippy::print_stdout, reason = "the demo is what it prints")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::time::{sleep, timeout};
use transfer_status::{Client, Key, Publisher, RetryPolicy, Status};
use transfer_status_examples::bank::Payment;
use transfer_status_examples::qr;

use crate::camera;
use crate::shop::Shop;
use crate::style::Style;
use crate::timeline::{self, Row};
use crate::watcher::Watcher;

/// The most that one step may take.
const STEP: Duration = Duration::from_secs(10);
/// How long the bank rests between two updates, so that one can see them come.
const PACE: Duration = Duration::from_millis(600);
const AMOUNT: &str = "12.10";
const MERCHANT_ID: &str = "merchant-1";
/// A scanner may be a virtual machine that starts.
const START: Duration = Duration::from_secs(60);

/// Where the server is, and its secrets, as its backends have them.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) subscribe_secret: String,
    /// Scanners by their names, as command lines; with none, this program is the phone.
    pub(crate) phones: BTreeMap<String, Vec<String>>,
    /// What takes a picture of the checkout page for the scanners, as a command line.
    pub(crate) camera: Vec<String>,
    /// Another shop's backend, as a command line; with none, it is the one in Rust.
    pub(crate) shop: Vec<String>,
}

/// Tells the whole story.
pub(crate) async fn tell(settings: &Settings) -> anyhow::Result<()> {
    let style = Style::of_stdout();
    let start = Instant::now();
    let note = |who: &str, what: &str| println!("{} {what}", style.bold(&format!("{who:<13}")));

    let shop = step(
        "start the shop's backend",
        Shop::open(
            &settings.shop,
            &settings.url,
            &settings.subscribe_secret,
            MERCHANT_ID,
        ),
    )
    .await?;
    note("shop", &format!("its backend listens on {}", shop.url));

    let created = step("create a transfer request", shop.create_transfer_request(AMOUNT)).await?;
    let id = created.request.transfer_request_id.clone();
    note("shop", &format!("POST /create-transfer-request → transfer {id}"));

    let drawing = qr::draw(&created.qr.parse()?)?;
    note("checkout page", "shows the code:");
    println!("\n{}", style.drawing(&drawing));

    let client = Client::builder(settings.url.as_str()).build()?;
    let mut watchers = vec![Watcher::of(
        "checkout page",
        client.watch_request(&created.request).start(),
    )];
    if settings.phones.is_empty() {
        let scanned = qr::scan(&drawing).context("the phone could not read the code")?;
        let read = format!(
            "has read the code from the picture, it is for transfer {}",
            scanned.transfer_id()
        );
        note("phone", &read);
        watchers.push(Watcher::of("phone", client.watch_qr(&scanned).start()));
    } else {
        let page = camera::photograph(&settings.camera, &shop.url, &created);
        let picture = Arc::new(step_within(START, "take a picture of the checkout page", page).await?);
        note("camera", "has taken a picture of the page in a browser");
        for (name, words) in &settings.phones {
            let name = format!("{name} phone");
            note(&name, "reads the code from that picture");
            watchers.push(Watcher::of_scanner(&name, words, &settings.url, &picture)?);
        }
    }
    for watcher in &mut watchers {
        let connect = format!("connect the {} to {}", watcher.name, settings.url);
        let (_, first) = step_within(START, &connect, watcher.reaches(0)).await?;
        note(
            &watcher.name,
            &format!("watches, transfer is {}, nothing reported yet", first.status),
        );
    }

    let rows = pay(settings, style, start, &id, &mut watchers).await?;
    let count = watchers.len();
    for watcher in watchers {
        let name = watcher.name.clone();
        let last = step(&format!("end the watch of the {name}"), watcher.ended()).await?;
        ensure!(
            last.status == Status::Completed,
            "the {name} ended on {}, not on completed",
            last.status
        );
        ensure!(
            last.amount == Some(AMOUNT.parse()?),
            "the {name} saw another amount"
        );
    }
    let (median, longest) = timeline::summary(&rows).context("no update was sent")?;
    let verdict = format!("demo passed: {} updates reached {count} watchers", rows.len());
    println!(
        "\n{}, median {median}, longest {longest}, {:.1} s in all",
        style.green(&verdict),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The bank moves the payment; each update is seen by all watchers before the next one is sent.
async fn pay(
    settings: &Settings,
    style: Style,
    start: Instant,
    id: &transfer_status::TransferId,
    watchers: &mut [Watcher],
) -> anyhow::Result<Vec<Row>> {
    // What fails here should be seen, not tried again for long.
    let retry = RetryPolicy::default().with_deadline(STEP);
    let key = Key::new(&settings.secret)?;
    let bank = Publisher::builder(settings.url.as_str(), key)
        .retry(retry)
        .build()?;
    let payment = Payment {
        transfer_id: id.clone(),
        amount: AMOUNT.parse()?,
        merchant_id: MERCHANT_ID.to_owned(),
        customer_id: "customer-1".to_owned(),
    };
    let names: Vec<&str> = watchers.iter().map(|watcher| watcher.name.as_str()).collect();
    println!("\n{}", style.bold(&timeline::heading(&names)));
    let mut rows = Vec::new();
    for (update, version) in payment.updates().iter().zip(1..) {
        sleep(PACE).await;
        let status = update.status.to_string();
        let sent = Instant::now();
        let stored = step(&format!("send {status}"), async {
            Ok(bank.publish(update).await?)
        })
        .await?;
        let answered = Instant::now();
        ensure!(
            stored.version == Some(version),
            "{status} was stored as version {:?}, not {version}",
            stored.version
        );
        let mut received = Vec::new();
        for watcher in watchers.iter_mut() {
            let name = watcher.name.clone();
            let (at, seen) = step(&format!("{status} at the {name}"), watcher.reaches(version)).await?;
            ensure!(
                seen.status == update.status,
                "the {name} saw {}, not {status}",
                seen.status
            );
            received.push(at);
        }
        let row = Row {
            status,
            version,
            sent,
            answered,
            received,
        };
        println!("{}", timeline::line(&row, start));
        rows.push(row);
    }
    println!(
        "{}",
        style
            .dim("            milliseconds from the bank's send to the service's answer and to each watcher")
    );
    Ok(rows)
}

/// Runs one step of the story in its time, and names it when it fails.
async fn step<T>(name: &str, doing: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    step_within(STEP, name, doing).await
}

async fn step_within<T>(
    limit: Duration,
    name: &str,
    doing: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let done = timeout(limit, doing).await;
    done.unwrap_or_else(|_| Err(anyhow::anyhow!("took longer than {} s", limit.as_secs())))
        .with_context(|| name.to_owned())
}
