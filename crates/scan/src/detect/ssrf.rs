//! URLs that point the server at itself, at its metadata service or at odd schemes.
//!
//! Grammar: `scheme://userinfo@?host:port?/path`, as a whole value or behind `url=`. The host is read
//! as the library behind would: an address in decimal, octal, hexadecimal or with parts left out, an
//! IPv6 address that wraps one, a name that resolves inwards (`localtest.me`, `nip.io`). Signals: the
//! scheme (`gopher`, `dict`), the metadata address, a disguised address, or a loopback address with a
//! port that no web developer uses.
//!
//! Close to it: `http://localhost:3000/callback` of every OAuth client in development, private
//! addresses in inventories; both are findings at paranoia 2.

use super::Hit;
use crate::NormalForm;
use crate::bytes::ByteClasses;
use crate::text::{Text, ends, find, head, holds, run, starts, tail};
use crate::words::Phrases;

/// What stands between scheme and host, or host and path.
pub(super) const NEEDED: ByteClasses = ByteClasses::SLASH.with(ByteClasses::BACKSLASH);

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes.trim_ascii();
    if text.seen.intersects(ByteClasses::SPACE) && bytes.contains(&b' ') {
        return None;
    }
    let value = tail(
        bytes,
        run(bytes, |b| matches!(b, b'\'' | b'"' | b'<' | b'(')),
    );
    if value.len() > 2048 || value.iter().any(|&b| b == b' ' || b == b'\n') {
        return None;
    }
    let value = match value.iter().position(|&b| b == b'=') {
        // `url=http://..`, as a value that holds a parameter of its own.
        Some(at) if head(value, at).iter().all(u8::is_ascii_alphanumeric) => {
            tail(value, at.saturating_add(1))
        }
        _ => value,
    };
    let quoted = matches!(bytes.last(), Some(b'\'' | b'"')) && value.len() == bytes.len();
    let (score, rule) = url(value)?;
    // A host in circled letters is one that a filter was not to read.
    let score = if score == 6 && NormalForm::FOLD.within(text.form) {
        9
    } else {
        score
    };
    let score = if quoted {
        score.saturating_add(2).min(10)
    } else {
        score
    };
    Some(Hit::at(rule, score, 0, value.len()))
}

/// Score and rule of one URL.
fn url(value: &[u8]) -> Option<(u8, &'static str)> {
    const SCHEMES: [&[u8]; 12] = [
        b"gopher:",
        b"dict:",
        b"ldap:",
        b"ldaps:",
        b"tftp:",
        b"netdoc:",
        b"jar:http",
        b"rmi:",
        b"sftp:",
        b"imap:",
        b"smb:",
        b"ldapi:",
    ];
    if let Some(scheme) = SCHEMES.iter().find(|scheme| starts(value, scheme)) {
        let odd = matches!(value.get(..4), Some(b"goph" | b"dict" | b"netd" | b"jar:"));
        let rest = tail(value, scheme.len());
        let slashes = starts(rest, b"//") || starts(value, b"jar:http");
        // Lines for another protocol, or a file of this host by one that no directory is asked with.
        let smuggles = holds(rest, const { &Phrases::new(&[b"%0a", b"%0d"]) });
        let boots = starts(value, b"tftp:") && is_loopback(tail(rest, 2));
        let strange = odd || smuggles || boots;
        return slashes.then_some((if strange { 9 } else { 6 }, "ssrf-scheme"));
    }
    let rest = match value {
        _ if starts(value, b"http:") => tail(value, 5),
        _ if starts(value, b"https:") => tail(value, 6),
        _ if starts(value, b"ftp:") => tail(value, 4),
        [b'/', b'/', ..] => value,
        _ if starts(value, b"169.254.169.254") => return Some((9, "ssrf-metadata")),
        _ => return None,
    };
    let slashes = run(rest, |b| matches!(b, b'/' | b'\\'));
    let authority = tail(rest, slashes);
    let end = run(authority, |b| !matches!(b, b'/' | b'?' | b'#' | b'\\'));
    let path = tail(authority, end);
    let authority = head(authority, end);
    // `HTTP:80/health`: a protocol and its port.
    if slashes == 0 && !authority.contains(&b'.') {
        return None;
    }
    // `http://known\@inner/`: libraries differ in which of the two is the host.
    if matches!(path.first(), Some(b'\\' | b'#'))
        && head(path, 64).contains(&b'@')
        && known_as_host(path)
    {
        return Some((9, "ssrf-host"));
    }
    if find(authority, b"%00").is_some() || authority.contains(&0) {
        return Some((9, "ssrf-host"));
    }
    let user = authority
        .iter()
        .rposition(|&b| b == b'@')
        .map_or(0, |at| at.saturating_add(1));
    let host_and_port = tail(authority, user);
    // `http://127.0.0.1@known/`: the address is the user's name to some, and the host to others.
    let name = head(authority, user.saturating_sub(1));
    if user > 0 && !name.contains(&b':') && name.contains(&b'.') && is_loopback(name) {
        return Some((9, "ssrf-host"));
    }
    let (host, port) = split_port(host_and_port);
    let judged = host_score(host, port, path)?;
    Some(judged)
}

