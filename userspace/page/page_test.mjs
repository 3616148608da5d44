#!/usr/bin/env node
// The page at / in a browser, on a real exporter: page_test.mjs PAGE_EXPORTER.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { axeSource, startBrowser, startExporter, Visit } from "./stage.mjs";

const PROGRAM = process.argv[2];
const LEVELS = ["pod", "namespace", "owner", "program", "vm", "container", "unit", "user", "job", "process"];
const LISTS = { pod: "pods", container: "containers", vm: "vms", process: "processes" };

let browser, exporter;

before(async () => {
  [browser, exporter] = await Promise.all([startBrowser(), startExporter(PROGRAM, 60)]);
});
after(async () => {
  await browser.close();
  await exporter.stop();
});

// Runs `part` with a visit, in which nothing was refused, failed or asked of anybody else.
function visiting(name, part, { url = () => exporter.url, ...options } = {}) {
  test(name, async () => {
    const visit = await Visit.begin(browser, url(), options);
    try {
      await part(visit, visit.page);
      assert.deepEqual(visit.faults, []);
      const origin = new URL(url()).origin;
      assert.deepEqual(visit.requests.filter((address) => new URL(address).origin !== origin), []);
    } finally {
      await visit.end();
    }
  });
}

const listOf = (snapshot, level) => (LISTS[level] ? snapshot[LISTS[level]] : snapshot.groups.filter((group) => group.level === level));
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const ordered = (numbers) => [...numbers].sort((a, b) => b - a);

// Run in the page: the exact figures of a table, row by row.
const figuresOf = (selector) =>
  [...document.querySelectorAll(`${selector} tbody tr`)].map((row) => [...row.querySelectorAll("data")].map(({ value }) => Number(value)));
const textsOf = (selector) => [...document.querySelectorAll(selector)].map(({ textContent }) => textContent);

async function expectNoSeriousFault(page) {
  await page.evaluate(axeSource);
  const { violations, passes } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  assert.ok(passes.length > 20);
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)]), []);
}

async function choose(page, level) {
  await page.check(`#levels input[value="${level}"]`);
  await page.waitForFunction((chosen) => document.querySelector(`#levels input[value="${chosen}"]`).checked, level);
}

visiting("the node's power is the snapshot's", async (visit) => {
  const { found, snapshot } = await visit.newer(() => {
    const data = document.querySelector("#node-power data");
    return { exact: Number(data.value), text: data.textContent, title: document.title, facts: [...document.querySelectorAll("#now dl data")].map(({ value }) => Number(value)) };
  });
  const { all, active, idle } = snapshot.zones[0];
  assert.equal(found.exact, all.power_uw);
  assert.equal(found.text, `${(all.power_uw / 1e6).toFixed(all.power_uw >= 1e8 ? 1 : 2)}\u00a0W`);
  assert.ok(found.title.startsWith(found.text), found.title);
  assert.deepEqual(found.facts, [active.power_uw, idle.power_uw, snapshot.zones[1].all.power_uw]);
});

visiting("the table and the books of each level are the snapshot's, and balance", async (visit, page) => {
  await page.waitForSelector("#rows tbody tr");
  assert.deepEqual(await page.$$eval("#levels input", (inputs) => inputs.map(({ value }) => value)), LEVELS);
  for (const level of LEVELS) {
    await choose(page, level);
    const { found, snapshot } = await visit.newer(
      `() => { const figuresOf = ${figuresOf}; return { rows: figuresOf("#rows"), books: figuresOf("#books-table") }; }`,
    );
    const list = listOf(snapshot, level);
    assert.ok(list.length > 0, level);
    const expected = list.map(({ zones: [first, second], cpu_time_ns: time }) => [first.power_uw, second.power_uw, first.energy_uj, second.energy_uj, time]);
    const byPower = (a, b) => b[0] - a[0] || b[2] - a[2];
    assert.deepEqual(found.rows.sort(byPower), expected.sort(byPower), level);
    assert.equal(found.books.length, 2);
    found.books.forEach(([listed, pending, other, idle, node], zone) => {
      assert.equal(listed, sum(list.map(({ zones }) => zones[zone].energy_uj)), level);
      assert.equal(idle, snapshot.zones[zone].idle.energy_uj);
      assert.equal(node, snapshot.zones[zone].all.energy_uj);
      assert.equal(listed + pending + other + idle, node, level);
      if (["pod", "namespace", "owner", "container"].includes(level)) assert.ok(pending > 0, level);
    });
    assert.match(await page.textContent("#books-note"), /to the microjoule/);
  }
});

