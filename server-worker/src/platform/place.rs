//! Where the platform is to make Durable Objects, and keep what they store.

/// Jurisdictions that the platform knows.
pub(crate) const JURISDICTIONS: [&str; 3] = ["eu", "us", "fedramp"];
/// Regions that it takes as a hint.
pub(crate) const HINTS: [&str; 9] = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"];

/// A choice of place; by default near whoever asks first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Objects are made, run and stored there and nowhere else. It is part of which object a name means.
    pub(crate) jurisdiction: Option<&'static str>,
    /// Objects are made there if it suits the platform. It counts for the first call to one alone.
    pub(crate) hint: Option<&'static str>,
}
