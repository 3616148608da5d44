// Where the node's power goes: from the node by its sockets to namespaces and pods, or to programs where there are none.
// Which socket's power a workload has is not known, so that the sockets' active parts come together before they are divided.

import { figure, setText, svg, tableOf } from "./dom.js";
import { shortened, watts } from "./format.js";
import { itemsOf, primaryZone, restOf } from "./levels.js";

const WIDTH = 980;
const BAR = 12;
const GAP = 12;
const LABEL = 205;  // beside the last column
const LEAST_HEIGHT = 340;
const MOST_GROUPS = 8;
const MOST_PODS = 12;

// The levels whose lists the picture needs.
export const FLOW_LEVELS = ["namespace", "pod", "program"];

// {nodes: [{id, column, title, power, kind}], links: [{from, to, power}]}; the powers are the snapshot's, in µW. Null
// where one of them is not known.
export function flowOf(snapshot) {
  const place = primaryZone(snapshot);
  const zone = snapshot.zones[place];
  if (!zone || [zone.all, zone.active, zone.idle].some(({ power_uw }) => power_uw === null)) return null;
  const flow = new Flow();
  flow.node("node", 0, snapshot.node_name || "Node", zone.all.power_uw, "node");
  flow.node("busy", 2, "Active", zone.active.power_uw, "active");
  flow.node("idle", 2, "Idle", zone.idle.power_uw, "idle");
  addSockets(flow, snapshot, zone);
  if (snapshot.pods.length > 0) addNamespaces(flow, snapshot, place);
  else addParts(flow, "busy", 3, groups(snapshot, "program", place), zone.active.power_uw, "programs");
  return flow.nodes.some(({ power }) => power === null) ? null : flow;
}

class Flow {
  nodes = [];
  links = [];

  node(id, column, title, power, kind) {
    this.nodes.push({ id, column, title, power, kind });
  }
  link(from, to, power) {
    if (power > 0) this.links.push({ from, to, power });
  }
}

function addSockets(flow, snapshot, zone) {
  const sockets = snapshot.socket_zones.filter((one) => one.zone === zone.zone);
  for (const { socket, path, all, active, idle } of sockets) {
    const id = `socket ${path}`;
    flow.node(id, 1, socket === null ? "Machine" : `Socket ${socket}`, all.power_uw, "socket");
    flow.link("node", id, all.power_uw);
    flow.link(id, "busy", active.power_uw);
    flow.link(id, "idle", idle.power_uw);
  }
}

const groups = (snapshot, level, place) =>
  itemsOf(snapshot, level)
    .map(({ name, zones, workload }) => ({ name, workload, power: zones[place].power_uw }))
    .sort((a, b) => b.power - a.power);

// The largest of `parts` and, in one, the rest of `whole`. Returns those that are drawn by themselves.
function addParts(flow, from, column, parts, whole, what, most = MOST_GROUPS) {
  const drawn = parts.slice(0, most).filter(({ power }) => power > 0);
  for (const part of drawn) {
    part.id = `${column} ${part.name}`;
    flow.node(part.id, column, part.name, part.power, what);
    flow.link(from, part.id, part.power);
  }
  const rest = whole - drawn.reduce((sum, { power }) => sum + power, 0);
  if (rest > 0) {
    flow.node(`${column} rest of ${from}`, column, `Other ${what}`, rest, "rest");
    flow.link(from, `${column} rest of ${from}`, rest);
  }
  return drawn;
}

function addNamespaces(flow, snapshot, place) {
  const { zone } = snapshot.zones[place];
  const namespaces = groups(snapshot, "namespace", place);
  const outside = restOf(snapshot, "namespace", zone)?.power_uw ?? 0;
  const inside = flow.nodes.find(({ id }) => id === "busy").power - outside;
  const drawn = addParts(flow, "busy", 3, namespaces, inside, "namespaces");
  if (outside > 0) {
    flow.node("outside", 3, "In no namespace", outside, "rest");
    flow.link("busy", "outside", outside);
  }
  const pods = groups(snapshot, "pod", place);
  const named = new Set(pods.slice(0, MOST_PODS));
  for (const space of drawn) {
    const own = pods.filter((pod) => named.has(pod) && pod.workload.pod_namespace === space.name);
    for (const pod of own) pod.name = pod.workload.pod_name || pod.workload.pod_id;
    addPodsOf(flow, space, own);
  }
}

