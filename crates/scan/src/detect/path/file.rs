//! Files that are named to steal what is in them.

use super::super::Hit;
use crate::Location;
use crate::text::{Text, find, head, holds, run, starts, tail};
use crate::words::Phrases;

/// Files, by the end of their path, that are read to steal what is in them.
static SECRETS: Phrases = Phrases::new(&[
    b"etc/passwd",
    b"etc/shadow",
    b"etc/hosts",
    b"etc/group",
    b"etc/issue",
    b"etc/motd",
    b"etc/./",
    b"etc/../",
    b"etc//",
    b"proc/self",
    b"proc/version",
    b"proc/cpuinfo",
    b"boot.ini",
    b"win.ini",
    b"win/ini",
    b"web-inf",
    b"web.config",
    b"global.asa",
    b"localstart.asp",
    b"system32",
    b"bin/ls",
    b"bin/cat",
    b"bin/sh",
    b"bin/id",
    b"cmd.exe",
    b".htaccess",
    b".htpasswd",
    b".ssh/",
    b"id_rsa",
    b".bash_history",
    b"wp-config",
    b".git/config",
    b".aws/",
    b"var/log/",
    b"var/www",
    b"etc/apache",
    b"etc/nginx",
    b"etc/mysql",
    b"php.ini",
    b"web-inf./",
]);

pub(super) fn is_secret(path: &[u8]) -> bool {
    let mut plain = [0u8; 96];
    let mut length = 0usize;
    for &byte in path.iter().take(96) {
        let byte = match byte {
            b'\\' => b'/',
            byte => byte,
        };
        if let Some(slot) = plain.get_mut(length) {
            *slot = byte;
            length = length.saturating_add(1);
        }
    }
    holds(head(&plain, length), &SECRETS)
}

/// Files that applications keep their passwords in, which projects refer to with one hop but not with more.
pub(super) fn is_private(target: &[u8]) -> bool {
    static FILES: Phrases = Phrases::new(&[
        b".env",
        b".npmrc",
        b".netrc",
        b".pgpass",
        b".git/",
        b".svn/",
        b".kube/",
        b"database.yml",
        b"secrets.yml",
        b"credentials",
        b"appsettings.json",
        b"application.properties",
        b"application.yml",
        b"settings.py",
        b"config.php",
        b"tomcat-users.xml",
        b"server.xml",
        b"httpd.conf",
        b"var/lib/",
        b"usr/local/",
    ]);
    holds(target, &FILES)
}

/// What is behind `globalroot/device/{volume}` or `device/{volume}`.
fn kernel_volume(path: &[u8]) -> Option<&[u8]> {
    let path = if starts(path, b"globalroot/") {
        tail(path, 11)
    } else {
        path
    };
    let volume = tail(path, 7);
    starts(path, b"device/").then(|| tail(volume, run(volume, |b| b != b'/')))
}

