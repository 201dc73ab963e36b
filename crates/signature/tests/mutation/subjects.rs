//! The schemes under attack, one file each.

pub(crate) mod coupang;
pub(crate) mod custom;
pub(crate) mod gateways;
pub(crate) mod github;
pub(crate) mod naver_cloud;
pub(crate) mod rfc9421;
pub(crate) mod shopify;
pub(crate) mod slack;
pub(crate) mod standard_webhooks;
pub(crate) mod stripe;
pub(crate) mod twilio;
pub(crate) mod uk_open_banking;
pub(crate) mod visa_x_pay_token;