function addPodsOf(flow, space, pods) {
  const before = flow.nodes.length;
  addParts(flow, space.id, 4, pods, space.power, "pods", MOST_PODS);
  for (const node of flow.nodes.slice(before)) {
    if (node.kind === "pods") node.detail = space.name;
  }
}

// Gives each node x, y and height, and each link its two ends, so that a µW is as high everywhere.
function layOut(flow) {
  const columns = [0, 1, 2, 3, 4].map((column) => flow.nodes.filter((node) => node.column === column)).filter((nodes) => nodes.length);
  const crowd = Math.max(...columns.map(({ length }) => length));
  const height = Math.max(LEAST_HEIGHT, crowd * (GAP + 12));
  const scale = Math.min(
    ...columns.map((nodes) => (height - (nodes.length - 1) * GAP) / Math.max(1, nodes.reduce((sum, { power }) => sum + power, 0))),
  );
  const step = (WIDTH - LABEL - BAR) / Math.max(1, columns.length - 1);
  columns.forEach((nodes, i) => {
    let y = 0;
    for (const node of nodes) {
      Object.assign(node, { x: i * step, y, height: Math.max(1, node.power * scale), out: 0, in: 0 });
      y += node.height + GAP;
    }
    const spare = Math.max(0, (height - (y - GAP)) / 2);
    for (const node of nodes) node.y += spare;
  });
  const byId = new Map(flow.nodes.map((node) => [node.id, node]));
  for (const link of flow.links) {
    const [from, to] = [byId.get(link.from), byId.get(link.to)];
    const thickness = link.power * scale;
    Object.assign(link, {
      thickness: Math.max(0.75, thickness),
      kind: to.kind,
      source: [from.x + BAR, from.y + from.out + thickness / 2],
      target: [to.x, to.y + to.in + thickness / 2],
      title: `${from.title} to ${to.title}: ${watts(link.power)}`,
    });
    from.out += thickness;
    to.in += thickness;
  }
  return height;
}

export function showFlow({ picture, table, note }, snapshot) {
  const flow = flowOf(snapshot);
  if (!flow) {
    setText(note, "The power of a zone was not known in the last epoch.");
    picture.replaceChildren();
    table.replaceChildren();
    return;
  }
  setText(note, `Power of the zone ${snapshot.primary_zone} in the last epoch, from the left to the right.`);
  const height = layOut(flow);
  const curve = d3.linkHorizontal();
  const title = "Node, sockets, active and idle, namespaces and pods as bands as thick as their power; the table below has the figures";
  picture.replaceChildren(
    svg(
      "svg",
      { viewBox: `0 -8 ${WIDTH} ${height + 16}`, role: "img", "aria-label": title, class: "flow" },
      ...flow.links.map((link) => svg("path", { d: curve(link), class: `band band-${link.kind}`, "stroke-width": link.thickness }, svg("title", {}, link.title))),
      ...flow.nodes.flatMap(drawNode),
    ),
  );
  const titles = new Map(flow.nodes.map((node) => [node.id, node.title]));
  table.replaceChildren(
    tableOf(
      "The power's way through the node",
      [{ title: "From" }, { title: "To" }, { title: "Power", number: true }],
      flow.links.map(({ from, to, power }) => [titles.get(from), titles.get(to), figure(power, watts(power))]),
    ),
  );
}

function drawNode({ x, y, height, title, power, kind, detail }) {
  const middle = y + height / 2;
  return [
    svg("rect", { x, y, width: BAR, height, class: `bar bar-${kind}` }, svg("title", {}, `${detail ? `${detail}/` : ""}${title}: ${watts(power)}`)),
    svg("text", { x: x + BAR + 5, y: middle, dy: "0.34em" }, shortened(title, 18), svg("tspan", { class: "soft" }, `  ${watts(power)}`)),
  ];
}
