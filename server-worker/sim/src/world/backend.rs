//! Backends and the admin: each report, and each deletion, is sent until it is answered.

use transfer_status_protocol::{Status, Update};

use super::{ANSWERED_WITHIN, DELETED_WITHIN, Ev, World};

impl World {
    pub(crate) fn update_of(&self, n: usize) -> Update {
        let plan = &self.plan.updates[n];
        let mut update = Update::new(self.ids[plan.transfer].clone(), Status::from_name(plan.status));
        if let Some(message) = plan.message {
            update = update.with_message(format!("step {message}"));
        }
        match plan.if_version {
            Some(version) => update.with_if_version(version),
            None => update,
        }
    }

    pub(crate) fn report(&mut self, n: usize) {
        self.reports[n].attempt += 1;
        let attempt = self.reports[n].attempt;
        let after = self.rng.i64(2..60);
        self.after(after, Ev::Reported { update: n, attempt });
        self.after(ANSWERED_WITHIN, Ev::Unanswered { update: n, attempt });
    }

    pub(crate) fn answered(&mut self, n: usize, attempt: u32, status: u16, body: &str) {
        self.note(|| format!("update {n} is answered {status}"));
        let transfer = self.plan.updates[n].transfer;
        if status == 200 {
            self.judge.acknowledged(transfer, body);
        }
        match status {
            200 | 409 => self.reports[n].is_done = true,
            _ if self.reports[n].attempt == attempt => {
                let after = self.rng.i64(500..2_000);
                self.after(after, Ev::Unanswered { update: n, attempt });
            }
            _ => {}
        }
    }

    pub(crate) fn send_deletion(&mut self, n: usize) {
        self.deletions[n].attempt += 1;
        let (deletion, attempt) = (n, self.deletions[n].attempt);
        let after = self.rng.i64(2..60);
        self.after(after, Ev::DeleteArrives { deletion, attempt });
        self.after(DELETED_WITHIN, Ev::DeleteUnanswered { deletion, attempt });
    }

    pub(crate) fn deletion_answered(&mut self, n: usize, attempt: u32, status: u16) {
        self.note(|| format!("deletion {n} is answered {status}"));
        match status {
            204 | 404 => self.deletions[n].is_done = true,
            _ if self.deletions[n].attempt == attempt => {
                let after = self.rng.i64(500..60_000);
                let deletion = n;
                self.after(after, Ev::DeleteUnanswered { deletion, attempt });
            }
            _ => {}
        }
    }
}
