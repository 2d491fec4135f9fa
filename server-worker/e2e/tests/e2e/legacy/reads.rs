//! `GET /status` and `GET /transfers`: to whom they are shown.

use std::cmp::Reverse;
use std::time::Duration;

use serde_json::{Value, json};
use transfer_status::Status;
use transfer_status_e2e::{Server, Socket, soon};

use super::{field, report, status, valid, word};

#[tokio::test]
async fn a_token_stands_raw_in_the_query_whatever_characters_it_has() {
    let payment = field().payment();
    // A merchant's id that puts a plus, a slash and padding into the base64.
    let names = (0..1_000).map(|n| format!("\u{7ff}\u{ffff}?>~{n}"));
    let (merchant, token) = names
        .map(|merchant| {
            let token = valid(&payment.id, &merchant);
            (merchant, token)
        })
        .find(|(_, token)| ["+", "/", "=."].iter().all(|part| token.contains(part)))
        .unwrap();
    report(field(), &payment.id, &merchant, "PAID").await;

    let path = format!("/transfers/{}/ws?token={token}", payment.id);
    let mut socket = Socket::open(field(), &path, &[]).await;
    assert_eq!(word(&mut socket).await, (1, "PAID".to_owned()));
    assert_eq!(
        status(field(), &payment.id, &token).await.json()["merchantId"],
        merchant.as_str()
    );
    let encoded = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for token in [token, encoded] {
        let list = until_listed(field(), &token, 1).await;
        assert_eq!(list[0]["id"], payment.id.as_str());
    }
}

#[tokio::test]
async fn a_status_is_shown_to_a_token_of_the_same_transfer_or_merchant_only() {
    let (mine, theirs, nowhere) = (field().payment(), field().payment(), field().payment());
    report(field(), &mine.id, "merchant-a", "IN_FLIGHT").await;
    report(field(), &theirs.id, "merchant-b", "PAID").await;

    let token = valid(&mine.id, "merchant-a");
    assert_eq!(
        status(field(), &mine.id, &token).await.json()["status"],
        "IN_FLIGHT"
    );
    // A colleague's token, for another transfer of the same merchant.
    let colleague = valid(&nowhere.id, "merchant-a");
    assert_eq!(
        status(field(), &mine.id, &colleague).await.json()["status"],
        "IN_FLIGHT"
    );
    let own = status(field(), &nowhere.id, &colleague).await;
    assert_eq!(
        (own.status, &own.json()["version"]),
        (200, &json!(0)),
        "announced, nothing reported yet"
    );

    let refused = status(field(), &theirs.id, &token).await;
    refused.is_error(401, "unauthorized");
    let unknown = status(field(), &nowhere.id, &token).await;
    assert_eq!(
        (unknown.status, unknown.body),
        (refused.status, refused.body),
        "not even whether it exists"
    );
    let nobody = valid(&mine.id, "");
    status(field(), &theirs.id, &nobody)
        .await
        .is_error(401, "unauthorized");
}

#[tokio::test]
async fn a_list_holds_the_tokens_merchants_transfers_newest_first_each_with_its_word() {
    let mut expected = Vec::new();
    for used in ["PENDING", "IN_FLIGHT", "PAID", "SETTLED", "FAILED"] {
        let (mine, theirs) = (field().payment(), field().payment());
        expected.push(report(field(), &mine.id, "list-merchant", used).await.json());
        report(field(), &theirs.id, "list-other", used).await;
    }
    expected.sort_by_key(|transfer| {
        let at = transfer["updatedAt"].as_u64().unwrap();
        Reverse((at, transfer["id"].as_str().unwrap().to_owned()))
    });
    let token = valid(&field().payment().id, "list-merchant");
    let list = until_listed(field(), &token, expected.len()).await;
    assert_eq!(list, expected);

    for (limit, length) in [("2", 2), ("1000000", list.len()), ("", list.len())] {
        let answer = field()
            .get(&format!("/transfers?limit={limit}&token={token}"), &[])
            .await;
        assert_eq!(answer.json()["transfers"], json!(list[..length]), "limit={limit}");
    }
    for limit in ["-1", "ten", "1.5"] {
        let answer = field()
            .get(&format!("/transfers?limit={limit}&token={token}"), &[])
            .await;
        answer.is_error(400, "bad_request");
    }
    // The token's own transfer is listed, whoever's it is, and nobody else's.
    let own = field().payment();
    own.report(Status::Processing).await;
    for (merchant, length) in [("", 1), ("list-nobody", 1), ("list-merchant", list.len() + 1)] {
        let shown = until_listed(field(), &valid(&own.id, merchant), length).await;
        assert_eq!((shown.len(), &shown[0]["id"]), (length, &json!(own.id.as_str())));
        assert_eq!(shown[1..], list[..length - 1]);
        let unreported = valid(&field().payment().id, merchant);
        assert_eq!(
            until_listed(field(), &unreported, length - 1).await,
            list[..length - 1]
        );
    }
}

/// The list of a token, once it has so many: the recent index follows the updates.
async fn until_listed(server: &Server, token: &str, length: usize) -> Vec<Value> {
    soon(async {
        loop {
            let answer = server.get(&format!("/transfers?token={token}"), &[]).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let list = answer.json()["transfers"].as_array().unwrap().clone();
            if list.len() >= length {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}