/// The whole value is the name of a secret file.
pub(super) fn secret_file(text: &Text<'_>) -> Option<Hit> {
    const ABSOLUTE: [&[u8]; 45] = [
        b"etc/passwd",
        b"etc/shadow",
        b"etc/group",
        b"etc/hosts",
        b"etc/issue",
        b"etc/master.passwd",
        b"etc/sudoers",
        b"proc/self/",
        b"proc/version",
        b"boot.ini",
        b"windows/win.ini",
        b"winnt/win.ini",
        b"web-inf/",
        b"web-inf./",
        b"windows/system32/drivers/etc",
        b"inetpub/wwwroot",
        b"root/.ssh",
        b"root/.bash_history",
        b"etc/mysql/my.cnf",
        b"var/log/apache",
        b"var/log/nginx",
        b"etc/apache2/",
        b"var/run/secrets/",
        b"run/secrets/kubernetes",
        b"proc/1/",
        b"proc/net/",
        b"proc/sched_debug",
        b"etc/kubernetes/",
        b"root/.aws",
        b"root/.kube",
        b"windows/repair/sam",
        b"windows/system32/config/",
        b"windows/system32/inetsrv/",
        b"windows/panther/",
        b"windows/system.ini",
        b"windows/debug/netsetup",
        b"users/administrator/ntuser",
        b"etc/gshadow",
        b"etc/security/passwd",
        b"etc/ssh/ssh_host_",
        b"proc/self",
        b"root/.bashrc",
        b"root/.mysql_history",
        b"opt/tomcat/conf/tomcat-users",
        b"var/log/httpd/",
    ];
    let bytes = text.bytes.trim_ascii();
    let value = tail(bytes, run(bytes, |b| matches!(b, b'\'' | b'"' | 0..=32)));
    let broken =
        value.len() != bytes.len() || matches!(bytes.last(), Some(0 | b'\'' | b'"' | b'/'));
    if value.len() > 256 || value.iter().any(|&b| b == b' ' || b == b'\n') {
        return None;
    }
    // `file=/etc/passwd`: a parameter inside of a value.
    let value = match value.iter().position(|&b| b == b'=') {
        Some(at) if head(value, at).iter().all(u8::is_ascii_alphanumeric) => {
            tail(value, at.saturating_add(1))
        }
        _ => value,
    };
    let mut plain = [0u8; 256];
    let mut length = 0usize;
    for &byte in value {
        let byte = if byte == b'\\' { b'/' } else { byte };
        // `/etc//passwd`, `/etc/./passwd` name the same file.
        let written = head(&plain, length);
        if byte == b'/' && written.ends_with(b"/.") {
            length = length.saturating_sub(1);
            continue;
        }
        if byte == b'/' && written.ends_with(b"/") && length > 1 && !written.ends_with(b":/") {
            continue;
        }
        if let Some(slot) = plain.get_mut(length) {
            *slot = byte;
            length = length.saturating_add(1);
        }
    }
    let path = head(&plain, length);
    // `\\?\C:\`: a path that Windows takes as it is.
    let path = path
        .strip_prefix(b"//?/")
        .or_else(|| path.strip_prefix(b"//./"))
        .unwrap_or(path);
    let (file, drive) = match path {
        [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() => (rest, true),
        _ if starts(path, b"file:") => {
            let file = tail(path, 5);
            let host = [b"//localhost/".as_slice(), b"//127.0.0.1/"]
                .iter()
                .find(|host| starts(file, host))
                .map(|host| host.len().saturating_sub(1));
            let host = host.unwrap_or(0);
            (tail(file, host), true)
        }
        // `\\host\c$\`: the drive of another machine, which only its administrator opens.
        [b'/', b'/', host @ ..] if let Some(share) = administered(host) => (share, true),
        // `\\?\GLOBALROOT\Device\HarddiskVolume1\`: a drive by the kernel's name of it, as shadow copies have.
        _ if let Some(volume) = kernel_volume(path) => (volume, true),
        _ if starts(path, b"%systemroot%") => (tail(path, 12), true),
        _ if starts(path, b"%windir%") => (tail(path, 8), true),
        _ => (path, false),
    };
    let inner = tail(file, run(file, |b| b == b'/'));
    let inner = match inner {
        [letter, b':' | b'|', b'/', rest @ ..] if letter.is_ascii_alphabetic() => rest,
        _ => inner,
    };
    let rooted = inner.len() < file.len() || drive || path.ends_with(b"etc/passwd");
    let variable = starts(path, b"%")
        && holds(
            file,
            const { &Phrases::new(&[b"win.ini", b"system.ini", b"drivers/etc", b"/config/sam"]) },
        );
    let share = path.starts_with(b"//") && administered(tail(path, 2)).is_some();
    let home = starts(inner, b"home/")
        && holds(
            inner,
            const {
                &Phrases::new(&[
                    b"/.ssh/id_",
                    b"/.ssh/authorized",
                    b"/.aws/cred",
                    b"/.bash_history",
                ])
            },
        );
    let listed = ABSOLUTE.iter().any(|secret| starts(inner, secret))
        && (rooted || starts(inner, b"web-inf"));
    let squeezed = drive
        && holds(
            inner,
            const { &Phrases::new(&[b"windowswin.ini", b"oot.ini", b"inetpubwwwroot"]) },
        );
    let nested = find(file, b"/web-inf./").is_some()
        || broken
            && holds(
                file,
                const { &Phrases::new(&[b"etc/passwd", b"/boot.ini", b"etc/hosts"]) },
            );
    let hosts = starts(inner, b"etc/hosts")
        && !broken
        && !drive
        && matches!(text.location, Location::Json(_) | Location::Text);
    let score = if hosts { 6 } else { 9 };
    (listed || squeezed || nested || variable || share || home && rooted)
        .then(|| Hit::at("path-secret-file", score, 0, bytes.len()))
}

/// What follows the share of `host/c$/..`.
fn administered(path: &[u8]) -> Option<&[u8]> {
    let host = run(path, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')
    });
    let share = tail(path, host);
    let hidden = match share {
        [b'/', letter, b'$', ..] if letter.is_ascii_alphabetic() => 3usize,
        _ if starts(share, b"/admin$") => 7,
        _ => return None,
    };
    (host > 0).then(|| tail(share, hidden))
}
