//! What the operator sees: the list of recent transfers, and the timeline of one.

use serde_json::Value;
use transfer_status::TransferId;

use crate::options::ADMIN_TOKEN;
use crate::server::Server;

impl Server {
    /// Every transfer that `GET /recent` lists, newest first, page by page.
    ///
    /// # Panics
    /// When a page is refused.
    pub async fn recent(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut path = "/recent?limit=200".to_owned();
        loop {
            let mut page = self.read_as_operator(&path).await;
            match page["transfers"].as_array_mut() {
                Some(transfers) => all.append(transfers),
                None => panic!("a page lists transfers: {page}"),
            }
            match page["next"].as_str() {
                Some(next) => path = format!("/recent?limit=200&before={next}"),
                None => return all,
            }
        }
    }

    /// The changes of a transfer, oldest first.
    ///
    /// # Panics
    /// When it is unknown.
    pub async fn timeline(&self, id: &TransferId) -> Vec<Value> {
        let mut shown = self.read_as_operator(&format!("/transfer/{id}/timeline")).await;
        match shown["timeline"].take() {
            Value::Array(changes) => changes,
            _ => panic!("a timeline is a list: {shown}"),
        }
    }

    async fn read_as_operator(&self, path: &str) -> Value {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let answer = self.get(path, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, 200, "{path} is answered by {}", answer.body);
        answer.json()
    }
}