// Run in the page: [from, to, µW] of each band.
const bandsOf = () =>
  [...document.querySelectorAll("#flow-table tbody tr")].map((row) => [row.cells[0].textContent, row.cells[1].textContent, Number(row.querySelector("data").value)]);

visiting("what flows into each part of the picture flows out of it", async (visit, page) => {
  const { found, snapshot } = await visit.newer(bandsOf);
  const from = (name) => sum(found.filter(([source]) => source === name).map(([, , power]) => power));
  const to = (name) => sum(found.filter(([, target]) => target === name).map(([, , power]) => power));
  const { all, active, idle } = snapshot.zones[0];
  assert.equal(from("node-1.example"), all.power_uw);
  for (const { socket, all: own } of snapshot.socket_zones.filter(({ zone }) => zone === "package")) {
    assert.equal(to(`Socket ${socket}`), own.power_uw);
    assert.equal(from(`Socket ${socket}`), own.power_uw);
  }
  assert.equal(to("Active"), active.power_uw);
  assert.equal(from("Active"), active.power_uw);
  assert.equal(to("Idle"), idle.power_uw);
  const namespaces = listOf(snapshot, "namespace");
  assert.ok(namespaces.length >= 4);
  for (const { labels, zones } of namespaces) {
    assert.equal(to(labels.namespace), zones[0].power_uw, labels.namespace);
    assert.equal(from(labels.namespace), zones[0].power_uw, labels.namespace);
  }
  assert.equal(await page.locator("#flow-picture path.band").count(), found.length);
});

visiting("columns sort by mouse and by keyboard, and say so", async (visit, page) => {
  await page.waitForSelector("#rows tbody tr");
  const column = async (place) => (await visit.shown(`() => (${figuresOf})("#rows")`)).found.map((row) => row[place]);
  const sorting = (text) => page.locator("#rows thead th", { hasText: text }).getAttribute("aria-sort");
  assert.equal(await sorting("package W"), "descending");
  assert.deepEqual(await column(0), ordered(await column(0)));
  await page.click("#rows button:has-text('dram J')");
  assert.equal(await sorting("dram J"), "descending");
  assert.equal(await sorting("package W"), null);
  assert.deepEqual(await column(3), ordered(await column(3)));
  await page.focus("#rows button:has-text('dram J')");
  await page.keyboard.press("Enter");
  assert.equal(await sorting("dram J"), "ascending");
  assert.deepEqual(await column(3), ordered(await column(3)).reverse());
  await page.focus("#rows button:has-text('Name')");
  await page.keyboard.press("Space");
  assert.equal(await sorting("Name"), "ascending");
  const names = (await visit.shown(textsOf, "#rows .name")).found;
  assert.deepEqual(names, [...names].sort(new Intl.Collator("en", { numeric: true }).compare));
});

visiting("the filter leaves what matches, in any case", async (visit, page) => {
  await page.waitForSelector("#rows tbody tr");
  await choose(page, "process");
  await page.waitForFunction(() => document.querySelectorAll("#rows tbody tr").length === 60);
  await page.fill("#filter", "WORKER-9");
  const names = (await visit.shown(textsOf, "#rows .name")).found;
  assert.ok(names.length >= 3);
  assert.deepEqual(new Set(names), new Set(["worker-9"]));
  assert.equal(await page.textContent("#table-note"), `${names.length} of 60 processes match`);
  assert.equal(await page.textContent("#table-said"), `${names.length} of 60 processes match`, "and is read out");
  await page.fill("#filter", "überwachung");
  assert.ok((await page.locator("#rows tbody tr").count()) > 0, "in the executables, too");
  await page.fill("#filter", "");
  assert.equal(await page.locator("#rows tbody tr").count(), 60);
  assert.equal(await page.locator("#rows .ended:visible").count(), 1, "the process that ended says so");
});

visiting("names that are markup are shown as text", async (visit, page) => {
  await page.waitForSelector("#rows tbody tr");
  const names = {
    namespace: ["<img src=x onerror=alert(1)>", "größe-日本語"],
    pod: ["<img src=x onerror=alert(1)>/<script>alert(2)</script>"],
    program: ["/opt/\"><img src=x onerror=alert(3)>", "/srv/Überwachung/計測", "/opt/caf\ufffd"],
    container: ["<svg onload=alert(4)>"],
    process: ["<b>bold</b>"],
    user: ["<i>eve</i>"],
  };
  for (const [level, wanted] of Object.entries(names)) {
    await choose(page, level);
    for (const name of wanted) await page.waitForFunction((text) => [...document.querySelectorAll("#rows .name")].some(({ textContent }) => textContent === text), name);
    await visit.newer(() => null);
  }
  assert.equal(await page.locator("main img, main script, main b, main i, main svg[onload]").count(), 0);
});

