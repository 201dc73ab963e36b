//! A connection to the server, and what a server must be to be trusted with a replay store.

use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
};

use super::{Address, ReplayConfig};

/// The key of a digest. Stores of several names may share a server.
pub(super) fn key(store: &str, digest: &[u8]) -> String {
    format!(
        "sealgate:replay:{store}:{}",
        Base64UrlUnpadded::encode_string(digest)
    )
}

/// Connects, and refuses a server that may forget: one that evicts keys, or a replica. Also
/// returns the name of the server's memory. The error is for the log.
pub(super) async fn connect(
    config: &ReplayConfig,
) -> Result<(MultiplexedConnection, String), String> {
    // More than one exchange, so more than one answer's time.
    let limit = config.timeout.saturating_mul(4);
    tokio::time::timeout(limit, attempt(config))
        .await
        .unwrap_or_else(|_| Err("no connection in time".to_owned()))
}

/// Connects once, for `doctor`. Records nothing.
///
/// # Errors
/// What keeps the store from working, in words.
pub async fn inspect(config: &ReplayConfig) -> Result<(), String> {
    let limit = config.timeout.saturating_mul(4);
    let looked = async { check(&info(&mut open(config).await?).await?) };
    tokio::time::timeout(limit, looked)
        .await
        .unwrap_or_else(|_| Err("no connection in time".to_owned()))
}

/// What the server's memory calls itself; `None` when it has no name, and so remembers nothing.
pub(super) async fn memory(
    connection: &mut MultiplexedConnection,
    store: &str,
) -> Result<Option<String>, String> {
    redis::cmd("GET")
        .arg(memory_key(store))
        .query_async(connection)
        .await
        .map_err(|error| error.to_string())
}

async fn attempt(config: &ReplayConfig) -> Result<(MultiplexedConnection, String), String> {
    let mut connection = open(config).await?;
    check(&info(&mut connection).await?)?;
    let name = name_memory(&mut connection, &config.name).await?;
    Ok((connection, name))
}

async fn open(config: &ReplayConfig) -> Result<MultiplexedConnection, String> {
    let address = match &config.address {
        Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
        Address::Loopback(address) => ConnectionAddr::Tcp(address.ip().to_string(), address.port()),
    };
    let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some(user) = &config.user {
        login = login.set_username(user);
    }
    if let Some(password) = &config.password {
        let password = password
            .read()
            .map_err(|error| format!("the password cannot be read: {error}"))?;
        login = login.set_password(password.as_str());
    }
    let words = |error: redis::RedisError| error.to_string();
    let target = address.into_connection_info().map_err(words)?;
    let client = Client::open(target.set_redis_settings(login)).map_err(words)?;
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(config.timeout))
        .set_response_timeout(Some(config.timeout));
    client
        .get_multiplexed_async_connection_with_config(&settings)
        .await
        .map_err(words)
}

async fn info(connection: &mut MultiplexedConnection) -> Result<String, String> {
    let mut text = String::new();
    for section in ["memory", "replication"] {
        let part: String = redis::cmd("INFO")
            .arg(section)
            .query_async(connection)
            .await
            .map_err(|error| error.to_string())?;
        text.push_str(&part);
    }
    Ok(text)
}

/// Whether a server of this INFO keeps what it was told until its time is over.
fn check(info: &str) -> Result<(), String> {
    let field = |name: &str| {
        info.lines()
            .filter_map(|line| line.trim_end().split_once(':'))
            .find_map(|(key, value)| (key == name).then_some(value))
    };
    let bounded = field("maxmemory") != Some("0");
    match (bounded, field("maxmemory_policy"), field("role")) {
        (_, _, Some("slave" | "replica")) => {
            Err("the server is a replica: name the primary".to_owned())
        }
        (false, _, Some("master")) | (true, Some("noeviction"), Some("master")) => Ok(()),
        (true, Some(policy), Some("master")) => Err(format!(
            "the server evicts keys when its memory is full (maxmemory-policy {policy}): set noeviction"
        )),
        _ => Err("the server does not say how it keeps its memory (INFO)".to_owned()),
    }
}

/// Names the server's memory, unless it has a name. Only the first of several bridges names it.
async fn name_memory(
    connection: &mut MultiplexedConnection,
    store: &str,
) -> Result<String, String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    redis::cmd("SET")
        .arg(memory_key(store))
        .arg(format!("{now}-{}", std::process::id()))
        .arg("NX")
        .query_async::<redis::Value>(connection)
        .await
        .map_err(|error| error.to_string())?;
    memory(connection, store)
        .await?
        .ok_or_else(|| "the server forgot what it was told at once".to_owned())
}

// A digest has no `!`, so no record can have this key.
fn memory_key(store: &str) -> String {
    format!("sealgate:replay:{store}:!memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_may_forget_is_refused() {
        let info = |max: &str, policy: &str, role: &str| {
            format!(
                "# Memory\r\nmaxmemory:{max}\r\nmaxmemory_policy:{policy}\r\n# R\r\nrole:{role}\r\n"
            )
        };
        assert!(check(&info("0", "noeviction", "master")).is_ok());
        assert!(check(&info("0", "allkeys-lru", "master")).is_ok());
        assert!(check(&info("1048576", "noeviction", "master")).is_ok());
        for bad in [
            info("1048576", "allkeys-lru", "master"),
            info("1048576", "volatile-ttl", "master"),
            info("0", "noeviction", "slave"),
            info("0", "noeviction", "sentinel"),
            String::new(),
        ] {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
