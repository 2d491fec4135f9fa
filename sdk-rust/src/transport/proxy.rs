//! Which proxy leads to the service, if any: a given one, or that of the environment.

use std::fmt;

use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::error::BuildError;

/// RFC 1928.
const SOCKS_PORT: u16 = 1080;

/// Where a client is told to look for its proxy.
#[derive(Clone, Default)]
pub(crate) enum ProxyChoice {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as curl reads them.
    #[default]
    Environment,
    /// There is none.
    None,
    /// This one, whatever the environment says. The URL may hold a password.
    Url(String),
}

/// A proxy, and what it wants to be shown.
#[derive(Clone)]
pub(super) enum Proxy {
    /// Asked by `CONNECT`, or handed a request in plain text; over TLS where its own scheme is `https`.
    Http {
        uri: Uri,
        authorization: Option<HeaderValue>,
    },
    /// SOCKS5; it resolves names itself.
    Socks {
        uri: Uri,
        login: Option<(String, String)>,
    },
}

/// Neither the password nor the user's name.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(self.uri()).finish()
    }
}

impl Proxy {
    /// Where the proxy is, without credentials.
    pub(super) fn uri(&self) -> &Uri {
        match self {
            Self::Http { uri, .. } | Self::Socks { uri, .. } => uri,
        }
    }

    /// The proxy for `service`. `variable` looks into the environment.
    pub(super) fn choose(
        choice: &ProxyChoice,
        service: &Uri,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, BuildError> {
        match choice {
            ProxyChoice::None => Ok(None),
            ProxyChoice::Url(url) => Self::parse(url, service)
                .map(Some)
                .ok_or_else(|| not_usable("the URL")),
            ProxyChoice::Environment => Self::of_environment(service, variable),
        }
    }

    fn of_environment(
        service: &Uri,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, BuildError> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = variable(name).filter(|value| !value.is_empty())?;
                Some((*name, value))
            })
        };
        let own = match service.scheme_str() {
            Some("https") => first(&["HTTPS_PROXY", "https_proxy"]),
            // In a CGI program `HTTP_PROXY` is the request's header `Proxy`, which anybody can send.
            _ if variable("REQUEST_METHOD").is_some() => first(&["http_proxy"]),
            _ => first(&["HTTP_PROXY", "http_proxy"]),
        };
        let Some((name, url)) = own.or_else(|| first(&["ALL_PROXY", "all_proxy"])) else {
            return Ok(None);
        };
        let excepted = first(&["NO_PROXY", "no_proxy"]).is_some_and(|(_, hosts)| is_excepted(hosts, service));
        if excepted {
            return Ok(None);
        }
        let proxy = Self::parse(&url, service).ok_or_else(|| not_usable(name))?;
        Ok(Some(proxy))
    }

    fn parse(url: &str, service: &Uri) -> Option<Self> {
        let found = Matcher::builder().all(url.trim()).build().intercept(service)?;
        match found.uri().scheme_str()? {
            "http" | "https" => Some(Self::Http {
                uri: found.uri().clone(),
                authorization: found.basic_auth().cloned(),
            }),
            "socks5" | "socks5h" => Some(Self::Socks {
                uri: with_port(&found)?,
                login: found
                    .raw_auth()
                    .map(|(user, password)| (user.to_owned(), password.to_owned())),
            }),
            _ => None,
        }
    }
}

fn is_excepted(hosts: String, service: &Uri) -> bool {
    // Any proxy at all: the question is whether it would be passed by.
    let matcher = Matcher::builder().all("http://proxy.invalid").no(hosts).build();
    matcher.intercept(service).is_none()
}

fn with_port(found: &Intercept) -> Option<Uri> {
    let uri = found.uri();
    if uri.port().is_some() {
        return Some(uri.clone());
    }
    let authority: Authority = format!("{}:{SOCKS_PORT}", uri.host()?).parse().ok()?;
    let scheme: Scheme = uri.scheme()?.clone();
    let uri = Uri::builder().scheme(scheme).authority(authority);
    uri.path_and_query("/").build().ok()
}

