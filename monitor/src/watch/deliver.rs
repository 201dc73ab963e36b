//! Telling receivers. Each has a task of its own: one that hangs holds up nobody else.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch as channel};

use super::http::{Ask, Endpoint, ask};
use super::{Receivers, now};
use crate::alert::{Outbox, Parcel, Webhook, alertmanager_body};
use crate::ledger::{Alert, Change, Ledger};
use crate::limits::DELIVERY_PATIENCE;
use crate::round::Millis;

/// How often alerts that hold are sent to Alertmanager again, in milliseconds.
const REPEAT: Millis = 30_000;
/// How long an alert that ended is still sent with its end, in milliseconds.
const FAREWELL: Millis = 120_000;
/// Largest answer of a receiver that is read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Time between looks at an outbox.
const LOOK: Duration = Duration::from_millis(500);

/// Receivers with what is on its way to them.
#[derive(Debug)]
pub(super) struct Deliveries {
    alertmanager: Option<channel::Sender<Arc<[u8]>>>,
    webhook: Option<mpsc::UnboundedSender<Parcel>>,
    page: Option<String>,
    sent: Millis,
}

impl Deliveries {
    /// Starts a task for each receiver; needs a runtime.
    pub(super) fn new(receivers: Receivers) -> Self {
        let mut alertmanager = None;
        for endpoint in receivers.alertmanagers {
            let sender = alertmanager.get_or_insert_with(|| channel::channel(Arc::from([])).0);
            tokio::spawn(keep_posting(endpoint, sender.subscribe()));
        }
        let webhook = receivers.webhook.map(|(endpoint, webhook)| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(keep_sending(endpoint, webhook, receiver));
            sender
        });
        Self {
            alertmanager,
            webhook,
            page: receivers.page,
            sent: 0,
        }
    }

    /// Tells of changes; and tells Alertmanager again what holds when it is time.
    pub(super) async fn take(&mut self, changes: &[(Change, Alert)], ledger: &Ledger, now: Millis) {
        if let Some(sender) = &self.alertmanager
            && (!changes.is_empty() || now.saturating_sub(self.sent) >= REPEAT)
        {
            self.sent = now;
            let ended = ledger.closed().filter(|alert| {
                alert
                    .ended
                    .is_some_and(|ended| now.saturating_sub(ended) < FAREWELL)
            });
            let alerts: Vec<&Alert> = ledger.open().into_iter().chain(ended).collect();
            if !alerts.is_empty() {
                let body = alertmanager_body(&alerts, self.page.as_deref(), now);
                let _ = sender.send(body.into());
            }
        }
        if let Some(sender) = &self.webhook {
            for (change, alert) in changes {
                let _ = sender.send(Parcel {
                    id: Webhook::message_id(*change, alert),
                    body: Webhook::body(*change, alert),
                });
            }
        }
    }
}

/// Posts the latest body; one that failed is overtaken by the next, which says all that holds.
async fn keep_posting(endpoint: Endpoint, mut bodies: channel::Receiver<Arc<[u8]>>) {
    let mut good = true;
    while bodies.changed().await.is_ok() {
        loop {
            let body = bodies.borrow_and_update().to_vec();
            let posted = post(&endpoint, body, Vec::new()).await;
            match posted {
                Ok(()) => {
                    if !good {
                        tracing::info!(receiver = endpoint.name(), "alerts are delivered again");
                    }
                    good = true;
                    break;
                }
                Err(error) => {
                    if good {
                        tracing::warn!(receiver = endpoint.name(), %error, "alerts are not delivered");
                    }
                    good = false;
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
    }
}

/// Sends parcels in their order, each until it arrives.
async fn keep_sending(
    endpoint: Endpoint,
    webhook: Webhook,
    mut parcels: mpsc::UnboundedReceiver<Parcel>,
) {
    let mut outbox = Outbox::default();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            parcel = parcels.recv() => match parcel {
                Some(parcel) => outbox.put(parcel),
                None => return,
            },
            _ = looks.tick() => {}
        }
        while let Some(parcel) = outbox.due(now()) {
            let Ok(headers) = webhook.headers(&parcel.id, &parcel.body, now()) else {
                outbox.delivered();
                continue;
            };
            match post(&endpoint, parcel.body.clone(), headers).await {
                Ok(()) => outbox.delivered(),
                Err(error) => {
                    tracing::warn!(receiver = endpoint.name(), %error, waiting = outbox.len(), "the webhook is not delivered");
                    outbox.failed(now());
                }
            }
        }
    }
}

async fn post(
    endpoint: &Endpoint,
    body: Vec<u8>,
    mut headers: Vec<(String, String)>,
) -> Result<(), super::AskError> {
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    let asked = Ask {
        body: Some(body),
        headers,
    };
    ask(endpoint, asked, DELIVERY_PATIENCE, MAX_ANSWER_BYTES)
        .await
        .map(drop)
}
