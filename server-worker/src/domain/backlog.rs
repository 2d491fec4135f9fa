//! How much may wait for a client that does not read. Pure.
//!
//! The runtime keeps each frame that it cannot send yet, a copy for each socket, and would without end. It tells how much
//! that is. A close frees none of it: the end of the connection does.

/// Bytes that may wait for one socket: hundreds of updates of a payment. Who has read nothing of them is better served by
/// the newest one, which it gets when it comes back.
pub(crate) const MOST_UNSENT: u32 = 256 * 1024;

/// Whether so much waits for a socket that it is sent nothing more: it is closed, and its client comes back and gets the
/// whole transfer. `most` is [`MOST_UNSENT`], and less in a simulated world.
pub(crate) const fn is_deaf(unsent: u32, most: u32) -> bool {
    unsent > most
}

/// Whether a socket takes up one of the places of its transfer: one that is closed does for as long as so much waits for
/// it, or whoever reads nothing could fill the memory by coming back.
pub(crate) const fn keeps_its_place(is_open: bool, unsent: u32) -> bool {
    is_open || is_deaf(unsent, MOST_UNSENT)
}

#[cfg(test)]
mod tests {
    use super::{MOST_UNSENT, is_deaf, keeps_its_place};

    #[test]
    fn who_reads_nothing_is_sent_a_quarter_of_a_megabyte_and_a_frame() {
        for frame in [100, 8_000, 17_000] {
            let mut unsent = 0;
            while !is_deaf(unsent, MOST_UNSENT) {
                unsent += frame;
            }
            assert!(
                (256 * 1024..256 * 1024 + 17_001).contains(&unsent),
                "{unsent} bytes"
            );
        }
    }

    #[test]
    fn who_reads_late_is_not_deaf() {
        // Thirty updates of 8 KB that came at once.
        assert!(!is_deaf(30 * 8_000, MOST_UNSENT));
    }

    #[test]
    fn who_was_cut_off_keeps_its_place_and_who_left_does_not() {
        assert!(keeps_its_place(true, 0));
        assert!(keeps_its_place(false, MOST_UNSENT + 1));
        assert!(!keeps_its_place(false, MOST_UNSENT));
        assert!(!keeps_its_place(false, 0));
    }
}
