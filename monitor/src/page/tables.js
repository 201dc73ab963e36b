// Parts of the page, each made of a view.

import { ago, el, number, percent } from "./draw.js";

const SAYS = { good: "good", notice: "look", bad: "act", unknown: "unknown" };

export function answers(view) {
  return view.statements.map((one) =>
    el("article", { class: `answer ${one.level}` },
      el("h2", {}, one.question, el("span", { class: `badge ${one.level}` }, SAYS[one.level])),
      el("p", { class: "said" }, one.answer),
      el("p", { class: "why" }, one.detail)));
}

export function alerts(view) {
  const open = view.alerts.map((one) => alert(one, view.at));
  const past = view.past.map((one) => alert(one, view.at));
  return [
    ...(open.length ? open : [el("p", { class: "empty" }, "Nothing is unusual.")]),
    past.length ? el("details", { class: "past", "data-id": "past" }, el("summary", {}, `${past.length} that ended`), ...past) : null,
  ];
}

function alert(one, now) {
  const { notice } = one;
  const when = one.ended ? `ended ${ago(one.ended, now)} ago, lasted ${ago(one.since, one.ended)}` : `for ${ago(one.since, now)}`;
  const rows = [["Usual", notice.baseline], ["What it fits", notice.fits], ["What to do", notice.remedy]];
  return el("details", { class: `alert ${notice.severity}`, "data-id": one.id, id: `alert-${one.id}` },
    el("summary", {},
      el("span", { class: `badge ${one.ended ? "resolved" : notice.severity}` }, one.ended ? "ended" : notice.severity),
      el("span", { class: "title" }, one.title, el("span", { class: "on" }, subject(notice.subject))),
      el("span", { class: "when" }, when),
      el("span", { class: "seen" }, notice.seen)),
    el("dl", {}, ...rows.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]), el("dt", {}, "Subject"), el("dd", {}, drills(notice.subject))));
}

const subject = (labels) => (labels.length ? ` · ${labels.map(([name, value]) => `${name} ${value}`).join(", ")}` : "");

const DRILLS = { policy: "route", key: "key", gateway: "gateway", bridge: "bridge" };

function drills(labels) {
  if (!labels.length) return "everything that is watched";
  return labels.flatMap(([name, value], at) => [at ? ", " : "", `${name} `, DRILLS[name] ? link(DRILLS[name], value) : value]);
}

export function link(kind, name) {
  return el("a", { href: `#${kind}/${encodeURIComponent(name)}`, "data-id": `${kind}/${name}` }, name);
}

const ASPECTS = { "tls-version": "TLS version", "tls-group": "Key exchange", "tls-cipher": "TLS cipher", signature: "Signatures", "key-management": "Key management", "content-encryption": "Content encryption", token: "Tokens" };

export function strengths(view) {
  if (!view.strengths.length) return [el("p", { class: "empty" }, "No handshake or algorithm was counted.")];
  const aspects = Map.groupBy(view.strengths, (row) => row.aspect);
  return [...aspects].flatMap(([aspect, rows]) => {
    const all = rows.reduce((sum, row) => sum + row.count, 0);
    return [
      el("h3", {}, ASPECTS[aspect] ?? aspect),
      el("div", { class: "bars" }, ...rows.map((row) => bar([row.name, el("span", { class: `badge ${row.strength}` }, row.strength)], percent(row.count / all), row.count / all, row.strength))),
    ];
  });
}

export function reasons(view) {
  if (!view.reasons.length) return [el("p", { class: "empty" }, "No request was refused.")];
  const most = view.reasons[0].count;
  return [el("div", { class: "bars" }, ...view.reasons.slice(0, 10).map((row) =>
    bar([row.reason, el("span", { class: "badge" }, row.stage)], number(row.count), row.count / most, "refusal")))];
}

function bar(name, value, share, kind) {
  const fill = el("div", { class: `fill ${kind}` });
  fill.style.width = `${Math.max(0.8, 100 * share)}%`;
  return el("div", { class: "bar" }, el("span", { class: "name" }, ...name), el("span", {}, value), el("div", { class: "track", "aria-hidden": "true" }, fill));
}

export function endings(view) {
  if (!view.endings.length) return [el("p", { class: "empty" }, "No source says when a certificate or key ends.")];
  const badge = (days) => (days < 3 ? "bad" : days < 21 ? "notice" : "good");
  const left = (days) => (days < 0 ? "ended" : days < 2 ? `${Math.round(days * 24)} hours` : days < 1000 ? `${Math.round(days)} days` : `${Math.round(days / 365.25)} years`);
  return [table(["What", "Where", ["Left", "number"]], view.endings.slice(0, 8).map((row) => [
    [row.name, " ", el("span", { class: "badge" }, row.what)], row.source,
    [el("span", { class: `badge ${badge(row.days)}` }, left(row.days))]]))];
}

export function routes(view) {
  if (!view.routes.length) return [el("p", { class: "empty" }, "No verdict yet.")];
  return [table(["Policy", ["Let through", "number"], ["Refused", "number"], ["Most for", "wide"]], view.routes.slice(0, 20).map((row) => {
    const through = row.verdicts.sealed + row.verdicts.open;
    const all = through + row.verdicts.refused;
    return [[link("route", row.name), row.verdicts.open ? " " : null, row.verdicts.open ? el("span", { class: "badge notice" }, "open") : null],
      number(through), all ? percent(row.verdicts.refused / all) : "0 %", row.top_reason ?? ""];
  }))];
}

export function keys(view) {
  if (!view.keys.length) return [el("p", { class: "empty" }, "No key was used.")];
  return [table(["Key", ["Failed", "number"], ["Last used", "number"], ["Most for", "wide"]], view.keys.slice(0, 20).map((row) => [
    [link("key", row.name)], number(row.failed), row.last_used ? `${ago(row.last_used, view.at)} ago` : "", row.top_reason ?? ""]))];
}

export function sources(view) {
  return [table(["Source", "State", ["Per second", "number"], ["Failed", "number"], ["Time per call", "number wide"], ["Policy", "wide"]], view.sources.map((row) => [
    [link(row.role, row.name), " ", el("span", { class: "badge" }, row.role)],
    [el("span", { class: `badge ${row.up ? "good" : "bad"}` }, row.up ? "up" : "down"), row.up ? null : el("span", { class: "aside wide" }, ` ${row.why}`)],
    number(row.per_second), percent(row.failed_share), row.call_ms === null ? "" : `${number(row.call_ms)} ms`, row.policy ?? ""]))];
}

function table(heads, rows) {
  const kind = (at) => (Array.isArray(heads[at]) ? heads[at][1] : null);
  const name = (head) => (Array.isArray(head) ? head[0] : head);
  return el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((head, at) => el("th", { scope: "col", class: kind(at) }, name(head))))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell, at) => el("td", { class: kind(at) }, ...[cell].flat()))))));
}
