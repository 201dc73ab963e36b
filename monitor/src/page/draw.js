// Elements and charts. Text goes in as text only: names come from metrics, which others write.

export function el(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "text", "g", "title"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// Puts new content in place of old, when it differs. What had the focus has it again, and what was
// open stays open: both are known by data-id.
export function put(place, ...content) {
  const fresh = el("div", {}, ...content);
  for (const details of place.querySelectorAll("details[data-id][open]")) {
    fresh.querySelector(`details[data-id="${CSS.escape(details.dataset.id)}"]`)?.setAttribute("open", "");
  }
  if (fresh.innerHTML === place.innerHTML) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.closest("[data-id]")?.dataset.id : null;
  place.replaceChildren(...fresh.childNodes);
  if (focused) {
    const again = place.querySelector(`[data-id="${CSS.escape(focused)}"]`);
    (again?.matches("details") ? again.querySelector("summary") : again)?.focus({ preventScroll: true });
  }
}

const COLOURS = 8;
const FIXED = { sealed: 1, refused: 2, open: 3, opened: 1, ok: 1, X25519MLKEM768: 1 };

export function number(value) {
  if (value >= 10000) return Math.round(value).toLocaleString("en");
  if (value >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2).replace(/0$/, "");
}

export function percent(share) {
  const value = 100 * share;
  return `${value > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0)} %`;
}

// Stacked areas of rates per second, with what a screen reader says instead.
export function chart(history, what, room) {
  const lines = history.lines.slice(0, COLOURS);
  const points = history.at.length;
  if (points < 2 || lines.length === 0) {
    return [el("p", { class: "empty" }, points < 2 ? "The first points come within half a minute." : "Nothing in this time.")];
  }
  const [width, height, left, bottom, top] = [Math.max(300, Math.round(room)), 230, 44, 24, 10];
  const sums = history.at.map((_, at) => lines.reduce((sum, line) => sum + line[1][at], 0));
  const ceiling = nice(Math.max(...sums, 0.1));
  const x = (at) => left + (at / (points - 1)) * (width - left - 6);
  const y = (value) => top + (1 - value / ceiling) * (height - bottom - top);
  const drawing = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spoken(lines, sums, what) });
  for (const part of [0, 0.5, 1]) {
    const at = y(ceiling * part);
    drawing.append(el("line", { class: "axis", x1: left, x2: width - 6, y1: at, y2: at }));
    drawing.append(el("text", { class: "tick", x: left - 8, y: at + 4, "text-anchor": "end" }, number(ceiling * part)));
  }
  let base = history.at.map(() => 0);
  const used = new Set(lines.map(([name]) => FIXED[name]).filter(Boolean));
  const free = [2, 4, 5, 6, 7, 8, 1, 3].filter((colour) => !used.has(colour));
  const legend = el("ul", { class: "legend" });
  for (const [name, values] of lines) {
    const colour = `k${FIXED[name] ?? free.shift() ?? 3}`;
    const upper = base.map((value, at) => value + values[at]);
    const forth = upper.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
    const back = base.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).reverse();
    drawing.append(el("path", { class: `area ${colour}`, d: `M${forth.join("L")}L${back.join("L")}Z` }, el("title", {}, name)));
    legend.append(el("li", {}, el("span", { class: `swatch ${colour}`, "aria-hidden": "true" }), `${name} ${number(values.at(-1))}/s`));
    base = upper;
  }
  for (const [at, anchor] of [[0, "start"], [Math.floor((points - 1) / 2), "middle"], [points - 1, "end"]]) {
    drawing.append(el("text", { class: "tick", x: x(at), y: height - 6, "text-anchor": anchor }, clock(history.at[at], history)));
  }
  return [drawing, legend];
}

function spoken(lines, sums, what) {
  const most = lines.slice(0, 4).map(([name, values]) => `${name} ${number(values.at(-1))}`).join(", ");
  return `${what}, per second. Now ${number(sums.at(-1))}: ${most}. Highest ${number(Math.max(...sums))}.`;
}

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

function clock(at, history) {
  const seconds = (history.at.at(-1) - history.at[0]) / 1000;
  const options = seconds > 36 * 3600 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", second: seconds < 900 ? "2-digit" : undefined };
  return new Date(at).toLocaleString("en-GB", options);
}

export function ago(from, now) {
  const seconds = Math.max(0, Math.round((now - from) / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}
