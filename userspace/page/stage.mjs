// What the page's test stands on: an exporter on a made-up node, a browser, and what it saw.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

// Where scripts/setup puts what comes from npm.
const NODE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "brahe/node/");
const require = createRequire(NODE);
const { chromium } = require("playwright-core");
export const axeSource = require("axe-core").source;

// After it page_exporter has a new epoch for whoever asks.
const OLD_MS = 120;

// `program`: page_exporter. Port 0: any.
export async function startExporter(program, processes, { port = 0, plain = false } = {}) {
  const child = spawn(program, [port, processes, ...(plain ? ["plain"] : [])].map(String), { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once("line", (text) => resolve([text]));
    child.once("exit", (status) => reject(new Error(`page_exporter ended with ${status}`)));
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    port: Number(line),
    url: `http://127.0.0.1:${line}/`,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

export const startBrowser = () =>
  chromium.launch({ executablePath: "/usr/bin/chromium", args: process.getuid() === 0 ? ["--no-sandbox"] : [] });

// A page in a browser that knows nothing yet, and all that went on in it.
export class Visit {
  faults = [];  // errors of scripts, and what the policy refused
  requests = [];
  snapshots = new Map();  // by epoch, as the page got them

  static async begin(browser, url, options = {}) {
    const visit = new Visit();
    visit.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    await visit.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        console.error(`policy: ${violatedDirective} ${blockedURI}`);
      });
    });
    visit.page = await visit.context.newPage();
    visit.#watch();
    await visit.page.goto(url);
    return visit;
  }

  #watch() {
    this.page.on("pageerror", (error) => this.faults.push(error.stack));
    this.page.on("dialog", (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    this.page.on("console", (message) => {
      if (message.type() === "error") this.faults.push(message.text());
    });
    this.page.on("request", (request) => this.requests.push(request.url()));
    this.page.on("response", async (response) => {
      if (!response.url().includes("/api/v1/snapshot") || !response.ok()) return;
      const snapshot = await response.json().catch(() => null);
      if (snapshot) this.snapshots.set(snapshot.epoch, snapshot);
    });
  }

  // What `read` finds in a document that shows a newer epoch than now, and the snapshot of that epoch. `read` is run in
  // the page.
  async newer(read, argument) {
    await this.page.waitForSelector("#updated[title]");
    const before = await this.page.$eval("#updated", ({ title }) => title);
    await sleep(OLD_MS);
    await this.page.evaluate(() => dispatchEvent(new Event("online")));
    await this.page.waitForFunction((title) => document.querySelector("#updated").title !== title, before);
    return this.shown(read, argument);
  }

  // The same of the document as it is.
  async shown(read, argument) {
    const source = `(() => ({ epoch: Number(document.querySelector("#updated").title.split(" ")[1]), found: (${read})(${JSON.stringify(argument)}) }))()`;
    const { epoch, found } = await this.page.evaluate(source);
    return { found, snapshot: this.snapshots.get(epoch) };
  }

  async end() {
    await this.context.close();
  }
}
