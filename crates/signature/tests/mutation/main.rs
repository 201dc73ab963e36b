//! No change to a covered part of a message, to what is said about its signature or to the
//! signature itself survives, whatever the scheme.
//!
//! A scheme joins with one file in `subjects/` that gives a [`subject::Subject`] (the configured
//! scheme, its keys, the parts it covers, and a way to make a message), and one line below.
//! [`attacks`] lists what is done to each; [`gate`] stands for the engine.

mod attacks;
mod bites;
mod gate;
mod request;
mod subject;
mod subjects;

/// One module of tests for every subject: `name => function that makes it`.
macro_rules! suite {
    ($($name:ident => $subject:expr;)+) => {$(
        mod $name {
            use crate::attacks;

            #[test]
            fn every_bit_of_every_covered_part() {
                attacks::bits::every_one(&$subject);
            }

            #[test]
            fn lines_dropped_doubled_reordered() {
                attacks::lines::dropped_doubled_reordered(&$subject);
            }

            #[test]
            fn parts_of_two_valid_messages_mixed() {
                attacks::mixed::every_mixture(&$subject);
            }

            #[test]
            fn time_shifted() {
                attacks::time::shifted(&$subject);
            }

            #[test]
            fn algorithm_or_key_exchanged() {
                attacks::keys::exchanged(&$subject);
            }

            #[test]
            fn signature_cut_padded_or_spelt_otherwise() {
                attacks::spelling::cut_padded_respelt(&$subject);
            }

            #[test]
            fn properties() {
                attacks::properties::random_edits(&$subject);
                attacks::properties::reading_never_panics(&$subject);
            }
        }
    )+};
}

suite! {
    coupang => crate::subjects::coupang::subject();
    alibaba => crate::subjects::gateways::alibaba();
    alibaba_form => crate::subjects::gateways::alibaba_form();
    apisix => crate::subjects::gateways::apisix();
    aws_sigv4 => crate::subjects::gateways::aws_sigv4();
    cavage => crate::subjects::gateways::cavage();
    custom => crate::subjects::custom::subject();
    github => crate::subjects::github::subject();
    github_sha1 => crate::subjects::github::sha1();
    rfc9421 => crate::subjects::rfc9421::subject();
    rfc9421_ed25519 => crate::subjects::rfc9421::ed25519();
    rfc9421_p256 => crate::subjects::rfc9421::p256();
    shopify => crate::subjects::shopify::subject();
    slack => crate::subjects::slack::subject();
    standard_webhooks => crate::subjects::standard_webhooks::subject();
    standard_webhooks_ed25519 => crate::subjects::standard_webhooks::ed25519();
    stripe => crate::subjects::stripe::subject();
    naver_cloud => crate::subjects::naver_cloud::subject();
    svix => crate::subjects::standard_webhooks::svix();
    twilio_form => crate::subjects::twilio::form();
    twilio_json => crate::subjects::twilio::json();
    twilio_shared_key => crate::subjects::twilio::shared_key();
    uk_open_banking => crate::subjects::uk_open_banking::encoded();
    uk_open_banking_unencoded => crate::subjects::uk_open_banking::unencoded();
    visa_x_pay_token => crate::subjects::visa_x_pay_token::subject();
    kong => crate::subjects::gateways::kong();
    tyk => crate::subjects::gateways::tyk();
}
