//! Signatures by the vendors' own libraries: what they sign we verify, what we sign they verify, and
//! neither side takes a message that was changed. One long-running `node` and one `python3` answer
//! for all schemes; `tests/makers/signatures/README.md` says how a scheme joins.

mod both_ways;
mod openssl_keys;
mod oracle;

mod alibaba;
mod aws_sigv4;
mod cavage;
mod coupang;
mod github;
mod kong;
mod naver_cloud;
mod rfc9421;
mod shopify;
mod slack;
mod standard_webhooks;
mod stripe;
mod twilio;
mod uk_open_banking;
