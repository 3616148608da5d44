// The last hour as the exporter has it, by level: asks for what is new, and makes layers of it.

import { getHistory } from "./api.js";
import { MOST_COLORS } from "./colors.js";
import { pastOf } from "./levels.js";

const HOUR_MS = 3_600_000;
// A hole of more than this share of a point's length is shown as one.
const GAP = 0.5;

// A point: {begin, end, node, active, idle, largest: Map of name to µW}; the powers are of the primary zone, or null.
export class Past {
  #levels = new Map();

  async update(level) {
    const known = this.#levels.get(level);
    const answer = await getHistory(pastOf(level), known?.points.at(-1)?.end ?? null);
    if (known && known.zone !== answer.primary_zone) {
      this.#levels.delete(level);
      return this.update(level);
    }
    const zone = answer.zones.indexOf(answer.primary_zone);
    const points = [...(known?.points ?? []), ...answer.points.map((point) => pointOf(point, zone, answer.names ?? []))];
    const last = points.at(-1)?.end ?? 0;
    // What ended later was told by a clock that has been set back.
    const kept = points.filter(({ end }) => end > last - HOUR_MS && end <= last);
    this.#levels.set(level, { zone: answer.primary_zone, points: kept });
  }

  // The oldest first.
  of(level) {
    return this.#levels.get(level)?.points ?? [];
  }
}

function pointOf({ unix_ms: end, duration_ms: duration, active_uw, idle_uw, largest = [] }, zone, names) {
  const active = active_uw[zone] ?? null;
  const idle = idle_uw[zone] ?? null;
  const powers = new Map();
  // Two containers, say, may have the same name.
  for (const [name, power] of largest) powers.set(names[name], (powers.get(names[name]) ?? 0) + power);
  return { begin: end - duration, end, active, idle, node: active === null || idle === null ? null : active + idle, largest: powers };
}

// Those that used most in all points together, at most as many as there are colours, the largest first.
export function largestOf(points) {
  const sums = new Map();
  for (const { begin, end, largest } of points) {
    for (const [name, power] of largest) sums.set(name, (sums.get(name) ?? 0) + power * (end - begin));
  }
  return [...sums].filter(([, sum]) => sum > 0).sort((a, b) => b[1] - a[1]).slice(0, MOST_COLORS).map(([name]) => name);
}

// Power by layer at a point, from the bottom: idle, each of `names`, and what is left of the node's. Who is not told
// apart at a point is in what is left.
export function layersAt(point, names) {
  const named = names.map((name) => point.largest.get(name) ?? 0);
  const other = point.active - named.reduce((sum, power) => sum + power, 0);
  return [point.idle, ...named, other];
}

// The points in runs without holes.
export function runsOf(points) {
  const runs = [];
  let before = null;
  for (const point of points) {
    if (point.node === null) {
      before = null;
      continue;
    }
    if (before === null || point.begin - before.end > GAP * (point.end - point.begin)) runs.push([]);
    runs.at(-1).push(point);
    before = point;
  }
  return runs;
}

// Mean power by layer over the points, weighted with their lengths; null without any.
export function meansOf(points, names) {
  const known = points.filter(({ node }) => node !== null);
  const length = known.reduce((sum, { begin, end }) => sum + end - begin, 0);
  if (length === 0) return null;
  const sums = Array.from({ length: names.length + 2 }, () => 0);
  for (const point of known) {
    layersAt(point, names).forEach((power, layer) => {
      sums[layer] += power * (point.end - point.begin);
    });
  }
  return sums.map((sum) => sum / length);
}
