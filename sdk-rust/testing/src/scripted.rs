//! One watch that does as it is told.

use transfer_status::{BuildError, CloseCode, Status, Transfer, TransferId, Update, Watch};

use crate::ledger::Conflict;
use crate::service::FakeService;

/// A watch of one transfer on a service of its own: the real one, so that what your program sees is what it would see.
///
/// A watch gives the newest state, not a log: to have each status seen, let your program see one before the next is told.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use transfer_status::Status;
/// use transfer_status_testing::ScriptedWatch;
///
/// /// What is to be tested.
/// async fn ship_when_paid(watch: transfer_status::Watch) -> bool {
///     watch.finished().await.is_ok_and(|transfer| transfer.status == Status::Completed)
/// }
///
/// let payment = ScriptedWatch::new("order-1042".parse()?);
/// let shipped = tokio::spawn(ship_when_paid(payment.watch()?));
/// payment.status(Status::Processing)?;
/// payment.status(Status::Completed)?;
/// assert!(shipped.await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ScriptedWatch {
    service: FakeService,
    transfer_id: TransferId,
}

impl ScriptedWatch {
    /// A transfer that nobody has reported yet.
    pub fn new(transfer_id: TransferId) -> Self {
        Self {
            service: FakeService::new(),
            transfer_id,
        }
    }

    /// The watch, to be given to your program; each call begins another one. Needs a tokio runtime.
    ///
    /// # Errors
    /// There is no tokio runtime.
    pub fn watch(&self) -> Result<Watch, BuildError> {
        let client = self.service.client().build()?;
        let signature = self.service.signature(self.transfer_id.as_str());
        Ok(client
            .watch(self.transfer_id.clone())
            .signature(signature)
            .start())
    }

    /// A status has come, the next version by itself; a final one ends the watch.
    ///
    /// # Errors
    /// It cannot follow the one before.
    pub fn status(&self, status: Status) -> Result<Transfer, Conflict> {
        self.update(Update::new(self.transfer_id.clone(), status))
    }

    /// As [`ScriptedWatch::status`], with all that an update can say; it has to be of this transfer.
    ///
    /// # Errors
    /// As [`ScriptedWatch::status`].
    pub fn update(&self, update: Update) -> Result<Transfer, Conflict> {
        self.service.update(update)
    }

    /// The code was scanned, or with `false` the phone was put away. Only who watches by then is told.
    pub fn scan(&self, scanned: bool) {
        self.service.scan(&self.transfer_id, scanned);
    }

    /// The network fails for a moment: the watch reconnects.
    pub fn drop_socket(&self) {
        self.service.drop_sockets(&self.transfer_id);
    }

    /// The network is gone until `true`.
    pub fn set_reachable(&self, is_reachable: bool) {
        self.service.set_reachable(is_reachable);
    }

    /// The service refuses: the watch ends with [`WatchError::Refused`](transfer_status::WatchError::Refused) and 4401.
    pub fn refuse(&self) {
        self.service.refuse(&self.transfer_id);
    }

    /// The watch is closed with `code`; what that means to it is in PROTOCOL.md, section 8.
    pub fn close(&self, code: CloseCode) {
        self.service.close_sockets(&self.transfer_id, code);
    }

    /// The service behind it.
    pub fn service(&self) -> &FakeService {
        &self.service
    }
}