visiting("the theme is the system's, until another is chosen, which stays", async (visit, page) => {
  const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await back();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await back();
  assert.notEqual(dark, light);
  assert.equal(await page.textContent("#theme"), "Light theme");
  await page.click("#theme");
  assert.equal(await back(), light);
  await page.reload();
  assert.equal(await back(), light);
  assert.equal(await page.textContent("#theme"), "Dark theme");
}, { colorScheme: "light" });

visiting("the chart's cursor goes through the past by keyboard and shows the exporter's figures", async (visit, page) => {
  await page.waitForFunction(() => Number(document.querySelector(".plot").getAttribute("aria-valuemax")) >= 1, null, { timeout: 20_000 });
  await page.focus(".plot");
  await page.keyboard.press("Home");
  const { found } = await visit.shown(() => ({
    place: document.querySelector(".plot").getAttribute("aria-valuenow"),
    text: document.querySelector(".plot").getAttribute("aria-valuetext"),
    head: document.querySelector("#legend thead").textContent,
    rows: [...document.querySelectorAll("#legend tbody tr")].map((row) => [row.cells[0].title, Number(row.cells[1].querySelector("data")?.value ?? 0)]),
  }));
  const history = await (await fetch(`${exporter.url}api/v1/history?level=pod`)).json();
  const [point] = history.points;
  const node = point.active_uw[0] + point.idle_uw[0];
  assert.equal(found.place, "0");
  assert.ok(!found.head.includes("Latest"), found.head);
  assert.match(found.text, /: node [\d.]+.[mk]?W, Other /);
  const rows = new Map(found.rows);
  assert.equal(rows.get("Node"), node);
  assert.equal(rows.get("Idle"), point.idle_uw[0]);
  for (const [name, power] of point.largest) {
    if (rows.has(history.names[name])) assert.equal(rows.get(history.names[name]), power);
  }
  assert.ok(rows.size >= 5, "pods are among the layers");
  assert.equal(sum(found.rows.slice(1).map(([, power]) => power)), node, "the layers are the node's");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getAttribute(".plot", "aria-valuenow"), "1");
  await page.keyboard.press("Escape");
  assert.match(await page.textContent("#legend thead"), /Latest/);
  await page.check("#range input[value='5']");
  assert.match(await page.textContent("#chart-note"), /last minute/);
});

test("an exporter that stops is said so, and one that comes back is shown", async () => {
  const first = await startExporter(PROGRAM, 20);
  const visit = await Visit.begin(browser, first.url);
  try {
    await visit.page.waitForSelector("#rows tbody tr");
    assert.ok(await visit.page.locator("#trouble").isHidden());
    await first.stop();
    await visit.page.evaluate(() => dispatchEvent(new Event("online")));
    await visit.page.waitForSelector("#trouble:visible");
    assert.match(await visit.page.textContent("#trouble"), /does not answer since .*of then.*Trying again in \d+ s/s);
    assert.ok((await visit.page.locator("#rows tbody tr").count()) > 0, "the last figures stay");
    await expectNoSeriousFault(visit.page);
    const second = await startExporter(PROGRAM, 20, { port: first.port });
    try {
      await visit.page.waitForSelector("#trouble", { state: "hidden", timeout: 10_000 });
      await second.stop();
      await visit.page.evaluate(() => dispatchEvent(new Event("online")));
      await visit.page.waitForSelector("#trouble:visible");
    } finally {
      await second.stop();
    }
    const third = await startExporter(PROGRAM, 20, { port: first.port });
    await visit.page.click("#retry");
    await visit.page.waitForSelector("#trouble", { state: "hidden", timeout: 1_500 });
    await third.stop();
  } finally {
    await visit.end();
  }
});

