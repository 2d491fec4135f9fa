//! The end of the trace, and how a violation is told.

use super::Judge;
use super::facts::Input;
use crate::seen::Seen;
use transfer_status_protocol::session::Output;

/// What was said and done in one step, and when the client wants to be woken.
pub(super) type Step = (u64, Input, Vec<Output<Seen, ()>>, Option<u64>);

/// How many steps a failure tells.
const TAIL: usize = 24;

impl Judge {
    pub(super) fn note(&mut self, input: &Input, outputs: &[Output<Seen, ()>], wake: Option<u64>) {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail
            .push_back((self.now, input.clone(), outputs.to_vec(), wake));
    }

    pub(super) fn check(&self, holds: bool, rule: &str) {
        if !holds {
            self.fail(rule);
        }
    }

    pub(super) fn fail(&self, rule: &str) -> ! {
        panic!(
            "{rule}\nat {} ms, socket {:?}, attempt by {:?}, failures {:?}, poll {:?} by {:?}, trace:{}",
            self.now,
            self.socket,
            self.attempt_by,
            self.failures,
            self.poll,
            self.poll_by,
            self.trace()
        );
    }

    /// The last steps, for a failure's message.
    pub(in crate::faults) fn trace(&self) -> String {
        let mut trace = String::new();
        for (now, input, outputs, wake) in &self.tail {
            trace += &format!("\n{now:>12}  {input:?}");
            for output in outputs {
                trace += &format!("\n{:>16}{output:?}", "→ ");
            }
            trace += &format!("\n{:>16}wakes at {wake:?}", "→ ");
        }
        trace
    }
}
