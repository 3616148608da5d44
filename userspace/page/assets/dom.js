// Makes elements. All text goes through textContent: names of workloads are anybody's.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export const byId = (id) => document.getElementById(id);

// What is there already is left alone: screen readers and selections do not notice an update that changes nothing.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A table of texts and numbers. `columns`: {title, number}; `rows`: lists of texts or nodes, the first names the row.
export function tableOf(caption, columns, rows) {
  const cell = (content, i) =>
    i === 0
      ? element("th", { scope: "row" }, content)
      : element("td", { class: columns[i].number ? "number" : null }, content);
  return element(
    "table",
    {},
    element("caption", { class: "unseen" }, caption),
    element(
      "thead",
      {},
      element("tr", {}, ...columns.map(({ title, number }) => element("th", { scope: "col", class: number ? "number" : null }, title))),
    ),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell)))),
  );
}

// A number that is shown rounded, with the exact one behind it.
export function figure(exact, text) {
  return exact === null ? element("span", { class: "unknown", title: "not known" }, "–") : element("data", { value: exact }, text);
}
