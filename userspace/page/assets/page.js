// Ties the parts of the page to what the exporter says.

import { getSnapshot } from "./api.js";
import { showBooks } from "./books.js";
import { HistoryChart } from "./chart.js";
import { showChoices } from "./choices.js";
import { byId, setText } from "./dom.js";
import { FLOW_LEVELS, showFlow } from "./flow.js";
import { timeOfDay, watts } from "./format.js";
import { ALL_BUT_PROCESSES, itemsOf, levelOf, levelsIn, pastOf, primaryZone } from "./levels.js";
import { showCpus, showKernel, showSensors } from "./machine.js";
import { remember, remembered } from "./memory.js";
import { showNow } from "./now.js";
import { Past } from "./past.js";
import { Poller } from "./poller.js";
import { WorkloadTable } from "./table.js";
import { startThemeButton } from "./theme_button.js";

const RANGES = [
  { value: "5", title: "5 min" },
  { value: "15", title: "15 min" },
  { value: "60", title: "1 hour" },
];
// All levels are asked for now and then, to learn which there are.
const DISCOVERY_MS = 60_000;

const past = new Past();
const chart = new HistoryChart(byId("chart"), byId("legend"), byId("chart-note"));
const table = new WorkloadTable({
  box: byId("rows"),
  note: byId("table-note"),
  said: byId("table-said"),
  filter: byId("filter"),
  showAllButton: byId("show-all"),
  colorOf: (name) => chart.colorOf(name),
});
const nowTitle = byId("now-title");

let level = remembered("level") ?? "";
let range = "60";
let snapshot = null;
let discovered = -Infinity;
let lastAnswer = null;

async function ask() {
  const discovers = performance.now() - discovered > DISCOVERY_MS;
  const levels = new Set(discovers ? ALL_BUT_PROCESSES : FLOW_LEVELS);
  if (levelOf(level)) levels.add(level);
  snapshot = await getSnapshot([...levels]);
  lastAnswer = Date.now();
  if (discovers) {
    discovered = performance.now();
    offerLevels();
  }
  // Chosen meanwhile, or all that there is: the next answer, which is asked for at once, has it.
  if (!levels.has(level)) return poller.now();
  showSnapshot();
  await past.update(level);
  showPast();
}

function offerLevels() {
  const levels = levelsIn(snapshot);
  if (!levels.some(({ key }) => key === level)) level = levels[0].key;
  showChoices(byId("levels"), levels.map(({ key, title }) => ({ value: key, title })), level, chooseLevel);
}

function chooseLevel(chosen) {
  level = chosen;
  remember("level", level);
  showPast();
  poller.now();
}

function showSnapshot() {
  setText(byId("updated"), `Updated ${timeOfDay(snapshot.unix_ms)}`);
  byId("updated").title = `Epoch ${snapshot.epoch}`;
  showNow(byId("now"), nowTitle, snapshot);
  document.title = `${watts(snapshot.zones[primaryZone(snapshot)]?.all.power_uw ?? null)} · ${snapshot.node_name || "Brahe"}`;
  const items = itemsOf(snapshot, level);
  const zones = snapshot.zones.map(({ zone }) => zone);
  const primary = primaryZone(snapshot);
  const order = [...zones.keys()].sort((a, b) => Number(b === primary) - Number(a === primary));
  table.show(levelOf(level).title, items, zones, order);
  showFlow({ picture: byId("flow-picture"), table: byId("flow-table"), note: byId("flow-note") }, snapshot);
  showBooks({ picture: byId("books-picture"), table: byId("books-table"), note: byId("books-note") }, snapshot, levelOf(level), items);
  showSensors(byId("sensors-table"), snapshot);
  showCpus(byId("cpus"), snapshot);
  showKernel(byId("kernel"), snapshot);
}

function showPast() {
  chart.show(past.of(level), Number(range) * 60_000, pastOf(level) !== null);
  table.recolor();
}

function answered() {
  byId("trouble").hidden = true;
  document.body.classList.remove("stale");
}

function failed(error, retryMs) {
  const since = lastAnswer ? ` since ${timeOfDay(lastAnswer)}; the figures below are of then` : "";
  const reasons = {
    0: `The exporter does not answer${since}.`,
    401: "The exporter asks for a password: load the page anew.",
    503: "The exporter is starting: the first epoch has not ended.",
  };
  const reason = error.status === undefined ? `The page failed: ${error.message}.` : reasons[error.status] ?? `The exporter answers ${error.status}: ${error.message}.`;
  setText(byId("trouble-text"), `${reason} Trying again in ${Math.round(retryMs / 1000)} s.`);
  byId("trouble").hidden = false;
  document.body.classList.toggle("stale", snapshot !== null);
}

const poller = new Poller(ask, answered, failed);
startThemeButton(byId("theme"));
showChoices(byId("range"), RANGES, range, (chosen) => {
  range = chosen;
  showPast();
});
byId("retry").addEventListener("click", () => poller.now());
poller.now();