visiting("a tab that nobody sees asks nothing", async (visit, page) => {
  await page.waitForSelector("#rows tbody tr");
  const hide = (hidden) =>
    page.evaluate((value) => {
      dispatchEvent(new Event("online"));  // so that an answer is waited for
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await sleep(300);
  const before = visit.requests.length;
  await sleep(6_000);
  assert.equal(visit.requests.length, before);
  await Promise.all([page.waitForRequest(/snapshot/), hide(false)]);
});

visiting("only the levels that are shown are asked for", async (visit, page) => {
  await page.waitForSelector("#rows tbody tr");
  await choose(page, "unit");
  await visit.newer(() => null);
  const asked = visit.requests.filter((address) => address.includes("snapshot")).map((address) => new URL(address).searchParams.getAll("level"));
  assert.deepEqual(asked.at(-1).sort(), ["namespace", "pod", "program", "unit"]);
  assert.ok(asked.every((levels) => !levels.includes("process")));
});

for (const colorScheme of ["light", "dark"]) {
  visiting(`axe finds no serious fault in the ${colorScheme} theme`, async (visit, page) => {
    await page.waitForSelector("#legend tbody tr", { timeout: 20_000 });
    await page.$$eval("details", (all) => all.forEach((details) => (details.open = true)));
    await expectNoSeriousFault(page);
  }, { colorScheme });
}

for (const width of [360, 768, 1600]) {
  visiting(`the page is no wider than a window of ${width} pixels`, async (visit, page) => {
    await page.waitForSelector("#legend tbody tr", { timeout: 20_000 });
    for (const level of ["pod", "program"]) {
      await choose(page, level);
      await visit.newer(() => null);
      await page.$$eval("details", (all) => all.forEach((details) => (details.open = true)));
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, level);
    }
  }, { viewport: { width, height: 740 } });
}

visiting("all that can be used is reached by the tab key", async (visit, page) => {
  await page.waitForSelector("#rows tbody tr");
  const reached = new Set();
  for (let i = 0; i < 60; ++i) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.className || document.activeElement.textContent));
  }
  for (const wanted of ["skip", "theme", "levels", "range", "plot", "legend", "filter", "rows", "sort", "flow-picture", "Settings"]) {
    assert.ok(reached.has(wanted), `${wanted} in ${[...reached]}`);
  }
});

visiting("without scripts the page has its links, facts and settings", async (visit, page) => {
  assert.match(await page.textContent("main"), /need scripts/);
  assert.ok(await page.locator("a[href='metrics']").isVisible());
  assert.match(await page.textContent("main"), /web\.configFile.*<web>/s);
  assert.ok(await page.locator("#history").isHidden());
}, { javaScriptEnabled: false });

test("the page works in a folder of a proxy's, and with a password in its address", async () => {
  const proxy = createServer((request, response) => {
    if (!request.url.startsWith("/nodes/one/")) return response.writeHead(404).end();
    get(exporter.url + request.url.slice("/nodes/one/".length), (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const visit = await Visit.begin(browser, `http://ada:secret@127.0.0.1:${proxy.address().port}/nodes/one/`);
  try {
    await visit.page.waitForSelector("#rows tbody tr");
    await visit.page.waitForSelector("#legend tbody tr", { timeout: 20_000 });
    assert.deepEqual(visit.faults, []);
  } finally {
    await visit.end();
    proxy.close();
  }
});

test("a node without Kubernetes shows programs", async () => {
  const plain = await startExporter(PROGRAM, 40, { plain: true });
  const visit = await Visit.begin(browser, plain.url);
  try {
    const { found, snapshot } = await visit.newer(bandsOf);
    const programs = found.filter(([from]) => from === "Active");
    assert.ok(programs.length > 5);
    assert.equal(sum(programs.map(([, , power]) => power)), snapshot.zones[0].active.power_uw);
    assert.equal(await visit.page.locator("#levels input[value='pod']").count(), 0);
    assert.ok(await visit.page.isChecked("#levels input[value='program']"));
  } finally {
    await visit.end();
    await plain.stop();
  }
});

test("with 8000 processes the first paint is within a second, and the table comes", async () => {
  const large = await startExporter(PROGRAM, 8000);
  try {
    const paints = [];
    const tables = [];
    for (let load = 0; load < 5; ++load) {
      const visit = await Visit.begin(browser, `${large.url}metrics`);
      await visit.page.evaluate(() => localStorage.setItem("brahe-level", "process"));
      await visit.page.goto(large.url);
      await visit.page.waitForFunction(() => document.querySelectorAll("#rows tbody tr").length === 100);
      tables.push(await visit.page.evaluate(() => performance.now()));
      paints.push(await visit.page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
      if (load === 4) {
        assert.match(await visit.page.textContent("#table-note"), /^8,000 processes; the first 100 are shown$/);
        await visit.page.click("#show-all");
        assert.equal(await visit.page.locator("#rows tbody tr").count(), 8000);
      }
      await visit.end();
    }
    const median = (numbers) => ordered(numbers)[2];
    console.log(`8000 processes: first paint after ${Math.round(median(paints))} ms, table after ${Math.round(median(tables))} ms (medians of 5)`);
    assert.ok(median(paints) < 1000, paints.join());
  } finally {
    await large.stop();
  }
});