/// Whether what follows the `@` of a path could be a host: `\\@inner/`, `#@127.0.0.1/`.
fn known_as_host(path: &[u8]) -> bool {
    path.first() == Some(&b'\\')
        || matches!(path, [b'#', b'@', ..])
        || find(path, b"@127.").is_some()
}

/// Whether an authority is this host, spelled as people do.
fn is_loopback(authority: &[u8]) -> bool {
    starts(authority, b"127.") || starts(authority, b"localhost") || starts(authority, b"169.254.")
}

/// The host, in brackets or not, and its port.
fn split_port(authority: &[u8]) -> (&[u8], &[u8]) {
    let bracket = authority.iter().rposition(|&b| b == b']');
    let colon = authority
        .iter()
        .rposition(|&b| b == b':')
        .filter(|&at| bracket.is_none_or(|close| at > close));
    match colon {
        Some(at) => (head(authority, at), tail(authority, at.saturating_add(1))),
        None => (authority, &[]),
    }
}

fn host_score(host: &[u8], port: &[u8], path: &[u8]) -> Option<(u8, &'static str)> {
    const METADATA: [&[u8]; 9] = [
        b"metadata.google.internal",
        b"metadata.azure",
        b"instance-data",
        b"metadata.nicob.net",
        b"metadata.packet.net",
        b"kubernetes.default",
        b"rancher-metadata",
        b"metadata.tencentyun.com",
        b"168.63.129.16",
    ];
    const INWARD: [&[u8]; 12] = [
        b"localtest.me",
        b".nip.io",
        b".xip.io",
        b".sslip.io",
        b"lvh.me",
        b"vcap.me",
        b".burpcollaborator.net",
        b"spoofed.burpcollaborator.net",
        b".rbndr.us",
        b".1u.ms",
        b".traefik.me",
        b"lacolhost.com",
    ];
    const META_PATHS: [&[u8]; 5] = [
        b"/latest/meta-data",
        b"/latest/user-data",
        b"/latest/dynamic/instance-identity",
        b"/computemetadata/v1",
        b"/metadata/instance?api-version",
    ];
    const OUT_OF_BAND: [&[u8]; 15] = [
        b".oastify.com",
        b".oast.fun",
        b".oast.pro",
        b".oast.live",
        b".oast.site",
        b".interact.sh",
        b".dnslog.cn",
        b".ceye.io",
        b".oast.me",
        b".oast.online",
        b".interactsh.com",
        b"burpcollaborator.net",
        b".bxss.me",
        b".canarytokens.com",
        b".requestrepo.com",
    ];
    if METADATA.iter().any(|name| starts(host, name))
        || META_PATHS.iter().any(|known| starts(path, known))
    {
        return Some((10, "ssrf-metadata"));
    }
    if INWARD
        .iter()
        .chain(&OUT_OF_BAND)
        .any(|name| ends(host, name))
    {
        return Some((9, "ssrf-host"));
    }
    // A full stop at the end is the root of names, which nobody writes.
    let (host, rooted) = match host {
        [name @ .., b'.'] => (name, true),
        _ => (host, false),
    };
    // Read only where it matters: most URLs lead elsewhere.
    let services = || {
        holds(
            path,
            const {
                &Phrases::new(&[
                    b"/server-status",
                    b"/actuator",
                    b"/_cat/",
                    b"/containers/json",
                    b"/v1/kv",
                    b"/v1/agent",
                    b"/v1/catalog",
                    b"/v2/keys",
                    b"/_all_dbs",
                    b"/_cluster/",
                    b"/_search",
                    b"/_nodes",
                    b"/manager/html",
                    b"/jolokia",
                    b"/heapdump",
                    b"/jmx-console",
                    b"/solr/admin",
                    b"/pods",
                    b"/run/",
                    b"/admin",
                ])
            },
        ) && !holds(
            path,
            const {
                &Phrases::new(&[
                    b"/actuator/health",
                    b"/actuator/info",
                    b"/actuator/prometheus",
                ])
            },
        )
    };
    if let [b'[', inner @ .., b']'] = host {
        return inward_v6(inner).map(|score| (score, "ssrf-host"));
    }
    if starts(host, b"localhost") && host.len() <= 10 || ends(host, b".localhost") {
        let odd = services()
            || matches!(
                port,
                b"22"
                    | b"25"
                    | b"6379"
                    | b"11211"
                    | b"2375"
                    | b"2379"
                    | b"3306"
                    | b"5432"
                    | b"27017"
            );
        return Some((if odd || rooted { 8 } else { 6 }, "ssrf-host"));
    }
    let odd_name = [
        b"ip6-localhost".as_slice(),
        b"ip6-loopback",
        b"localhost.localdomain",
        b"localhost6",
    ]
    .iter()
    .any(|name| starts(host, name));
    let docker = starts(host, b"host.docker.internal") || starts(host, b"gateway.docker.internal");
    if odd_name
        || docker && (services() || port == b"2375")
        || ends(host, b".consul")
        || starts(path, b"/containers/json") && host == b"unix"
    {
        return Some((8, "ssrf-host"));
    }
    // No number, no address; a name of letters is one the resolver looks up.
    if !host.first()?.is_ascii_digit() {
        return None;
    }
    let address = address(host)?;
    let [a, b, ..] = address.octets;
    let private = a == 10 || a == 192 && b == 168 || a == 172 && (16..32).contains(&b);
    let metadata = a == 169 && b == 254
        || address.octets == [100, 100, 100, 200]
        || address.octets == [192, 0, 0, 192];
    let loopback = a == 127 || a == 0;
    if metadata {
        return Some((10, "ssrf-metadata"));
    }
    if (address.disguised || rooted) && (loopback || private || a == 169) {
        return Some((10, "ssrf-host"));
    }
    if loopback {
        const DATABASES: [&[u8]; 9] = [
            b"3306", b"5432", b"5900", b"3389", b"9042", b"5672", b"5984", b"4369", b"8500",
        ];
        let developer = matches!(port, [b'3' | b'4' | b'5' | b'8' | b'9', _, _, _])
            && !services()
            && !DATABASES.contains(&port);
        return Some((if developer { 6 } else { 8 }, "ssrf-host"));
    }
    if address.disguised && !host.contains(&b'.') {
        return Some((8, "ssrf-host"));
    }
    let container = starts(path, b"/containers/json")
        || holds(
            path,
            const { &Phrases::new(&[b"/containers/json", b"/_cat/", b"/v1/kv", b"/v1/agent"]) },
        );
    private.then_some((if container { 8 } else { 5 }, "ssrf-host"))
}

