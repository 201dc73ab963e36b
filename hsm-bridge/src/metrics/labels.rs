//! What metrics are told apart by.

use prometheus_client::encoding::EncodeLabelSet;

/// One request at a data socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// `unwrap`, `mac`, `sign`, `public`, `live`, `ready` or `other`.
    pub op: &'static str,
    /// JOSE name, or `none`.
    pub alg: &'static str,
    /// `ok` or the code of the failure.
    pub code: &'static str,
}

/// An operation or an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OpLabel {
    /// Its name.
    pub op: &'static str,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TokenLabel {
    /// Its name in the configuration.
    pub token: String,
}

/// A replay store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StoreLabel {
    /// Its name in the configuration.
    pub store: String,
}

/// One record in a replay store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReplayLabels {
    /// The store's name in the configuration.
    pub store: String,
    /// `fresh`, `seen`, or the code of the failure.
    pub result: &'static str,
}

/// A state of a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    /// Its word.
    pub state: &'static str,
}

/// Whether a cache had it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct HitLabel {
    pub(super) hit: &'static str,
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CauseLabel {
    /// Its word.
    pub cause: &'static str,
}
