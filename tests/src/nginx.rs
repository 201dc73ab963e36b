//! A real nginx as upstream: it executes whatever bytes a gateway lets through, and logs it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::Process;
use crate::required;

/// A running nginx on a loopback port; killed on drop.
#[derive(Debug)]
pub struct Nginx {
    _process: Process,
    address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// Starts nginx; it answers 200 to everything.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path().display();
        // nginx has no port 0; the port is free now and taken again at once.
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("loopback port");
        let config = format!(
            "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;
             events {{ worker_connections 64; }}
             http {{
               client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;
               fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi;
               scgi_temp_path {root}/scgi;
               log_format line '$request|$request_length|$status'; access_log {root}/access.log line;
               client_body_timeout 3s; keepalive_timeout 30s;
               server {{ listen {address}; location / {{ return 200 'nginx'; }} }}
             }}"
        );
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, config).expect("configuration");
        let prefix = folder.path().to_str().expect("UTF-8").to_owned();
        let log = folder.path().join("output");
        let mut process = Process::start(
            &required::nginx(),
            [
                "-p".to_owned(),
                prefix,
                "-c".to_owned(),
                path.to_str().expect("UTF-8").to_owned(),
            ],
            &[],
            &log,
        );
        process.wait_for(Duration::from_secs(10), || TcpStream::connect(address).ok());
        Self {
            _process: process,
            address,
            folder,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The access log: `request|bytes|status`, a line each.
    pub fn access_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }
}
