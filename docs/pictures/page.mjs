// Takes a picture of a page as a browser shows it: page.mjs URL OUT.png light|dark WIDTH HEIGHT
import { startBrowser } from "../../userspace/page/stage.mjs";

const [url, out, colorScheme, width, height] = process.argv.slice(2);
const browser = await startBrowser();
try {
  const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) }, colorScheme });
  await page.goto(url);
  await page.waitForSelector("#chart svg");
  await page.waitForSelector("#rows tbody tr");
  await page.screenshot({ path: out });
} finally {
  await browser.close();
}
