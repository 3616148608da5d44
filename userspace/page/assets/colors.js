// Which of the palette's colours a name has. It stays while the page is open, and is mostly the same on the next visit.

const COLORS = 9;

function hash(name) {
  let sum = 2166136261;
  for (let i = 0; i < name.length; ++i) sum = Math.imul(sum ^ name.charCodeAt(i), 16777619);
  return sum >>> 0;
}

// A class for each of `names`, at most COLORS, no two alike: "color-0" ... `kept`: a Map of name to colour, which is
// the caller's to keep.
export function assignColors(names, kept) {
  const used = new Map();
  for (const name of names) {
    const color = kept.get(name);
    if (color !== undefined && ![...used.values()].includes(color)) used.set(name, color);
  }
  const taken = new Set(used.values());
  for (const name of names) {
    if (used.has(name)) continue;
    let color = hash(name) % COLORS;
    while (taken.has(color)) color = (color + 1) % COLORS;
    taken.add(color);
    used.set(name, color);
    kept.set(name, color);
  }
  return new Map([...used].map(([name, color]) => [name, `color-${color}`]));
}

export const MOST_COLORS = COLORS;
