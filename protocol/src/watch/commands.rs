//! What a user wants of a driver, kept until it is taken.

use crate::session::Hint;

/// What the user wants of the driver. Equal hints that were not taken yet are one: this never grows.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    /// The watch is to end.
    pub close: bool,
    hints: [Option<(u64, Hint)>; 5],
    count: u64,
}

impl Commands {
    /// Keeps `hint` for the driver to take.
    pub fn add(&mut self, hint: Hint) {
        // Online and offline share a place, and so do suspend and resume: only the later one is true.
        let place = match hint {
            Hint::Online | Hint::Offline => 0,
            Hint::Visible => 1,
            Hint::Foreground => 2,
            Hint::NetworkChanged => 3,
            Hint::Suspend | Hint::Resume => 4,
        };
        self.count += 1;
        if let Some(slot) = self.hints.get_mut(place) {
            *slot = Some((self.count, hint));
        }
    }

    /// The first hint after `cursor`, in the order they were given, with its own cursor; 0 is before all of them.
    pub fn hint_after(&self, cursor: u64) -> Option<(u64, Hint)> {
        self.hints
            .iter()
            .flatten()
            .copied()
            .filter(|(at, _)| *at > cursor)
            .min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints_of(commands: &Commands) -> Vec<Hint> {
        let mut cursor = 0;
        let mut hints = Vec::new();
        while let Some((at, hint)) = commands.hint_after(cursor) {
            cursor = at;
            hints.push(hint);
        }
        hints
    }

    #[test]
    fn hints_nobody_has_taken_yet_do_not_pile_up() {
        let mut commands = Commands::default();
        for _ in 0..1_000 {
            commands.add(Hint::Foreground);
            commands.add(Hint::Online);
            commands.add(Hint::NetworkChanged);
            commands.add(Hint::Offline);
            commands.add(Hint::Visible);
        }
        assert_eq!(
            hints_of(&commands),
            [
                Hint::Foreground,
                Hint::NetworkChanged,
                Hint::Offline,
                Hint::Visible
            ],
            "each once, in the order they were last given; offline is the last word on the network"
        );
    }

    #[test]
    fn a_device_that_came_back_before_anybody_looked_was_never_away() {
        let mut commands = Commands::default();
        commands.add(Hint::Suspend);
        commands.add(Hint::Resume);
        assert_eq!(hints_of(&commands), [Hint::Resume]);
    }
}