/// Names where it was given, and not what: it may hold a password.
fn not_usable(place: &str) -> BuildError {
    BuildError::Proxy(format!(
        "{place} is not one of a proxy, like http://proxy.example:3128 or socks5h://proxy.example; a password's special \
         characters are percent-encoded"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "https://status.example.com/";

    fn chosen(service: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Proxy::choose(&ProxyChoice::Environment, &service.parse().unwrap(), lookup)
            .map(|proxy| proxy.map(|proxy| proxy.uri().to_string()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_proxy_is_that_of_the_services_scheme_or_else_of_all() {
        let all = [
            ("HTTPS_PROXY", "http://secure:1"),
            ("HTTP_PROXY", "http://plain:2"),
            ("ALL_PROXY", "http://all:3"),
        ];
        let some = |uri: &str| Ok(Some(uri.to_owned()));
        assert_eq!(chosen(SERVICE, &all), some("http://secure:1/"));
        assert_eq!(chosen("http://10.0.0.7/", &all), some("http://plain:2/"));
        assert_eq!(chosen(SERVICE, &all[1..]), some("http://all:3/"));
        assert_eq!(chosen(SERVICE, &all[1..2]), Ok(None));
        assert_eq!(chosen(SERVICE, &[]), Ok(None));
        // Lower case is read too; what is empty is not set.
        assert_eq!(
            chosen(SERVICE, &[("https_proxy", "http://lower:1")]),
            some("http://lower:1/")
        );
        let emptied = [("HTTPS_PROXY", ""), ("all_proxy", "proxy.example:8080")];
        assert_eq!(chosen(SERVICE, &emptied), some("http://proxy.example:8080/"));
    }

    #[test]
    fn hosts_are_excepted_as_curl_excepts_them() {
        for (hosts, excepted) in [
            ("status.example.com", true),
            ("example.com", true),
            (".example.com", true),
            ("localhost, EXAMPLE.com", true),
            ("*", true),
            ("ample.com", false),
            ("other.example.com", false),
            ("", false),
        ] {
            let variables = [("HTTPS_PROXY", "http://secure:1"), ("NO_PROXY", hosts)];
            let proxy = chosen(SERVICE, &variables).unwrap();
            assert_eq!(proxy.is_none(), excepted, "{hosts}");
        }
        let network = [("HTTP_PROXY", "http://plain:2"), ("no_proxy", "10.0.0.0/8")];
        assert_eq!(chosen("http://10.0.0.7/", &network), Ok(None));
    }

    #[test]
    fn what_a_stranger_sends_to_a_cgi_program_is_no_proxy() {
        let variables = [("HTTP_PROXY", "http://evil:2"), ("REQUEST_METHOD", "GET")];
        assert_eq!(chosen("http://10.0.0.7/", &variables), Ok(None));
    }

    #[test]
    fn what_is_no_proxy_is_refused_by_name_and_its_password_is_not_told() {
        for value in [
            "http://user:hunter2@",
            "ftp://user:hunter2@proxy:1",
            "socks4://proxy",
            "not a proxy",
            "http://user:hun ter2@proxy",
        ] {
            let error = chosen(SERVICE, &[("ALL_PROXY", value)]).unwrap_err();
            assert!(error.contains("ALL_PROXY"), "{error}");
            assert!(
                !error.contains("hunter2") && !error.contains("hun ter2"),
                "{error}"
            );
            let given = ProxyChoice::Url(value.to_owned());
            let error = Proxy::choose(&given, &SERVICE.parse().unwrap(), |_| None).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        // Only what would be used is looked at.
        assert_eq!(chosen(SERVICE, &[("HTTP_PROXY", "not a proxy")]), Ok(None));
        let excepted = [("HTTPS_PROXY", "not a proxy"), ("NO_PROXY", "example.com")];
        assert_eq!(chosen(SERVICE, &excepted), Ok(None));
    }

    #[test]
    fn credentials_are_taken_out_of_the_url_and_shown_to_nobody() {
        let parse = |url| Proxy::parse(url, &SERVICE.parse().unwrap()).unwrap();
        let http = parse("http://user:p%40ss@proxy.example:3128");
        assert_eq!(format!("{http:?}"), "Proxy(http://proxy.example:3128/)");
        let Proxy::Http { authorization, .. } = http else {
            panic!()
        };
        let authorization = authorization.unwrap();
        assert!(authorization.is_sensitive());
        assert_eq!(authorization, "Basic dXNlcjpwQHNz", "user:p@ss");

        let socks = parse("socks5h://user:p%40ss@proxy.example");
        assert_eq!(format!("{socks:?}"), "Proxy(socks5h://proxy.example:1080/)");
        let Proxy::Socks { login, .. } = socks else {
            panic!()
        };
        assert_eq!(login, Some(("user".to_owned(), "p@ss".to_owned())));
    }

    #[test]
    fn a_proxy_that_was_given_goes_before_the_environment_and_its_exceptions() {
        let lookup = |name: &str| match name {
            "NO_PROXY" => Some("*".to_owned()),
            _ => Some("http://environment:1".to_owned()),
        };
        let service = SERVICE.parse().unwrap();
        let given = ProxyChoice::Url("http://given:2".to_owned());
        let proxy = Proxy::choose(&given, &service, lookup).unwrap().unwrap();
        assert_eq!(proxy.uri(), "http://given:2/");
        assert!(
            Proxy::choose(&ProxyChoice::None, &service, lookup)
                .unwrap()
                .is_none()
        );
    }
}
