// The books of a level: what its workloads, those that wait for their names, all others and idleness used is what the
// node used, to the microjoule.

import { element, figure, setText, tableOf } from "./dom.js";
import { exactJoules, joules, percent } from "./format.js";
import { restOf } from "./levels.js";

// By zone: {zone, listed, pending, other, idle, node, difference}, in µJ.
export function booksOf(snapshot, level, items) {
  return snapshot.zones.map(({ zone, all, active, idle }, place) => {
    const rest = restOf(snapshot, level, zone);
    const listed = items.reduce((sum, item) => sum + item.zones[place].energy_uj, 0);
    const pending = rest?.pending_uj ?? 0;
    const other = rest ? rest.energy_uj : active.energy_uj - listed;
    const node = all.energy_uj;
    return { zone, listed, pending, other, idle: idle.energy_uj, node, difference: node - listed - pending - other - idle.energy_uj };
  });
}

const PARTS = [
  { key: "listed", title: (level) => level, kind: "listed" },
  { key: "pending", title: () => "Waiting for a name", kind: "pending" },
  { key: "other", title: () => "Other", kind: "rest" },
  { key: "idle", title: () => "Idle", kind: "idle" },
];

export function showBooks({ picture, table, note }, snapshot, { key, title }, items) {
  const books = booksOf(snapshot, key, items);
  const balanced = books.every(({ difference }) => difference === 0);
  setText(note, balanced
    ? "Energy since the exporter started. The parts add up to the node's, to the microjoule."
    : "Energy since the exporter started. The parts do not add up to the node's: please report it.");
  note.classList.toggle("wrong", !balanced);
  picture.replaceChildren(
    element("ul", { class: "keys", "aria-hidden": "true" }, ...PARTS.map((part) => element("li", {}, element("span", { class: `swatch part-${part.kind}` }), part.title(title)))),
    ...books.map((book) => barOf(book, title)),
  );
  const columns = [{ title: "Zone" }, ...PARTS.map((part) => ({ title: part.title(title), number: true })), { title: "Node", number: true }];
  const rows = books.map((book) => [book.zone, ...[...PARTS.map(({ key: part }) => book[part]), book.node].map((energy) => figure(energy, exactJoules(energy)))]);
  table.replaceChildren(tableOf("The books in joules", columns, rows));
}

function barOf(book, level) {
  const bar = element("div", { class: "book-bar", role: "img" });
  const said = [];
  for (const part of PARTS) {
    if (!(book[part.key] > 0)) continue;
    const words = `${part.title(level)} ${joules(book[part.key])} (${percent(book[part.key] / book.node)})`;
    const piece = element("span", { class: `part-${part.kind}`, title: words });
    piece.style.flexGrow = book[part.key] / book.node;
    bar.append(piece);
    said.push(words);
  }
  bar.setAttribute("aria-label", `${book.zone}: ${said.join(", ")}`);
  return element("div", { class: "book" }, element("span", { class: "book-name" }, book.zone), bar, element("span", { class: "number" }, joules(book.node)));
}
