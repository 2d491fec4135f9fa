//! The task of one watch: waits for one thing to happen, has the driver handle it, and again.

use std::future::poll_fn;
use std::task::{Context, Poll};

use gloo_timers::future::TimeoutFuture;
use transfer_status_protocol::session::Hint;
use transfer_status_protocol::watch::{Driver, Input, Start, Step};

use crate::clock::now;
use crate::host::{BrowserHost, Done, poll_slot};
use crate::page::Page;

/// What the task waits for.
enum Next {
    Done(Done),
    Hint(Hint),
    /// The user wants no more.
    Close,
    Due,
}

/// Runs one watch until it has ended.
pub(crate) async fn run(mut host: BrowserHost, start: Start) {
    let _page = Page::listen(&host.shared);
    let (mut driver, mut step) = Driver::start(start, now(), &mut host);
    let mut hinted = 0;
    while let Step::Wait(due) = step {
        // The step is at most a few seconds: far from the 31 bits that a browser's timer takes.
        let sleep = due.map(|due| TimeoutFuture::new(u32::try_from(due.as_millis()).unwrap_or(u32::MAX)));
        let mut timer = sleep.map(|sleep| ((), sleep));
        let next = poll_fn(|cx| poll_next(&mut host, &mut hinted, &mut timer, cx)).await;
        step = match next {
            Next::Done(done) => driver.handle(now(), done.input(), &mut host),
            Next::Hint(hint) => driver.handle(now(), Input::Hint(hint), &mut host),
            Next::Close => driver.handle(now(), Input::Close, &mut host),
            Next::Due => driver.handle(now(), Input::Due, &mut host),
        };
    }
}

/// What has come in goes before hints and timers: a page that was stopped for a while finds all of them, and what is in
/// its buffers says that the link is good.
fn poll_next(
    host: &mut BrowserHost,
    hinted: &mut u64,
    timer: &mut Option<((), TimeoutFuture)>,
    cx: &mut Context<'_>,
) -> Poll<Next> {
    if host.shared.is_to_close(cx) {
        return Poll::Ready(Next::Close);
    }
    if let Poll::Ready(done) = host.doing.poll_next(cx) {
        return Poll::Ready(Next::Done(done));
    }
    if let Poll::Ready(hint) = host.shared.poll_hint(cx, hinted) {
        return Poll::Ready(Next::Hint(hint));
    }
    poll_slot(timer, cx).map(|_| Next::Due)
}
