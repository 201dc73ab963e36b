//! TLS version and client certificate, as the host reports them.

use crate::policy::compiled::ChannelPolicy;
use crate::refusal::Reason;
use crate::request::Channel;

/// The connection meets the policy.
pub(crate) struct ChannelAccepted(());

/// Checks the connection. What the host does not say counts as absent.
pub(crate) fn check(policy: &ChannelPolicy, channel: &Channel) -> Result<ChannelAccepted, Reason> {
    match channel.tls_version.as_deref() {
        Some("TLSv1.3") => {}
        Some("TLSv1.2") if !policy.min_tls_1_3 => {}
        Some("TLSv1.2" | "TLSv1.1" | "TLSv1") => return Err(Reason::TlsTooOld),
        _ => return Err(Reason::TlsUnknown),
    }
    if policy.client_certificate {
        if !channel.client_certificate {
            return Err(Reason::ClientCertificateMissing);
        }
        let allowed =
            policy.san.is_empty() || channel.san.iter().any(|name| policy.san.contains(name));
        if !allowed {
            return Err(Reason::ClientCertificateNotAllowed);
        }
    }
    Ok(ChannelAccepted(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Mode;

    fn policy() -> ChannelPolicy {
        ChannelPolicy {
            mode: Mode::Enforce,
            min_tls_1_3: true,
            client_certificate: true,
            san: vec!["spiffe://bank/partner-a".into()],
        }
    }

    fn channel(tls: &str, san: &[&str]) -> Channel {
        Channel {
            tls_version: Some(tls.into()),
            client_certificate: !san.is_empty(),
            san: san.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn only_the_demanded_connection_passes() {
        let cases = [
            (channel("TLSv1.3", &["spiffe://bank/partner-a"]), None),
            (
                channel("TLSv1.2", &["spiffe://bank/partner-a"]),
                Some(Reason::TlsTooOld),
            ),
            (
                channel("TLSv1.3", &[]),
                Some(Reason::ClientCertificateMissing),
            ),
            (
                channel("TLSv1.3", &["spiffe://bank/other"]),
                Some(Reason::ClientCertificateNotAllowed),
            ),
            (Channel::default(), Some(Reason::TlsUnknown)),
            (
                channel("TLSv1.4?", &["spiffe://bank/partner-a"]),
                Some(Reason::TlsUnknown),
            ),
        ];
        for (channel, expected) in cases {
            assert_eq!(check(&policy(), &channel).err(), expected, "{channel:?}");
        }
    }

    #[test]
    fn tls_1_2_passes_only_where_it_is_written() {
        let policy = ChannelPolicy {
            min_tls_1_3: false,
            ..policy()
        };
        assert!(check(&policy, &channel("TLSv1.2", &["spiffe://bank/partner-a"])).is_ok());
        assert_eq!(
            check(&policy, &channel("TLSv1.1", &["spiffe://bank/partner-a"])).err(),
            Some(Reason::TlsTooOld)
        );
    }
}
