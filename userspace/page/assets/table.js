// The workloads of a level with their figures: sorted by a click on a column's head, filtered by name.

import { element, setText } from "./dom.js";
import { count, cpuTime, inUnits, shortened } from "./format.js";

const FIRST_ROWS = 100;
const LONGEST_NAME = 100;

export class WorkloadTable {
  #items = [];
  #zones = [];
  #sort = { key: "power-0", down: true };
  #showAll = false;

  // `said` is read out: what the filter leaves, when it is changed, and not at each update.
  constructor({ box, note, said, filter, showAllButton, colorOf }) {
    this.box = box;
    this.note = note;
    this.filter = filter;
    this.showAllButton = showAllButton;
    this.colorOf = colorOf;
    filter.addEventListener("input", () => {
      this.#draw();
      setText(said, note.textContent);
    });
    showAllButton.addEventListener("click", () => {
      this.#showAll = !this.#showAll;
      this.#draw();
    });
  }

  // `items` as itemsOf has them; `zones`: names, the primary one first in `order` (places in an item's zones).
  show(title, items, zones, order) {
    if (this.title !== title || zones.join() !== this.#zones.join()) {
      this.title = title;
      this.#zones = zones;
      this.#showAll = false;
      this.#build(order);
    }
    this.#items = items;
    this.#draw();
  }

  #build(order) {
    const zone = (place, field) => (item) => item.zones[place][field];
    this.columns = [
      { key: "name", title: "Name", value: (item) => item.name },
      ...order.map((place) => ({ key: `power-${place}`, title: `${this.#zones[place]} W`, value: zone(place, "power_uw"), text: inUnits, power: place === order[0] })),
      ...order.map((place) => ({ key: `energy-${place}`, title: `${this.#zones[place]} J`, value: zone(place, "energy_uj"), text: (micro) => inUnits(micro, 1) })),
      { key: "cpu", title: "CPU time", value: (item) => item.cpuTime, text: cpuTime },
    ];
    if (!this.columns.some(({ key }) => key === this.#sort.key) || this.#sort.key.startsWith("power")) {
      this.#sort = { key: this.columns[1].key, down: true };
    }
    this.heads = this.columns.map((column) => {
      const button = element("button", { type: "button", class: "sort" }, column.title);
      button.addEventListener("click", () => this.#sortBy(column));
      return element("th", { scope: "col", class: column.text ? "number" : null }, button);
    });
    this.body = element("tbody");
    const caption = element("caption", { class: "unseen" }, `${this.title} with their power, energy and CPU time`);
    this.box.replaceChildren(element("table", { class: "workloads" }, caption, element("thead", {}, element("tr", {}, ...this.heads)), this.body));
  }

  // After the chart has changed its colours.
  recolor() {
    this.#draw();
  }

  // Numbers from the largest first, names from A; a second click turns it round.
  #sortBy({ key, text }) {
    this.#sort = { key, down: this.#sort.key === key ? !this.#sort.down : Boolean(text) };
    this.#draw();
  }

  #draw() {
    if (!this.columns) return;
    const wanted = this.filter.value.trim().toLowerCase();
    const items = this.#items.filter(({ name, detail }) => `${name} ${detail}`.toLowerCase().includes(wanted));
    items.sort(this.#order());
    const shown = this.#showAll ? items : items.slice(0, FIRST_ROWS);
    this.columns.forEach(({ key }, i) => {
      if (key === this.#sort.key) this.heads[i].setAttribute("aria-sort", this.#sort.down ? "descending" : "ascending");
      else this.heads[i].removeAttribute("aria-sort");
    });
    this.#fillRows(shown);
    const total = `${count(this.#items.length)} ${this.title.toLowerCase()}`;
    const found = wanted ? `${count(items.length)} of ${total} match` : total;
    setText(this.note, shown.length < items.length ? `${found}; the first ${count(shown.length)} are shown` : found);
    this.showAllButton.hidden = items.length <= FIRST_ROWS;
    setText(this.showAllButton, this.#showAll ? `Show the first ${FIRST_ROWS}` : `Show all ${count(items.length)}`);
  }

  #order() {
    const { value } = this.columns.find(({ key }) => key === this.#sort.key);
    const sign = this.#sort.down ? -1 : 1;
    const names = new Intl.Collator("en", { numeric: true }).compare;
    const compare = (a, b) => (typeof a === "string" ? names(a, b) : (a ?? -1) - (b ?? -1));
    return (a, b) => sign * compare(value(a), value(b)) || names(a.name, b.name) || names(a.detail, b.detail);
  }

  // Rows stay where they are, and only what differs is written.
  #fillRows(items) {
    while (this.body.rows.length > items.length) this.body.lastChild.remove();
    while (this.body.rows.length < items.length) this.body.append(this.#emptyRow());
    const largest = this.#items.reduce((most, item) => Math.max(most, this.columns[1].value(item) ?? 0), 1);
    items.forEach((item, i) => this.#fillRow(this.body.rows[i], item, largest));
  }

  #emptyRow() {
    return element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        element("span", { class: "swatch", "aria-hidden": "true" }),
        element("span", { class: "name" }),
        element("span", { class: "badge ended", hidden: true }, "ended"),
        element("span", { class: "detail" }),
      ),
      ...this.columns.slice(1).map(({ power }) => {
        const cell = element("td", { class: "number" }, element("data"));
        if (power) cell.append(element("span", { class: "share", "aria-hidden": "true" }));
        return cell;
      }),
    );
  }

  #fillRow(row, item, largest) {
    const [swatch, name, ended, detail] = row.cells[0].children;
    const color = this.colorOf(item.pastName);
    swatch.className = color ? `swatch ${color}` : "swatch none";
    setText(name, shortened(item.name, LONGEST_NAME) || "(no name)");
    setText(detail, shortened(item.detail, LONGEST_NAME));
    row.cells[0].title = `${item.name} ${item.detail}`.trim();
    ended.hidden = !item.ended;
    row.classList.toggle("past", item.ended);
    this.columns.slice(1).forEach(({ value, text, power }, i) => {
      const [data, share] = row.cells[i + 1].children;
      const exact = value(item);
      data.value = exact ?? "";
      setText(data, exact === null ? "–" : text(exact));
      if (power) share.style.width = `${((exact ?? 0) / largest) * 100}%`;
    });
  }
}
