//! Which hosts and ports an address may name, and which hosts are of this machine or a private network.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether the text can be the host of an address: a name, an IPv4 address, or an IPv6 address in brackets.
///
/// A name whose last label is a number is an IPv4 address to browsers (WHATWG URL, "ends in a number"), and none if it
/// is too large: only the usual spelling is taken. Labels and names have the lengths of RFC 1035.
pub(crate) fn is_host(host: &str) -> bool {
    match in_brackets(host) {
        Some(ip) => ip.parse::<Ipv6Addr>().is_ok(),
        None if host.parse::<Ipv4Addr>().is_ok() => true,
        None => is_name(host),
    }
}

fn is_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let mut labels = name.split('.');
    name.len() <= 253
        && labels.all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
        && !name
            .rsplit('.')
            .next()
            .is_some_and(|last| is_number(&last.to_ascii_lowercase()))
}

/// Whether the text is a port that can be dialled: 1 to 65535, in digits only.
pub(crate) fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether plain text to this host stays on this machine or in a private network (PROTOCOL.md, section 9).
///
/// A number in another spelling (`2130706433`, `0x7f.1`) is a public address to some resolver, and a name that ends
/// with a dot is never a private network's: neither is taken for private.
pub(crate) fn is_private(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    if let Some(ip) = in_brackets(&host) {
        return ip.parse().is_ok_and(is_private_v6);
    }
    if let Ok(ip) = host.parse() {
        return is_private_v4(ip);
    }
    let labels: Vec<&str> = host.split('.').collect();
    if labels.iter().any(|label| label.is_empty()) || labels.last().is_some_and(|label| is_number(label)) {
        return false;
    }
    matches!(
        labels.as_slice(),
        [_] | [.., "localhost" | "local" | "internal"] | [.., "home", "arpa"]
    )
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    ip.is_loopback() || ip.is_private() || ip.is_link_local()
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    match ip.to_ipv4_mapped() {
        Some(ip) => is_private_v4(ip),
        None => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Whether the last label of a name makes the whole an IPv4 address to a resolver: decimal, octal or hexadecimal.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

fn in_brackets(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::{is_host, is_port, is_private};

    #[test]
    fn this_machine_and_private_networks_are_private() {
        for host in [
            "localhost",
            "LocalHost",
            "app.localhost",
            "a.b.localhost",
            "127.0.0.1",
            "127.255.255.255",
            "[::1]",
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.10.1",
            "[fc00::]",
            "[fd12:3456::1]",
            "[FDFF::1]",
            "[fe80::1]",
            "[febf::1]",
            "[::ffff:10.0.0.1]",
            "till",
            "my_service",
            "till.local",
            "a.till.local",
            "pay.internal",
            "till.home.arpa",
            "home.arpa",
        ] {
            assert!(is_host(host) && is_private(host), "{host}");
        }
    }

    #[test]
    fn what_only_looks_private_is_not() {
        for host in [
            "pay.example.com",
            "localhost.example.com",
            "notlocalhost.com",
            "evil-local.com",
            "local.example",
            "pay.internal.example",
            "example-internal.net",
            "arpa.example",
            "x.arpa",
            "in-addr.arpa",
            "myhome.arpa",
            "8.8.8.8",
            "11.0.0.1",
            "9.255.255.255",
            "172.15.255.255",
            "172.32.0.1",
            "192.167.255.255",
            "192.169.0.1",
            "169.253.255.255",
            "169.255.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "128.0.0.1",
            "[::]",
            "[2606:4700::1111]",
            "[fec0::1]",
            "[fe00::1]",
            "[fbff::1]",
            "[fe7f::1]",
            "[::2]",
            "[::ffff:8.8.8.8]",
            "[::8.8.8.8]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            // Numbers that resolvers read as IPv4 addresses.
            "134744072",
            "0x8080808",
            "0x",
            "010.8.8.8",
            "8.8.2056",
            "0x8.8.8.8",
            "8.8",
            "1.2.3.0X4",
            "2130706433",
            // Dots that a resolver drops, or nothing between two.
            "localhost.",
            "till.local.",
            "ai.",
            "8.8.8.8.",
            "till..local",
            ".local",
            ".",
        ] {
            assert!(!is_private(host), "{host}");
        }
    }

    #[test]
    fn a_host_and_a_port_hold_nothing_that_a_resolver_would_read_otherwise() {
        let (label, name) = ("a".repeat(64), "a.".repeat(127) + "a");
        for host in [
            &label,
            &name,
            "",
            ".",
            "a..b",
            ".a",
            "999999999999",
            "1.2.3",
            "1.2.3.256",
            "1.2.3.4.",
            "a.0x1",
            "a b",
            "a%62",
            "b\u{e9}",
            "[::g]",
            "[::1",
            "[fe80::1%25eth0]",
            "a@b",
            "a:b",
            "[127.0.0.1]",
        ] {
            assert!(!is_host(host), "{host}");
        }
        assert!(is_port("1") && is_port("8787") && is_port("65535"));
        for port in ["", "0", "+80", "-1", " 80", "8787x", "65536", "99999", "\u{661}"] {
            assert!(!is_port(port), "{port}");
        }
    }
}
