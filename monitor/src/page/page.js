// The page follows /events; every view replaces the one before. Places are in the address: #route/x,
// #key/x, #gateway/x, #bridge/x, #alert-x.

import { chart, el, number, percent, put } from "./draw.js";
import * as parts from "./tables.js";

const $ = (id) => document.getElementById(id);
const SPANS = [["5 min", 300], ["1 hour", 3600], ["1 day", 86400], ["30 days", 2592000]];
const BY = { route: "policy", key: "key", gateway: "gateway", bridge: "bridge" };
let view = null;
let span = 300;
let known = null;

function show() {
  if (!view) return;
  put($("answers"), ...parts.answers(view));
  put($("alerts-list"), ...parts.alerts(view));
  $("alerts-count").textContent = view.alerts.length ? String(view.alerts.length) : "";
  put($("strength-list"), ...parts.strengths(view));
  put($("endings-list"), ...parts.endings(view));
  put($("reasons-list"), ...parts.reasons(view));
  put($("routes-list"), ...parts.routes(view));
  put($("keys-list"), ...parts.keys(view));
  put($("sources-list"), ...parts.sources(view));
  document.title = view.alerts.length ? `(${view.alerts.length}) Sealgate watch` : "Sealgate watch";
  announce();
  drawTraffic();
  drill();
}

// Only what is new is spoken.
function announce() {
  const now = new Map(view.alerts.map((one) => [one.id, one]));
  if (known) {
    const begun = [...now.values()].filter((one) => !known.has(one.id));
    const over = [...known.values()].filter((one) => !now.has(one.id));
    const words = [
      ...begun.map((one) => `New alert, ${one.notice.severity}: ${one.title}.`),
      ...over.map((one) => `Ended: ${one.title}.`),
    ];
    if (words.length) $("announce").textContent = words.join(" ");
  }
  known = now;
}

async function history(by, name) {
  const query = new URLSearchParams({ by, name, span: String(span) });
  const answer = await fetch(`/api/history?${query}`);
  if (!answer.ok) return { at: [], step: 1, lines: [] };
  return answer.json();
}

async function drawTraffic() {
  const place = $("traffic-chart");
  put(place, ...chart(await history("all", ""), "Requests", place.clientWidth));
}

async function drill() {
  const [kind, coded] = location.hash.slice(1).split("/");
  const panel = $("drill");
  if (!BY[kind] || coded === undefined) {
    panel.hidden = true;
    return;
  }
  const name = decodeURIComponent(coded);
  const drawing = chart(await history(BY[kind], name), `${kind} ${name}`, $("traffic-chart").clientWidth);
  const related = view.alerts.filter((one) => one.notice.subject.some(([, value]) => value === name));
  put(panel,
    el("div", { class: "row" },
      el("h2", { id: "drill-title", tabindex: "-1", "data-id": "drill-title" }, `${kind[0].toUpperCase()}${kind.slice(1)} ${name}`),
      el("a", { href: "#main", "data-id": "drill-close" }, "Close")),
    el("dl", { class: "facts" }, ...facts(kind, name).map(([what, value]) => el("div", {}, el("dt", {}, what), el("dd", {}, value)))),
    el("figure", {}, ...drawing),
    related.length ? el("p", { class: "empty" }, "Alerts: ", ...related.flatMap((one, at) => [at ? ", " : "", el("a", { href: `#alert-${one.id}`, "data-id": `go-${one.id}` }, one.title)])) : null);
  panel.hidden = false;
}

function facts(kind, name) {
  const row = { route: view.routes, key: view.keys, gateway: view.sources, bridge: view.sources }[kind].find((one) => one.name === name);
  if (!row) return [["In the last five minutes", "nothing"]];
  if (kind === "route") {
    const { sealed, open, refused } = row.verdicts;
    return [["Sealed", number(sealed)], ["Open", number(open)], ["Refused", `${number(refused)} (${percent(refused / Math.max(1, sealed + open + refused))})`], ["Would be refused (observed)", number(row.observed)]];
  }
  if (kind === "key") {
    return [["Opened", number(row.opened)], ["Failed", number(row.failed)], ["Last used", row.last_used ? new Date(row.last_used).toLocaleTimeString("en-GB") : "never seen"], ["Ends", row.days === null ? "no end" : `in ${Math.round(row.days)} days`]];
  }
  return [["State", row.up ? "up" : row.why], ["Per second", number(row.per_second)], ["Refused or failed", percent(row.failed_share)], ...(row.call_ms === null ? [] : [["Time per call", `${number(row.call_ms)} ms`]]), ...(row.policy ? [["Policy", row.policy]] : [])];
}

// What an address names is opened, and gets the focus so that a keyboard goes on from there.
async function go() {
  if (!view) return;
  await drill();
  const alert = location.hash.startsWith("#alert-") ? document.getElementById(location.hash.slice(1)) : null;
  if (alert) {
    for (let node = alert; node; node = node.parentElement?.closest("details")) node.open = true;
    alert.querySelector("summary").focus();
    alert.scrollIntoView({ block: "center" });
  } else if (!$("drill").hidden) {
    $("drill-title").focus({ preventScroll: true });
    $("drill").scrollIntoView({ block: "nearest" });
  }
}

for (const [words, seconds] of SPANS) {
  const button = el("button", { type: "button", "aria-pressed": String(seconds === span) }, words);
  button.addEventListener("click", () => {
    span = seconds;
    for (const other of $("spans").children) other.setAttribute("aria-pressed", String(other === button));
    drawTraffic();
    drill();
  });
  $("spans").append(button);
}
addEventListener("hashchange", go);
addEventListener("resize", () => view && (drawTraffic(), drill()));

function pulse(state, words) {
  $("pulse").className = `pulse ${state}`;
  $("pulse-words").textContent = words;
}

let first = true;
const events = new EventSource("/events");
events.addEventListener("message", ({ data }) => {
  const next = JSON.parse(data);
  if (!next) return;
  view = next;
  pulse("live", `live, ${new Date(view.at).toLocaleTimeString("en-GB")}`);
  show();
  if (first && location.hash) go();
  first = false;
});
events.addEventListener("error", () => pulse("lost", "no connection"));
