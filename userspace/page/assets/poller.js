// Calls `ask` every few seconds while the tab is seen; after failures ever later, up to half a minute.

const INTERVAL_MS = 5_000;
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 30_000;

// `ask`: an async function. `failed(error, retryMs)` hears of what it throws; `succeeded` of each time that it did not.
export class Poller {
  #timer = 0;
  #failures = 0;
  #asking = false;
  #again = false;

  constructor(ask, succeeded, failed) {
    this.ask = ask;
    this.succeeded = succeeded;
    this.failed = failed;
    document.addEventListener("visibilitychange", () => this.now());
    addEventListener("online", () => this.now());
  }

  // At once, if the tab is seen: else when it is seen again. While one answer is waited for, directly after it.
  now() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    if (this.#asking) this.#again = true;
    else this.#poll();
  }

  async #poll() {
    this.#asking = true;
    let wait = INTERVAL_MS;
    try {
      await this.ask();
      this.#failures = 0;
      this.succeeded();
    } catch (error) {
      wait = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS);
      this.failed(error, wait);
    }
    this.#asking = false;
    if (document.hidden) return;
    this.#timer = setTimeout(() => this.#poll(), this.#again ? 0 : wait);
    this.#again = false;
  }
}
