// The node's power over time, stacked: idle, the largest workloads, other. A cursor, by mouse or arrow keys, chooses the
// instant whose figures the legend shows.

import { assignColors } from "./colors.js";
import { element, figure, setText, svg } from "./dom.js";
import { shortened, timeOfDay, watts } from "./format.js";
import { largestOf, layersAt, meansOf, runsOf } from "./past.js";

const MARGIN = { top: 10, right: 12, bottom: 24, left: 52 };
const PAGE_STEPS = 12;
const SHORTEST_MS = 60_000;
const HALF_A_LABEL = 30; // of a time

export class HistoryChart {
  #colors = new Map();
  #points = [];
  #names = [];
  #cursor = null;  // the chosen point's end, in ms; null: the last one
  #marked = null;  // the layer that the legend points at

  constructor(container, legend, note) {
    this.legend = legend;
    this.note = note;
    this.plot = element("div", {
      class: "plot",
      role: "slider",
      tabindex: 0,
      "aria-label": "Instant of which the legend shows the power",
      "aria-orientation": "horizontal",
      "aria-valuemin": 0,
      "aria-valuemax": 0,
      "aria-valuenow": 0,
      "aria-valuetext": "no point yet",
    });
    container.append(this.plot);
    this.plot.addEventListener("pointermove", (event) => this.#pointAt(event));
    this.plot.addEventListener("pointerdown", (event) => this.#pointAt(event));
    this.plot.addEventListener("pointerleave", () => this.#choose(null));
    this.plot.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#draw()).observe(container);
  }

  // `points` as Past has them; the last `rangeMs` of them are shown.
  show(points, rangeMs, named) {
    const end = points.at(-1)?.end ?? 0;
    this.#points = points.filter((point) => point.end > end - rangeMs);
    this.#names = largestOf(this.#points);
    this.classes = ["layer-idle", ...this.#classesOf(this.#names), "layer-other"];
    this.titles = ["Idle", ...this.#names, this.#names.length ? "Other" : "Active"];
    const names = named ? "Whoever was not among the largest at a time is in Other then." : "Of processes no past is kept: programs have one.";
    setText(this.note, this.#points.length ? `${describe(this.#points, rangeMs)} ${names}` : "");
    this.#draw();
  }

  // The class of a name that the chart shows; undefined of others.
  colorOf(name) {
    const layer = this.#names.indexOf(name);
    return layer < 0 ? undefined : this.classes[layer + 1];
  }

  #classesOf(names) {
    const colors = assignColors(names, this.#colors);
    return names.map((name) => colors.get(name));
  }

  get #chosen() {
    const chosen = this.#points.findIndex(({ end }) => end === this.#cursor);
    return chosen < 0 ? this.#points.length - 1 : chosen;
  }

  #draw() {
    const width = this.plot.clientWidth;
    if (width === 0) return;
    if (this.#points.length === 0) {
      this.plot.replaceChildren(element("p", { class: "loading" }, "The first point comes in a few seconds"));
      this.legend.replaceChildren();
      return;
    }
    const height = width < 480 ? 210 : width < 700 ? 290 : 340;
    const begin = Math.min(this.#points[0].begin, this.#points.at(-1).end - SHORTEST_MS);
    this.x = d3.scaleTime().domain([begin, this.#points.at(-1).end]).range([MARGIN.left, width - MARGIN.right]);
    const top = Math.max(1e3, ...this.#points.map(({ node }) => node ?? 0));
    this.y = d3.scaleLinear().domain([0, top]).nice(5).range([height - MARGIN.bottom, MARGIN.top]);
    this.cursorLine = svg("line", { class: "cursor", y1: MARGIN.top, y2: height - MARGIN.bottom });
    this.areas = this.#areas();
    this.plot.replaceChildren(
      svg(
        "svg",
        { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
        this.#levelLines(width),
        ...this.areas,
        this.#timeAxis(width, height),
        this.cursorLine,
      ),
    );
    this.#mark(this.#marked);
    this.#showCursor();
  }

  // One for each layer. A point's power is that of all the time that it stands for.
  #areas() {
    const layers = this.titles.map((_, layer) => layer);
    const stack = d3.stack().keys(layers).value((row, layer) => row.layers[layer]);
    const area = d3.area()
      .curve(d3.curveStepBefore)
      .x((row) => this.x(row.data.time))
      .y0(([low]) => this.y(low))
      .y1(([, high]) => this.y(high));
    const shapes = layers.map(() => "");
    for (const run of runsOf(this.#points)) {
      const rows = run.map((point) => ({ time: point.end, layers: layersAt(point, this.#names) }));
      rows.unshift({ ...rows[0], time: run[0].begin });
      for (const series of stack(rows)) shapes[series.key] += area(series);
    }
    return shapes.map((d, layer) => svg("path", { d, class: `area ${this.classes[layer]}` }));
  }

  #levelLines(width) {
    return svg(
      "g",
      { class: "axis" },
      ...this.y.ticks(5).flatMap((power) => {
        const y = Math.round(this.y(power)) + 0.5;
        return [
          svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
          svg("text", { x: MARGIN.left - 6, y, dy: "0.32em", "text-anchor": "end" }, tickText(power)),
        ];
      }),
    );
  }

  #timeAxis(width, height) {
    const [begin, end] = this.x.domain();
    const format = d3.timeFormat(end - begin < 3 * 60_000 ? "%H:%M:%S" : "%H:%M");
    return svg(
      "g",
      { class: "axis" },
      ...this.x
        .ticks(Math.max(2, Math.floor(width / 110)))
        .filter((time) => this.x(time) < width - HALF_A_LABEL)
        .map((time) => svg("text", { x: this.x(time), y: height - 6, "text-anchor": "middle" }, format(time))),
    );
  }

  #pointAt({ clientX }) {
    if (!this.x || this.#points.length === 0) return;
    const time = this.x.invert(clientX - this.plot.getBoundingClientRect().left).getTime();
    const place = d3.bisectLeft(this.#points.map(({ end }) => end), time);
    this.#choose(Math.min(place, this.#points.length - 1));
  }

  #onKey(event) {
    const last = this.#points.length - 1;
    const places = {
      ArrowLeft: this.#chosen - 1,
      ArrowDown: this.#chosen - 1,
      ArrowRight: this.#chosen + 1,
      ArrowUp: this.#chosen + 1,
      PageDown: this.#chosen - PAGE_STEPS,
      PageUp: this.#chosen + PAGE_STEPS,
      Home: 0,
      End: last,
    };
    if (event.key === "Escape") this.#choose(null);
    if (!(event.key in places) || last < 0) return;
    event.preventDefault();
    this.#choose(Math.max(0, Math.min(places[event.key], last)));
  }

  #choose(place) {
    this.#cursor = place === null ? null : this.#points[place].end;
    this.#showCursor();
  }

  #showCursor() {
    const point = this.#points[this.#chosen];
    if (!point || !this.cursorLine) return;
    const x = this.x((point.begin + point.end) / 2);
    this.cursorLine.setAttribute("x1", x);
    this.cursorLine.setAttribute("x2", x);
    this.cursorLine.classList.toggle("unseen", this.#cursor === null);
    const known = point.node !== null;
    const layers = known ? layersAt(point, this.#names) : this.titles.map(() => null);
    this.#showLegend(point, layers.map((power, layer) => (this.#isUntold(point, layer) ? null : power)));
    const parts = layers.map((power, layer) => `${this.titles[layer]} ${watts(power)}`).reverse();
    this.plot.setAttribute("aria-valuemax", this.#points.length - 1);
    this.plot.setAttribute("aria-valuenow", this.#chosen);
    this.plot.setAttribute("aria-valuetext", `${timeOfDay(point.end)}: node ${watts(point.node)}, ${parts.join(", ")}`);
  }

  // Whether it is one of the names, and in Other at this point.
  #isUntold(point, layer) {
    return layer > 0 && layer <= this.#names.length && !point.largest.has(this.#names[layer - 1]);
  }

  #showLegend(point, layers) {
    const means = meansOf(this.#points, this.#names) ?? layers.map(() => null);
    const total = means[0] === null ? null : means.reduce((sum, mean) => sum + mean, 0);
    const rows = [this.#legendRow(-1, "Node", point.node, total)];
    const order = [...this.#names.map((_, i) => i + 1), layers.length - 1, 0];
    for (const layer of order) rows.push(this.#legendRow(layer, this.titles[layer], layers[layer], means[layer]));
    const heads = [["Layer", false], [this.#cursor === null ? "Latest" : timeOfDay(point.end), true], ["Mean", true]];
    this.legend.replaceChildren(
      element(
        "table",
        {},
        element("caption", { class: "unseen" }, "Power by layer at the chosen instant, and its mean over the time shown"),
        element("thead", {}, element("tr", {}, ...heads.map(([title, number]) => element("th", { scope: "col", class: number ? "number" : null }, title)))),
        element("tbody", {}, ...rows),
      ),
    );
  }

  #legendRow(layer, title, power, mean) {
    const row = element(
      "tr",
      { class: layer < 0 ? "sum" : null },
      element(
        "th",
        { scope: "row", title },
        layer < 0 ? null : element("span", { class: `swatch ${this.classes[layer]}`, "aria-hidden": "true" }),
        shortened(title, 26),
      ),
      element("td", { class: "number" }, figure(power, watts(power))),
      element("td", { class: "number" }, figure(mean === null ? null : Math.round(mean), watts(mean))),
    );
    row.addEventListener("pointerenter", () => this.#mark(layer));
    row.addEventListener("pointerleave", () => this.#mark(null));
    return row;
  }

  #mark(layer) {
    this.#marked = layer !== null && layer >= 0 ? layer : null;
    this.areas?.forEach((area, i) => area.classList.toggle("faint", this.#marked !== null && i !== this.#marked));
  }
}

// An axis has round numbers: 150 W, 0.5 W.
function tickText(power) {
  const [size, unit] = power >= 1e9 ? [1e9, "kW"] : power >= 1e5 || power === 0 ? [1e6, "W"] : [1e3, "mW"];
  return `${Number((power / size).toPrecision(6))}\u00a0${unit}`;
}

function describe(points, rangeMs) {
  const minutes = Math.round((points.at(-1).end - points[0].begin) / 60_000);
  const kept = minutes * 60_000 < rangeMs * 0.95 ? ", all that there is so far" : "";
  return `Mean power over some seconds each, in the last ${minutes < 2 ? "minute" : `${minutes} minutes`}${kept}; the top edge is the node's.`;
}
