//! Who sent a request: the client behind the proxies.
//!
//! Each proxy adds the address from which it got the request at the right end of `X-Forwarded-For` or `Forwarded`
//! (RFC 7239). Everything further left came from outside and may be made up. So the client is the rightmost address
//! that is not a trusted proxy, and both headers are ignored unless a trusted proxy made the connection.
//!
//! A proxy usually maintains one of the two headers and passes on the other as its client sent it; the server cannot
//! know which. If the two disagree, neither counts, and the request is treated as the proxy's own: so a client can
//! neither look like another one nor get a fresh rate limit.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::server::proxies::TrustedProxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client whose request came over a connection from `peer`.
pub fn of(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    if !proxies.trusts(peer) {
        return peer;
    }
    let client_by = |name, read| rightmost(proxies, peer, headers, name, read);
    match [client_by(FORWARDED_FOR, address), client_by(header::FORWARDED, of_element)] {
        [Some(one), Some(other)] if one != other => peer,
        [Some(one), _] | [None, Some(one)] => one,
        [None, None] => peer,
    }
}

/// The rightmost address in the lines of a header that is not a proxy's, `None` without such a header. An element that
/// names no address ends the search: nothing left of it can be trusted.
fn rightmost(
    proxies: &TrustedProxies,
    peer: IpAddr,
    headers: &HeaderMap,
    name: HeaderName,
    read: fn(&str) -> Option<IpAddr>,
) -> Option<IpAddr> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return None;
    }
    let elements = lines.iter().rev().flat_map(|line| {
        let mut is_end = outside_quotes(',');
        line.rsplit(move |byte| is_end(char::from(*byte)))
    });
    let mut nearest = peer;
    for element in elements {
        let Some(address) = std::str::from_utf8(element).ok().and_then(|text| read(text.trim())) else { break };
        nearest = address.to_canonical();
        if !proxies.trusts(nearest) {
            break;
        }
    }
    Some(nearest)
}

/// An address, which some proxies write with the port of the client.
fn address(text: &str) -> Option<IpAddr> {
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(in_brackets).or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// Whether a character is this separator and stands outside quotes: a proxy may quote what its client chose, such as a
/// host, with any separators in it.
///
/// From right to left, as elements are split, the nearest proxy's own text comes first. So no quote to the left of it
/// can change how it is read. Only an escaped quote could, and [`of_element`] refuses what holds a backslash.
fn outside_quotes(separator: char) -> impl FnMut(char) -> bool {
    let mut is_quoted = false;
    move |character| {
        is_quoted ^= character == '"';
        character == separator && !is_quoted
    }
}

/// The address in an element of `Forwarded`.
fn of_element(element: &str) -> Option<IpAddr> {
    if element.contains('\\') || !element.matches('"').count().is_multiple_of(2) {
        return None;
    }
    let pairs = element.split(outside_quotes(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, node)| node);
    let (Some(node), None) = (nodes.next(), nodes.next()) else { return None };
    address(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let proxies = TrustedProxies::read("10.0.0.0/8, fd00::/8,192.0.2.7").unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        of(&proxies, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_clients() {
        for (list, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9, 10.2.3.4", "203.0.113.9"),
            ("198.51.100.1,203.0.113.9,10.2.3.4 ,\t192.0.2.7", "203.0.113.9"),
            // Nobody but proxies: the first of them.
            ("10.9.9.9, 10.2.3.4", "10.9.9.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            // An element that names no address ends the search at the proxy that added it.
            ("203.0.113.9, unknown", PROXY),
            ("203.0.113.9, unknown, 10.2.3.4", "10.2.3.4"),
            ("", PROXY),
            ("203.0.113.9,", PROXY),
        ] {
            assert_eq!(client(PROXY, &[("x-forwarded-for", list)]), expected, "{list:?}");
        }
        let lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client(PROXY, &lines), "203.0.113.9", "several lines are one list");
        assert_eq!(client("::ffff:10.0.0.1", &lines), "203.0.113.9");
    }

    #[test]
    fn forwarded_says_the_same_in_its_own_syntax() {
        for (list, expected) in [
            ("for=203.0.113.9", "203.0.113.9"),
            ("for=198.51.100.1, For=203.0.113.9;proto=https", "203.0.113.9"),
            ("proto=https; for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=\"203.0.113.9:80\", for=10.2.3.4", "203.0.113.9"),
            ("for=203.0.113.9, for=_hidden", PROXY),
            // A client may choose what is inside quotes, so that is never its address.
            ("for=203.0.113.9;host=\"x, for=198.51.100.1\"", "203.0.113.9"),
            ("for=203.0.113.9;host=\"x, for=198.51.100.1, y\"", "203.0.113.9"),
            ("for=203.0.113.9;host=\"x, for=198.51.100.1;a=\"", "203.0.113.9"),
            ("host=\"x, for=198.51.100.1;a=\";for=203.0.113.9", "203.0.113.9"),
            ("host=\"x;for=198.51.100.1;a=\";for=203.0.113.9, for=10.2.3.4", "203.0.113.9"),
            // Nor does it change how the element of the proxy is read.
            ("for=198.51.100.1;a=\", for=203.0.113.9;host=\"x\"", "203.0.113.9"),
            ("for=198.51.100.1;a=\"\\, for=203.0.113.9", "203.0.113.9"),
            ("for=203.0.113.9;host=\"x\\\", for=198.51.100.1;a=\\\"\"", PROXY),
            ("for=203.0.113.9;host=\"x\\\";for=198.51.100.1", PROXY),
            ("for=198.51.100.1;a=\"", PROXY),
            ("for=203.0.113.9;for=198.51.100.1", PROXY),
            ("by=203.0.113.9", PROXY),
        ] {
            assert_eq!(client(PROXY, &[("forwarded", list)]), expected, "{list:?}");
        }
    }

    #[test]
    fn nobody_else_can_choose_an_address() {
        let claims = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")];
        assert_eq!(client("203.0.113.9", &claims), "203.0.113.9", "it came through no proxy");
        let mixed = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=198.51.100.1")];
        assert_eq!(client(PROXY, &mixed), PROXY, "the proxy passed one of them on");
        let agreed = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(client(PROXY, &agreed), "203.0.113.9");
    }

    #[test]
    fn a_list_of_networks_is_read_or_refused_with_an_example() {
        assert!(TrustedProxies::read("").unwrap().is_empty());
        for wrong in ["proxy.example.com", "10.0.0.0/33", "10.0.0.1,", "10.0.0.0/8 fd00::/8"] {
            assert!(TrustedProxies::read(wrong).unwrap_err().contains("such as 127.0.0.1"), "{wrong}");
        }
    }
}
