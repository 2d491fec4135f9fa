//! The list of what changed lately: whole, in order, and whole again after its shards were put out of memory.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use transfer_status::Status;
use transfer_status_e2e::{ADMIN_TOKEN, Options, Server, Sockets, http::Answer, until};

const TRANSFERS: usize = 200;
const AT_ONCE: usize = 32;
const SHARDS: u16 = 8;

async fn list(server: &Server, query: &str) -> Answer {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let path = format!("/recent?{query}");
    server.get(&path, &[("authorization", &bearer)]).await
}

async fn listed_at_last(server: &Server, what: impl Fn(&[serde_json::Value]) -> bool) {
    until(async || what(&server.recent().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_payments_at_once_are_all_listed_in_order() {
    let options = Options::default()
        .variable("OUTBOX_RETRY_SECONDS", "1")
        .with_instruments();
    let server = Arc::new(Server::start(options));
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut payments = JoinSet::new();
    for n in 0..TRANSFERS {
        let (server, turns) = (Arc::clone(&server), Arc::clone(&turns));
        payments.spawn(async move {
            let _turn = turns.acquire_owned().await.unwrap();
            let payment = server.payment_named(&format!("order-{n}"));
            for status in [Status::Pending, Status::Processing, Status::Completed] {
                payment.report(status).await;
            }
            if n % 10 == 0 {
                server.evict_shard(u16::try_from(n / 10).unwrap() % SHARDS);
                server.evict(&payment.id, Sockets::Hibernate);
            }
        });
    }
    payments.join_all().await;

    listed_at_last(&server, |listed| {
        listed.len() == TRANSFERS && listed.iter().all(|transfer| transfer["version"] == 3)
    })
    .await;
    until(async || server.archive().await.len() >= TRANSFERS).await;
    let archive = server.archive().await;
    assert!(archive.values().all(|kept| kept["final"] == true));

    for shard in 0..SHARDS {
        server.evict_shard(shard);
    }
    let listed = server.recent().await;
    let places: Vec<_> = listed
        .iter()
        .map(|transfer| (transfer["updatedAt"].to_string(), transfer["id"].to_string()))
        .collect();
    assert!(places.is_sorted_by(|newer, older| newer > older), "newest first");
    assert_eq!(listed.len(), TRANSFERS);
    assert!(
        listed.iter().all(|transfer| transfer["status"] == "completed"),
        "what the shards forgot, they asked for"
    );
}

#[tokio::test]
async fn a_list_is_narrowed_and_turned_page_by_page() {
    let server = Server::start(Options::default());
    for n in 0..6 {
        let payment = server.payment_named(&format!("order-{n}"));
        let (merchant, status) = (n % 2, ["pending", "failed"][n / 3]);
        let fields = format!(r#""status":"{status}","merchantId":"merchant {merchant}""#);
        assert_eq!(payment.post(&fields).await.status, 200);
    }
    listed_at_last(&server, |listed| listed.len() == 6).await;

    let ids = |answer: Answer| {
        let page = answer.json();
        let ids = page["transfers"].as_array().unwrap().iter();
        let ids: Vec<_> = ids
            .map(|transfer| transfer["id"].as_str().unwrap().to_owned())
            .collect();
        (ids, page["next"].as_str().map(ToOwned::to_owned))
    };
    let (failed, _) = ids(list(&server, "status=failed").await);
    assert_eq!(failed, ["order-5", "order-4", "order-3"]);
    let (odd, next) = ids(list(&server, "merchantId=merchant+1&limit=2").await);
    assert_eq!(odd, ["order-5", "order-3"]);
    let (rest, next) = ids(list(
        &server,
        &format!("merchantId=merchant%201&limit=2&before={}", next.unwrap()),
    )
    .await);
    assert_eq!((rest, next), (vec!["order-1".to_owned()], None));

    for query in [
        "limit=0",
        "limit=201",
        "before=nonsense",
        "status=PAID",
        "from=yesterday",
        "to=2024-01-15",
        "from=2024-01-15T10:30:00Z&to=2024-01-15T10:30:00Z",
    ] {
        list(&server, query).await.is_error(400, "bad_request");
    }
}

#[tokio::test]
async fn a_list_is_narrowed_to_a_customer_and_a_time_and_names_the_currency() {
    let server = Server::start(Options::default().with_instruments());
    let mut times = Vec::new();
    for n in 0..4 {
        let payment = server.payment_named(&format!("order-{n}"));
        let fields = format!(
            r#""status":"pending","customerId":"customer {}","metadata":{{"currency":"EUR","till":{n}}}"#,
            n % 2
        );
        let answer = payment.post(&fields).await;
        times.push(answer.json()["updatedAt"].as_str().unwrap().to_owned());
        server.advance(std::time::Duration::from_secs(1)).await;
    }
    listed_at_last(&server, |listed| listed.len() == 4).await;

    let ids = async |query: &str| {
        let page = list(&server, query).await.json();
        let listed = page["transfers"].as_array().unwrap().iter();
        let ids: Vec<_> = listed
            .map(|transfer| {
                assert_eq!(transfer["currency"], "EUR");
                assert!(transfer["metadata"].is_null());
                transfer["id"].as_str().unwrap().to_owned()
            })
            .collect();
        ids
    };
    assert_eq!(ids("customerId=customer+1").await, ["order-3", "order-1"]);
    assert!(ids("customerId=customer").await.is_empty(), "the whole word");
    let between = format!("from={}&to={}", times[1], times[3]);
    assert_eq!(ids(&between).await, ["order-2", "order-1"]);
    assert_eq!(
        ids(&format!("{between}&customerId=customer%200")).await,
        ["order-2"]
    );
    assert!(ids("to=2024-01-15T10:30:00Z").await.is_empty());

    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let stats = server
        .get(
            "/dashboard/stats?customerId=customer+1",
            &[("authorization", &bearer)],
        )
        .await;
    assert_eq!(stats.json()["byStatus"], serde_json::json!({ "pending": 2 }));
}
