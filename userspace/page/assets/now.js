// The node's power in the last epoch.

import { element, figure } from "./dom.js";
import { percent, watts } from "./format.js";
import { primaryZone } from "./levels.js";

export function showNow(section, title, snapshot) {
  const zone = snapshot.zones[primaryZone(snapshot)];
  const others = snapshot.zones.filter((one) => one !== zone);
  section.replaceChildren(
    title,
    zone
      ? element("p", { class: "big", id: "node-power" }, figure(zone.all.power_uw, watts(zone.all.power_uw)))
      : element("p", { class: "loading" }, "No zone has used energy yet"),
    element("div", { class: "beside" }, sourceBadge(snapshot), zone ? split(zone) : null, facts(snapshot, zone, others)),
  );
}

// Why the energy is not measured, by its source.
const REASONS = { model: ": no counter tells this machine's energy", rapl: ": its counters stand still", guest: ": its host estimates it" };

function sourceBadge({ energy_measured: measured, energy_source: source }) {
  return element(
    "p",
    {},
    element("span", { class: measured ? "badge measured" : "badge estimated" }, measured ? "measured" : "estimated"),
    ` by ${source}${measured ? "" : (REASONS[source] ?? "")}`,
  );
}

// Active and idle as parts of one bar.
function split({ active, idle, all }) {
  if (!all.power_uw || active.power_uw === null) return null;
  const bar = element("div", { class: "split", "aria-hidden": "true" }, element("span", { class: "active" }), element("span", { class: "idle" }));
  bar.children[0].style.flexGrow = active.power_uw;
  bar.children[1].style.flexGrow = idle.power_uw;
  return bar;
}

function facts(snapshot, zone, others) {
  const list = element("dl", { class: "facts" });
  const add = (term, ...description) => list.append(element("div", {}, element("dt", {}, term), element("dd", {}, ...description)));
  if (zone) {
    add("Active", figure(zone.active.power_uw, watts(zone.active.power_uw)));
    add("Idle", figure(zone.idle.power_uw, watts(zone.idle.power_uw)));
    add("Zone", zone.zone);
  }
  for (const other of others) add(other.zone, figure(other.all.power_uw, watts(other.all.power_uw)));
  add("CPUs busy", percent(snapshot.usage_ppm / 1e6));
  return list;
}
