//! Redirect URIs: which ones an application may register, and how an answer is added to one.
//!
//! They are compared character by character (RFC 9700, section 4.1.3): looser comparisons have leaked codes. They are
//! therefore stored as typed. They are judged when they are registered, and again when they are used: a database may
//! hold some that are older than a rule.
//!
//! A sandbox is looser on loopback, where a client under test listens on whichever port is free (RFC 8252, section 7.3)
//! and at the path of its library. An application that is registered for loopback may use all of it there.

use std::net::{IpAddr, Ipv6Addr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Longest redirect URI, in characters.
const LONGEST: usize = 2_000;

/// Everything but the unreserved characters of RFC 3986.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why an application may not have this redirect URI, as a sentence.
pub fn fault(uri: &str) -> Option<&'static str> {
    if uri.len() > LONGEST {
        return Some("A redirect URI has at most 2000 characters.");
    }
    // Everything else has to be percent-encoded, and could end the header that the URI is put into.
    if !uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Some("A redirect URI has only the characters that a URI may have.");
    }
    if uri.contains('#') {
        return Some("A redirect URI has no fragment.");
    }
    match scheme_and_authority(uri) {
        Some(("http", authority)) if is_authority(authority) && !is_loopback(authority) => Some(
            "A redirect URI begins with https://, unless its host is on loopback: otherwise others could read the \
             code.",
        ),
        Some((_, authority)) if is_authority(authority) => None,
        _ => Some("A redirect URI is absolute: http:// or https://, a host, and no user name."),
    }
}

/// Whether an authority, with or without a port, names this machine (RFC 8252, section 7.3).
pub fn is_loopback(authority: &str) -> bool {
    let (host, _) = host_and_port(authority);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// How an address is compared with those that an application has registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Character by character.
    Exact,
    /// On loopback, one address stands for all.
    LooseOnLoopback,
}

/// Whether an answer may go to this address of an application: it is registered, and would still be registered today.
pub fn is_trusted(registered: &[String], asked: &str, comparison: Comparison) -> bool {
    let is_local = |uri: &str| is_loopback(authority(uri));
    let is_like = |known: &String| known == asked || is_local(known) && is_local(asked);
    fault(asked).is_none()
        && match comparison {
            Comparison::Exact => registered.iter().any(|known| known == asked),
            Comparison::LooseOnLoopback => registered.iter().any(is_like),
        }
}

fn scheme_and_authority(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    matches!(scheme, "http" | "https").then_some((scheme, authority))
}

/// The parts of an authority. The brackets of an IPv6 address belong to the host.
pub fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = host_and_port(authority);
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
    };
    let is_address = |host: &str| host.parse::<Ipv6Addr>().is_ok();
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => is_address(address),
        None => is_name(host),
    };
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// A redirect URI as a source of a content security policy. IPv6 addresses have no such source, so the whole scheme is.
pub fn source(uri: &str) -> String {
    match scheme_and_authority(uri) {
        Some((scheme, authority)) if authority.starts_with('[') => format!("{scheme}:"),
        Some((scheme, authority)) => format!("{scheme}://{authority}"),
        None => String::new(),
    }
}

/// The host and the port of a redirect URI or an origin; blank if it is no address of the web.
pub fn authority(uri: &str) -> &str {
    scheme_and_authority(uri).map_or("", |(_, authority)| authority)
}

