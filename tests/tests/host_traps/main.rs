//! The fifteen traps of Envoy as a host. `guest_*.rs` show that each is real, with a guest that falls in;
//! `plugin_*.rs` show that the plugin does not.

mod guest_request;
mod guest_vm;
mod plugin_request;
mod plugin_vm;

use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::{Request, Response};
use sealgate_tests::site::Site;

const FAST_IDLE: (&str, &str) = ("stream_idle_timeout: 5s", "stream_idle_timeout: 1s");

struct Plugin {
    site: Site,
    keys: Keys,
    envoy: Envoy,
}

impl Plugin {
    fn start() -> Self {
        Self::start_with(|setup| setup)
    }

    /// The plugin in front of the recorder; its bridge is a stand-in under the test's control.
    fn start_with(
        change: impl FnOnce(sealgate_tests::envoy::Setup) -> sealgate_tests::envoy::Setup,
    ) -> Self {
        let site = Site::new();
        let keys = Keys::without_bridge();
        let envoy = change(site.plugin(&keys.policy())).start();
        Self { site, keys, envoy }
    }

    fn passes(&self, draft: &Draft) {
        let received = self.site.passes(&self.envoy, &draft.make());
        assert_eq!(received.body, draft.plaintext);
    }

    fn refused(&self, request: &Request) -> Response {
        self.site.refused(&self.envoy, request)
    }

    /// No VM of this Envoy ever failed.
    fn never_failed(&self) {
        assert_eq!(
            self.envoy.stat("vm_reload"),
            0,
            "{:?}",
            self.envoy.stats("vm_reload")
        );
        self.passes(&Draft::shared(&self.keys));
    }
}
