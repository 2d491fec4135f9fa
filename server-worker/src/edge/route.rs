//! The table of routes: what a path leads to, and by which methods.

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Health,
    Update,
    Scan,
    Recent,
    /// The id is still percent-encoded, as in the next three.
    Transfer(&'a str),
    Timeline(&'a str),
    Record(&'a str),
    Watch(&'a str),
    Dashboard,
    Session,
    Stats,
    Feed,
    /// A file below `/dashboard/`.
    File(&'a str),
    /// Of the earlier API, as the next four.
    Create,
    Status,
    List,
    Unscan,
    /// The id is still percent-encoded.
    LegacyWatch(&'a str),
}

impl<'a> Route<'a> {
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if let Some(file) = path.strip_prefix("dashboard/") {
            return Some(match file {
                "" => Self::Dashboard,
                "session" => Self::Session,
                "stats" => Self::Stats,
                "feed" => Self::Feed,
                file => Self::File(file),
            });
        }
        let mut segments = path.split('/');
        let route = match (segments.next()?, segments.next(), segments.next()) {
            ("healthz", None, None) => Self::Health,
            ("update", None, None) => Self::Update,
            ("scan", None, None) => Self::Scan,
            ("recent", None, None) => Self::Recent,
            ("dashboard", None, None) => Self::Dashboard,
            ("transfer", Some(id), None) => Self::Transfer(id),
            ("transfer", Some(id), Some("timeline")) => Self::Timeline(id),
            ("transfer", Some(id), Some("record")) => Self::Record(id),
            ("ws", Some(id), None) => Self::Watch(id),
            ("create", None, None) => Self::Create,
            ("status", None, None) => Self::Status,
            ("transfers", None, None) => Self::List,
            ("unscan", None, None) => Self::Unscan,
            ("transfers", Some(id), Some("ws")) => Self::LegacyWatch(id),
            _ => return None,
        };
        segments.next().is_none().then_some(route)
    }

    /// Its methods, as `Allow` lists them. `OPTIONS` is answered for all.
    pub(super) fn allow(self) -> &'static str {
        match self {
            Self::Transfer(_) => "GET, HEAD, DELETE, OPTIONS",
            Self::Health
            | Self::Timeline(_)
            | Self::Record(_)
            | Self::Recent
            | Self::Dashboard
            | Self::Stats
            | Self::File(_)
            | Self::Status
            | Self::List => "GET, HEAD, OPTIONS",
            Self::Watch(_) | Self::Feed | Self::LegacyWatch(_) => "GET, OPTIONS",
            Self::Update | Self::Scan | Self::Create | Self::Unscan => "POST, OPTIONS",
            Self::Session => "POST, DELETE, OPTIONS",
        }
    }

    /// Whether only the dashboard's own pages ask for it.
    pub(super) fn is_dashboards(self) -> bool {
        matches!(
            self,
            Self::Dashboard | Self::Session | Self::Stats | Self::Feed | Self::File(_)
        )
    }

    /// Whether it is there with `LEGACY_API=on` only.
    pub(super) fn is_legacy(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Status | Self::List | Self::Unscan | Self::LegacyWatch(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn every_path_of_the_contract_leads_somewhere() {
        assert_eq!(Route::of("/healthz"), Some(Route::Health));
        assert_eq!(Route::of("/update"), Some(Route::Update));
        assert_eq!(Route::of("/transfer/tr_1"), Some(Route::Transfer("tr_1")));
        assert_eq!(Route::of("/ws/a%3Ab"), Some(Route::Watch("a%3Ab")));
        assert_eq!(Route::of("/transfer/a/timeline"), Some(Route::Timeline("a")));
        assert_eq!(Route::of("/transfer/a/record"), Some(Route::Record("a")));
        assert_eq!(Route::of("/scan"), Some(Route::Scan));
        assert_eq!(Route::of("/recent"), Some(Route::Recent));
        assert_eq!(Route::of("/dashboard"), Some(Route::Dashboard));
        assert_eq!(Route::of("/dashboard/"), Some(Route::Dashboard));
        assert_eq!(Route::of("/dashboard/session"), Some(Route::Session));
        assert_eq!(Route::of("/dashboard/stats"), Some(Route::Stats));
        assert_eq!(Route::of("/dashboard/feed"), Some(Route::Feed));
        assert_eq!(Route::of("/dashboard/js/app.js"), Some(Route::File("js/app.js")));
        assert_eq!(Route::of("/create"), Some(Route::Create));
        assert_eq!(Route::of("/status"), Some(Route::Status));
        assert_eq!(Route::of("/transfers"), Some(Route::List));
        assert_eq!(Route::of("/unscan"), Some(Route::Unscan));
        assert_eq!(
            Route::of("/transfers/a%3Ab/ws"),
            Some(Route::LegacyWatch("a%3Ab"))
        );
        assert_eq!(
            Route::of("/ws/"),
            Some(Route::Watch("")),
            "an empty id is a bad id, not a bad path"
        );
    }

    #[test]
    fn any_other_path_leads_nowhere() {
        for path in [
            "",
            "/",
            "/ws",
            "/transfer",
            "/transfer/a/b",
            "/transfer/a/timeline/b",
            "/transfers/a",
            "/transfers/a/b",
            "/transfers/a/ws/b",
            "/recent/",
            "/update/",
            "/Update",
            "//update",
            "/healthz/x",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }

    #[test]
    fn every_route_answers_a_preflight() {
        for route in [
            Route::Health,
            Route::Update,
            Route::Transfer("a"),
            Route::Watch("a"),
            Route::Session,
            Route::Feed,
            Route::File("a"),
            Route::List,
            Route::LegacyWatch("a"),
        ] {
            assert!(route.allow().contains("OPTIONS"));
        }
    }
}