/// An IPv6 address of this host, of its link or of its site, or one that wraps an IPv4 address.
fn inward_v6(text: &[u8]) -> Option<u8> {
    // A zone names the interface: `fe80::1%eth0`.
    let zone = text.iter().position(|&b| b == b'%');
    let text = core::str::from_utf8(head(text, zone.unwrap_or(text.len()))).ok()?;
    let address: core::net::Ipv6Addr = text.parse().ok()?;
    let wrapped = matches!(
        address.segments(),
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
            | [0, 0, 0, 0, 0xffff, 0, ..]
            | [0x64, 0xff9b, 0, 0, 0, 0, ..]
            | [0x2002, ..]
    );
    let [first, second, ..] = address.segments();
    let metadata = (first, second) == (0xfd00, 0x0ec2);
    let link = first & 0xffc0 == 0xfe80;
    let site = first & 0xfe00 == 0xfc00;
    if wrapped || metadata || link || zone.is_some() {
        return Some(9);
    }
    site.then_some(5)
}

/// An IPv4 address as `inet_aton` reads it.
struct Address {
    octets: [u8; 4],
    /// Not four decimal parts.
    disguised: bool,
}

fn address(host: &[u8]) -> Option<Address> {
    let mut parts = [0u64; 4];
    let mut count = 0usize;
    let mut disguised = false;
    for part in host.split(|&b| b == b'.') {
        if part.is_empty() || part.len() > 16 {
            return None;
        }
        let (digits, radix) = match part {
            [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
            [b'0', digits @ ..] if !digits.is_empty() => (digits, 8),
            _ => (part, 10),
        };
        disguised |= radix != 10;
        let value = digits.iter().try_fold(0u64, |sum, &b| {
            let digit = char::from(b).to_digit(radix)?;
            sum.checked_mul(u64::from(radix))?
                .checked_add(u64::from(digit))
        })?;
        *parts.get_mut(count)? = value;
        count = count.saturating_add(1);
    }
    disguised |= count < 4;
    let [a, b, c, d] = parts;
    let number = match count {
        1 => a,
        2 => (a << 24) | b & 0xff_ffff,
        3 => (a << 24) | (b << 16) | c & 0xffff,
        4 => (a << 24) | (b << 16) | (c << 8) | d,
        _ => return None,
    };
    let number = u32::try_from(number & 0xffff_ffff).ok()?;
    Some(Address {
        octets: number.to_be_bytes(),
        disguised,
    })
}