/// Adds parameters to the query of a URI, after those that it has.
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut extended = uri.to_owned();
    let mut separator = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        extended.push_str(separator);
        extended.push_str(name);
        extended.push('=');
        extended.extend(utf8_percent_encode(value, VALUE));
        separator = "&";
    }
    extended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_addresses_of_the_web_are_registered() {
        for uri in [
            "http://127.0.0.1:8765/callback",
            "https://app.example.com",
            "https://app.example.com/back?tenant=1&x=%20",
            "http://[::1]:8080/cb",
            "https://app.example.com:443/",
            "http://localhost/cb",
            "http://LOCALHOST:3000/cb",
            "http://127.9.9.9/cb",
            "http://[::1]/cb",
        ] {
            assert_eq!(fault(uri), None, "{uri}");
        }
        for uri in [
            "",
            "/callback",
            "//app.example.com/",
            "javascript:alert(1)",
            "ftp://app.example.com/",
            "HTTPS://app.example.com/",
            "https://",
            "https:///path",
            "https://user@app.example.com/",
            "https://app.example.com/#there",
            "https://app.example.com/ there",
            "https://app.example.com/\r\nX: y",
            "https://app.example.com;script-src/",
            "https://app.example.com:99999/",
            "https://app.example.com:/",
            "https://[::1/",
            "https://bücher.example/",
            "https://a\\b/",
            "http://shop.example.com/cb",
            "http://localhost.example.com/cb",
            "http://127.0.0.1.example.com/cb",
            "http://128.0.0.1/cb",
            "http://[::2]/cb",
            "http://2130706433/cb",
        ] {
            assert!(fault(uri).is_some(), "{uri:?}");
        }
        assert!(fault(&format!("https://a.example/{}", "x".repeat(LONGEST))).is_some());
    }

    #[test]
    fn on_loopback_one_address_stands_for_all_if_the_comparison_is_loose() {
        let trusts = |registered: &str, asked, comparison| is_trusted(&[registered.to_owned()], asked, comparison);
        let (local, remote) = ("http://127.0.0.1:8765/callback", "https://a.example/cb");
        for (registered, asked, exact, loose) in [
            (local, local, true, true),
            (local, "http://127.0.0.1:9/", false, true),
            (local, "http://[::1]:51234/oauth/cb?x=1", false, true),
            (local, "https://localhost:3000/cb", false, true),
            (local, "http://localhost/cb#there", false, false),
            (local, "http://localhost.example.com/cb", false, false),
            (local, "http://127.0.0.1@a.example/", false, false),
            (local, "http://127.0.0.1:99999/", false, false),
            (local, remote, false, false),
            (remote, remote, true, true),
            (remote, local, false, false),
            (remote, "https://a.example/cb/", false, false),
            (remote, "https://a.example:8443/cb", false, false),
        ] {
            let found = [Comparison::Exact, Comparison::LooseOnLoopback].map(|how| trusts(registered, asked, how));
            assert_eq!(found, [exact, loose], "{registered} and {asked}");
        }
    }

    #[test]
    fn an_answer_is_added_after_the_query_that_is_there() {
        let added = |uri| with_parameters(uri, &[("code", "a b&c"), ("state", "é=")]);
        assert_eq!(added("https://a.example/cb"), "https://a.example/cb?code=a%20b%26c&state=%C3%A9%3D");
        assert_eq!(added("https://a.example/cb?x=1"), "https://a.example/cb?x=1&code=a%20b%26c&state=%C3%A9%3D");
        assert_eq!(added("https://a.example/cb?"), "https://a.example/cb?code=a%20b%26c&state=%C3%A9%3D");
    }

    #[test]
    fn a_policy_names_the_origin_only() {
        assert_eq!(source("https://a.example:8443/cb?x=1"), "https://a.example:8443");
        assert_eq!(source("http://[::1]:8080/cb"), "http:");
        assert_eq!(authority("https://a.example:8443/cb?x=1"), "a.example:8443");
    }

    #[test]
    fn a_port_is_the_digits_behind_the_last_colon() {
        for (authority, parts) in [
            ("localhost", ("localhost", None)),
            ("localhost:8080", ("localhost", Some("8080"))),
            ("[::1]:8080", ("[::1]", Some("8080"))),
            ("[::1]", ("[::1]", None)),
            ("a@b:1", ("a@b", Some("1"))),
            ("a:b", ("a:b", None)),
        ] {
            assert_eq!(host_and_port(authority), parts, "{authority}");
        }
    }
}
