//! The payment, step by step. Each step has its time; the first that fails ends the demo and is named.
#![expect(clippy::print_stdout, reason = "the demo is what it prints")]

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use transfer_status::{Client, Key, Publisher, RetryPolicy, Status, Transfer, Watch, WatchError};
use transfer_status_examples::bank::Payment;
use transfer_status_examples::qr;
use transfer_status_examples::watcher::follow;

use crate::shop::Shop;
use crate::style::Style;
use crate::timeline::{self, Row};

/// The most that one step may take.
const STEP: Duration = Duration::from_secs(10);
/// How long the bank rests between two updates, so that one can see them come.
const PACE: Duration = Duration::from_millis(600);
const AMOUNT: &str = "12.10";
const MERCHANT_ID: &str = "merchant-1";
const WATCHERS: [&str; 2] = ["checkout page", "phone"];

/// Where the server is, and its secrets, as its backends have them.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) subscribe_secret: String,
}

/// Tells the whole story.
pub(crate) async fn tell(settings: &Settings) -> anyhow::Result<()> {
    let style = Style::of_stdout();
    let start = Instant::now();
    let note = |who: &str, what: &str| println!("{} {what}", style.bold(&format!("{who:<13}")));

    let shop = step(
        "start the shop's backend",
        Shop::open(&settings.subscribe_secret, MERCHANT_ID),
    )
    .await?;
    note("shop", &format!("its backend listens on {}", shop.url));

    let created = step("create a transfer request", shop.create_transfer_request(AMOUNT)).await?;
    let id = created.request.transfer_request_id.clone();
    note("shop", &format!("POST /create-transfer-request → transfer {id}"));

    let drawing = qr::draw(&created.qr.parse()?)?;
    note("checkout page", "shows the code:");
    println!("\n{}", style.drawing(&drawing));

    let scanned = qr::scan(&drawing).context("the phone could not read the code")?;
    note(
        "phone",
        &format!(
            "has read the code from the picture, it is for transfer {}",
            scanned.transfer_id()
        ),
    );

    let client = Client::builder(settings.url.as_str()).build()?;
    let mut page = Watcher::of(client.watch_request(&created.request).start());
    let mut phone = Watcher::of(client.watch_qr(&scanned).start());
    for (name, watcher) in WATCHERS.into_iter().zip([&mut page, &mut phone]) {
        let (_, first) = step(
            &format!("connect the {name} to {}", settings.url),
            watcher.reaches(0),
        )
        .await?;
        note(
            name,
            &format!("watches, transfer is {}, nothing reported yet", first.status),
        );
    }

    let rows = pay(settings, style, start, &id, [&mut page, &mut phone]).await?;
    for (name, watcher) in WATCHERS.into_iter().zip([page, phone]) {
        let last = step(&format!("end the watch of the {name}"), async {
            Ok(watcher.end.await??)
        })
        .await?;
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
    let verdict = format!("demo passed: {} updates reached 2 watchers", rows.len());
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
    mut watchers: [&mut Watcher; 2],
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
    println!("\n{}", style.bold(&timeline::heading(&WATCHERS)));
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
        for (name, watcher) in WATCHERS.into_iter().zip(&mut watchers) {
            let (at, transfer) = step(&format!("{status} at the {name}"), watcher.reaches(version)).await?;
            ensure!(
                transfer.status == update.status,
                "the {name} saw {}, not {status}",
                transfer.status
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

/// Somebody who watches, with the time of each thing seen.
struct Watcher {
    seen: mpsc::UnboundedReceiver<(Instant, Transfer)>,
    end: JoinHandle<Result<Transfer, WatchError>>,
}

impl Watcher {
    fn of(watch: Watch) -> Self {
        // Unbounded, as it holds a handful of states.
        let (tell, seen) = mpsc::unbounded_channel();
        let end = tokio::spawn(follow(watch, move |transfer| {
            let _ = tell.send((Instant::now(), (*transfer).clone()));
        }));
        Self { seen, end }
    }

    /// Waits for a version, or a later one.
    async fn reaches(&mut self, version: u64) -> anyhow::Result<(Instant, Transfer)> {
        while let Some((at, transfer)) = self.seen.recv().await {
            if transfer.version >= Some(version) {
                return Ok((at, transfer));
            }
        }
        match (&mut self.end).await? {
            Ok(transfer) => anyhow::bail!("the watch ended on {}", transfer.status),
            Err(error) => Err(error.into()),
        }
    }
}

/// Runs one step of the story in its time, and names it when it fails.
async fn step<T>(name: &str, doing: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let done = timeout(STEP, doing).await;
    done.unwrap_or_else(|_| Err(anyhow::anyhow!("took longer than {} s", STEP.as_secs())))
        .with_context(|| name.to_owned())
}
