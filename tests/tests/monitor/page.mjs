// What a person sees and does: figures, drill-down, keyboard, dark, phone; no error, nothing from elsewhere.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

// Packages lie in NODE_PATH, which `import` does not look into.
const { chromium } = createRequire(`${process.env.NODE_PATH}/`)("playwright-core");
const { PAGE, SHOTS, CHROMIUM } = process.env;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
try {
  for (const [name, colorScheme, width, height] of [["light", "light", 1280, 900], ["dark", "dark", 1280, 900], ["phone", "light", 390, 844], ["phone-dark", "dark", 390, 844]]) {
    await visit(name, { colorScheme, viewport: { width, height }, deviceScaleFactor: width < 500 ? 2 : 1 });
  }
} finally {
  await browser.close();
}

async function visit(name, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors = [];
  const elsewhere = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => !request.url().startsWith(`${PAGE}/`) && elsewhere.push(request.url()));
  const answer = await page.goto(PAGE);
  assert.match(answer.headers()["content-security-policy"], /default-src 'none'.*frame-ancestors 'none'/);

  // At a glance: four questions, each with an answer.
  await page.waitForSelector(".answer .said");
  const questions = await page.$$eval(".answer h2", (heads) => heads.map((head) => head.firstChild.textContent));
  assert.deepEqual(questions, ["Is every byte sealed?", "By what strength?", "What expires next?", "What failed, and why?"]);
  await page.waitForSelector("details.alert");
  await page.waitForSelector("#traffic-chart svg path");
  await page.waitForSelector(".pulse.live");

  // The first stop of the keyboard leads past the head of the page.
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");

  // Live: the moment shown moves on by itself.
  const before = await page.textContent("#pulse-words");
  await page.waitForFunction((old) => document.getElementById("pulse-words").textContent !== old, before);

  // An alert says what was seen, against what, what it fits, what to do.
  const alert = page.locator("details.alert", { hasText: "Ciphertexts that do not open" }).first();
  await alert.locator("summary").click();
  const terms = await alert.locator("dt").allTextContents();
  assert.deepEqual(terms, ["Usual", "What it fits", "What to do", "Subject"]);
  // It stays open while views come in.
  await page.waitForTimeout(2500);
  assert.equal(await alert.getAttribute("open"), "");
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });

  // Nothing is wider than the window.
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, "the page scrolls sideways");

  // By keyboard alone: into a route, and back.
  await page.locator("#routes-list a").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#drill:not([hidden])");
  assert.equal(await page.evaluate(() => document.activeElement.id), "drill-title");
  assert.match(await page.textContent("#drill-title"), /^Route \S+/);
  await page.waitForSelector("#drill svg path");
  // The focus survives the next view.
  await page.locator("#drill a", { hasText: "Close" }).focus();
  await page.waitForTimeout(2500);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.id), "drill-close");
  await page.screenshot({ path: join(SHOTS, `${name}-route.png`) });
  await page.keyboard.press("Enter");
  await page.waitForSelector("#drill", { state: "hidden" });
  for (const [list, kind] of [["keys", "Key"], ["sources", "Gateway"]]) {
    await page.locator(`#${list}-list a`).first().click();
    await page.waitForFunction((kind) => document.getElementById("drill-title")?.textContent.startsWith(kind), kind);
  }
  await page.goto(`${PAGE}/#bridge/bridge`);
  await page.waitForFunction(() => document.getElementById("drill-title")?.textContent === "Bridge bridge");

  // Every span of time draws.
  for (const words of ["1 hour", "1 day", "30 days", "5 min"]) {
    await page.getByRole("button", { name: words, exact: true }).click();
    await page.waitForFunction((words) => [...document.querySelectorAll("#spans button")].find((one) => one.textContent === words).ariaPressed === "true", words);
  }

  // For a screen reader: landmarks, headings, names of pictures, heads of tables.
  const spoken = await page.evaluate(() => ({
    landmarks: ["header", "nav", "main", "footer"].filter((one) => document.querySelector(one)).length,
    unnamed: [...document.querySelectorAll("a, button, svg[role=img], section")].filter((one) => !(one.ariaLabel || one.textContent.trim() || one.getAttribute("aria-labelledby"))).length,
    heads: [...document.querySelectorAll("th")].every((one) => one.scope === "col"),
    chart: document.querySelector("#traffic-chart svg")?.getAttribute("aria-label"),
    language: document.documentElement.lang,
  }));
  assert.deepEqual([spoken.landmarks, spoken.unnamed, spoken.heads, spoken.language], [4, 0, true, "en"]);
  assert.match(spoken.chart, /^Requests, per second\. Now /);

  // Text against its ground: 4.5 to 1 at least.
  const faint = await page.evaluate(contrasts);
  assert.deepEqual(faint, []);

  // Nothing failed, and nothing was asked of anybody else.
  assert.deepEqual(errors, []);
  assert.deepEqual(elsewhere, []);
  console.log(`${name}: ${options.viewport.width} px, ${options.colorScheme}: good`);
  await context.close();
}

function contrasts() {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((one) => { const c = one / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      const alpha = channels(colour)[3] ?? 1;
      if (alpha > 0.99) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = new Set();
  for (const node of document.querySelectorAll("main *, header *, footer")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.offsetParent || node.closest(".hidden, .skip")) continue;
    const [one, two] = [light(getComputedStyle(node).color), light(ground(node))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) found.add(`${node.tagName}.${node.className}: ${ratio.toFixed(2)}`);
  }
  return [...found];
}
