// Numbers as people read them. Inputs are the snapshot's integers: microwatts, microjoules, nanoseconds.

const plain = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

export const count = (number) => plain[0].format(number);

function scaled(value, steps) {
  const [size, unit] = steps.find(([least]) => Math.abs(value) >= least) ?? steps.at(-1);
  const shown = value / size;
  const digits = shown >= 100 ? 1 : 2;
  return `${plain[digits].format(shown)}\u00a0${unit}`;
}

// With its unit, in three digits or a few more: 123.4 W.
export function watts(microwatts) {
  if (microwatts === null) return "–";
  if (microwatts === 0) return "0\u00a0W";
  return scaled(microwatts, [[1e9, "kW"], [1e6, "W"], [1e3, "mW"], [1, "µW"]]);
}

export function joules(microjoules) {
  if (microjoules === null) return "–";
  if (microjoules === 0) return "0\u00a0J";
  return scaled(microjoules, [[1e15, "GJ"], [1e12, "MJ"], [1e9, "kJ"], [1e6, "J"], [1e3, "mJ"], [1, "µJ"]]);
}

// In a column whose head says the unit, so that one below the other can be compared.
export function inUnits(micro, digits = 2) {
  const least = 10 ** -digits;
  const value = micro / 1e6;
  return value > 0 && value < least / 2 ? `<${plain[digits].format(least)}` : plain[digits].format(value);
}

// Microjoules to the last digit.
export const exactJoules = (microjoules) =>
  `${microjoules < 0 ? "-" : ""}${count(Math.floor(Math.abs(microjoules) / 1e6))}.${String(Math.abs(microjoules) % 1e6).padStart(6, "0")}`;

export function cpuTime(nanoseconds) {
  const seconds = nanoseconds / 1e9;
  if (seconds < 60) return `${plain[2].format(seconds)}\u00a0s`;
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${count(hours)}:${two(minutes)}:${two(whole % 60)}\u00a0h` : `${minutes}:${two(whole % 60)}\u00a0min`;
}

export const percent = (share) => `${plain[share < 0.0995 ? 1 : 0].format(share * 100)}\u00a0%`;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const timeOfDay = (unixMs) => clock.format(new Date(unixMs));

// Of long names the begin and the end, which differ.
export function shortened(name, length) {
  const characters = [...name];
  if (characters.length <= length) return name;
  const end = Math.floor((length - 1) / 2);
  return `${characters.slice(0, length - 1 - end).join("")}…${characters.slice(-end).join("")}`;
}
