//! Faults that can be put into a world, to see that the judge finds them. None is in what ships: each is a lie of the
//! platform or of a host, or a step that the simulated room leaves out.

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A fault that a world has from its beginning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])* $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name on a command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The fault with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|fault| fault.name() == name)
            }
        }
    };
}

faults! {
    /// Answers and frames leave before the write is durable.
    NoOutputGate = "no-output-gate",
    /// An update is acknowledged and no alarm sees to what follows.
    AckBeforeAlarm = "ack-before-alarm",
    /// The alarm's time is taken for a sign that all has arrived.
    AlarmTakenForAFact = "alarm-taken-for-a-fact",
    /// A room empties as soon as the archive has taken the write.
    NoReadBack = "no-read-back",
    /// A room empties whatever its archive holds.
    AnyCopyIsProof = "any-copy-is-proof",
    /// A room that has slept takes the archive for empty when a read fails.
    FailedReadIsAMiss = "failed-read-is-a-miss",
    /// What was taken without the archive is never made one with it.
    NeverReconciled = "never-reconciled",
    /// The archive's copy counts as this state whichever it is.
    OldCopyIsThisOne = "old-copy-is-this-one",
    /// A batch whose carrier fails is lost, and counts as arrived.
    BatchLostOnFailure = "batch-lost-on-failure",
    /// A shard does not write its newcomers down.
    ShardForgets = "shard-forgets",
    /// A first update waits for the archive for as long as it is away.
    FirstUpdateNeedsArchive = "first-update-needs-archive",
    /// A second final status replaces the first.
    FinalOverwritten = "final-overwritten",
    /// A room restores an older state than it acknowledged.
    VersionGapAfterRestore = "version-gap-after-restore",
    /// A watcher whose signature is over stays.
    ExpiryNotEnforced = "expiry-not-enforced",
    /// News is told to whoever the alarm has not closed yet.
    ExpiryLeftToTheAlarm = "expiry-left-to-the-alarm",
    /// A socket whose client reads nothing is told for ever.
    DeafToldForEver = "deaf-told-for-ever",
    /// A socket that has proved nothing is told.
    UnprovenToldAll = "unproven-told-all",
    /// The key of before is taken for ever.
    RotationNotNoticed = "rotation-not-noticed",
    /// The key of before is refused at once.
    PreviousKeyRefused = "previous-key-refused",
    /// After a final status the room keeps its alarm.
    AlarmNeverEnds = "alarm-never-ends",
    /// The index keeps what it lists for ever.
    RetentionNeverEnds = "retention-never-ends",
    /// Two deliveries of a room go on side by side.
    TwoDeliveries = "two-deliveries",
    /// A deletion does not reach the archive.
    DeletionForgetsTheArchive = "deletion-forgets-the-archive",
    /// A deletion does not reach the list.
    DeletionForgetsTheList = "deletion-forgets-the-list",
    /// The list does not remember what was deleted.
    ListForgetsDeletions = "list-forgets-deletions",
    /// Nothing is left of a deleted transfer, while something of it is under way.
    TombstoneGoesAtOnce = "tombstone-goes-at-once",
    /// A deletion is forgotten without a last look at the archive.
    NoLastLook = "no-last-look",
    /// Watchers of a deleted transfer stay.
    DeletedSocketsStay = "deleted-sockets-stay",
    /// A life after a deletion is no later than the one before it.
    NewLifeInThePast = "new-life-in-the-past",
    /// Entries that belong to another shard are taken off before that has them.
    MoveIsNotAwaited = "move-is-not-awaited",
    /// A shard takes its first entry, and the first shard does not know that it is there.
    ShardComesUnannounced = "shard-comes-unannounced",
    /// What is remembered of deletions does not reach the shard that is to remember it now.
    MoveForgetsDeletions = "move-forgets-deletions",
    /// Entries that another shard has are kept.
    MoveKeeps = "move-keeps",
    /// A list that was asked for while entries moved is shown as it came.
    ListIsNotAskedAgain = "list-is-not-asked-again",
    /// A client shows whatever comes.
    OlderAfterNewer = "older-after-newer",
    /// A client never waits longer than a moment.
    NoBackoff = "no-backoff",
    /// A client's backoff is never earned back.
    BackoffNeverReset = "backoff-never-reset",
    /// All clients wait as long as each other.
    NoJitter = "no-jitter",
    /// A socket's close overtakes its last frame, and the client takes that for the end.
    FinalLostOn1000 = "final-lost-on-1000",
    /// A client does not notice a dead link.
    NoHeartbeat = "no-heartbeat",
    /// A client whose sockets fail does not poll.
    NeverPolls = "never-polls",
}
