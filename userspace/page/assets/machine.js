// What the figures come from: sensors, CPUs, the kernel side.

import { element, figure, tableOf } from "./dom.js";
import { count, inUnits, percent } from "./format.js";

export function showSensors(box, snapshot) {
  const number = (title) => ({ title, number: true });
  box.replaceChildren(
    tableOf(
      "Energy counters",
      [{ title: "Zone" }, number("Socket"), number("W"), number("J"), number("Failed readings"), number("Resets"), { title: "State" }, { title: "Path" }],
      snapshot.socket_zones.map((zone) => [
        zone.zone,
        zone.socket === null ? "all" : String(zone.socket),
        figure(zone.all.power_uw, inUnits(zone.all.power_uw ?? 0)),
        figure(zone.all.energy_uj, inUnits(zone.all.energy_uj, 1)),
        count(zone.read_errors),
        count(zone.resets),
        stateOf(zone),
        element("code", {}, zone.path),
      ]),
    ),
  );
}

function stateOf({ still, all, measured, source }) {
  const badge = (good, text) => element("span", { class: `badge ${good ? "measured" : "estimated"}` }, text);
  if (all.power_uw === null) return badge(false, "unreadable");
  if (still) return badge(false, "stands still");
  return measured ? badge(true, source) : badge(false, `estimate by ${source}`);
}

export function showCpus(box, { cpus }) {
  const models = new Map();
  for (const { model_name: model, physical_id: socket } of cpus) {
    const known = models.get(model) ?? { cpus: 0, sockets: new Set() };
    known.cpus += 1;
    known.sockets.add(socket);
    models.set(model, known);
  }
  const lines = [...models].map(([model, { cpus: number, sockets }]) =>
    element("li", {}, `${count(number)} × ${model || "CPU without a name"}, on ${count(sockets.size)} ${sockets.size === 1 ? "socket" : "sockets"}`),
  );
  box.replaceChildren(element("ul", { class: "plain" }, ...lines));
}

// The kernel side's features, programs and tables; a line without one.
export function showKernel(box, { kernel, cpu_time_source: source }) {
  if (!kernel) {
    box.replaceChildren(element("p", {}, `CPU time comes from ${source}: there is no kernel side.`));
    return;
  }
  const features = kernel.features.map(({ name, on }) => element("li", { class: on ? "on" : "off" }, element("span", {}, name), on ? " on" : " off"));
  partOf(box, "Kernel features").replaceChildren(element("ul", { class: "features" }, ...features));
  partOf(box, "BPF programs").replaceChildren(programs(kernel));
  partOf(box, "Tables and events").replaceChildren(tables(kernel));
}

// The place under a heading, which stays where it is, scrolled and focused as it is.
function partOf(box, title) {
  const known = [...box.children].find((part) => part.getAttribute("aria-label") === title);
  if (known) return known;
  const part = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title });
  box.querySelector(":scope > p")?.remove();
  box.append(element("h3", {}, title), part);
  return part;
}

function programs(kernel) {
  const number = (title) => ({ title, number: true });
  return tableOf(
    "BPF programs",
    [{ title: "Program" }, number("Runs"), number("ns a run"), number("Left out")],
    kernel.programs.map(({ name, runs, run_time_ns: time, recursion_misses: misses }) => [
      name,
      count(runs),
      runs ? count(Math.round(time / runs)) : "–",
      misses === null ? "–" : count(misses),
    ]),
  );
}

function tables(kernel) {
  const used = (entries, capacity) => `${count(entries)} of ${count(capacity)}${capacity ? ` (${percent(entries / capacity)})` : ""}`;
  return tableOf("Tables and events of the kernel side", [{ title: "What" }, { title: "Figure", number: true }], [
    ["Records of processes", used(kernel.map_entries, kernel.map_capacity)],
    ["Records of cgroups", used(kernel.overflow_entries, kernel.overflow_capacity)],
    ["Context switches", count(kernel.switches)],
    ["Switches reconstructed", count(kernel.repaired_events)],
    ["Names and ends that came late", count(kernel.dropped_events)],
    ["Epochs cut late", count(kernel.late_cuts)],
    ["CPU time that fitted no table", `${(kernel.lost_time_ns / 1e9).toFixed(3)}\u00a0s`],
  ]);
}
