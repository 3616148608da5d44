// What the exporter is asked.

const PATIENCE_MS = 20_000;

// Why there is no answer, in words for the page. `status`: of HTTP, 0 without an answer.
export class NoAnswer extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Beside the page, wherever a proxy has put it; without a password that its address may have, which fetch refuses.
const base = location.origin + location.pathname;

async function get(path, parameters) {
  let response;
  try {
    response = await fetch(new URL(`${path}?${parameters}`, base), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) return await response.json();
  } catch (error) {
    throw new NoAnswer(0, error.message);
  }
  throw new NoAnswer(response.status, (await response.text().catch(() => "")).trim());
}

// Lists of the asked levels only.
export const getSnapshot = (levels) => get("api/v1/snapshot", new URLSearchParams(levels.map((level) => ["level", level])));

// Points that ended after `since`, in ms; null: all of the last hour.
export function getHistory(level, since) {
  const parameters = new URLSearchParams(level ? { level } : {});
  if (since !== null) parameters.set("since", since);
  return get("api/v1/history", parameters);
}
