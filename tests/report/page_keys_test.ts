/** The report of a real run in Chromium, used with the keyboard only: real key presses, real prompts and series. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { resultsRoot } from "lib/io/paths.ts";
import type { LatentsArtifact } from "lib/report/page/latents.ts";
import { reportPage } from "lib/report/page/page.ts";
import { openRun } from "lib/report/sections/run_folder.ts";
import { CHROMIUM, type Page, startChromium } from "./chromium.ts";

for (const name of ["llm_facts", "tsfm_series"]) {
  Deno.test({
    name: `the report of ${name} is read with the keyboard, without an error or a request [needs chromium]`,
    ignore: CHROMIUM === undefined,
    fn: async () => {
      const run = join(resultsRoot, "embedded", name);
      const folder = await mkdtemp(join(tmpdir(), "page-"));
      const page = await startChromium(1000, 800);
      try {
        const path = join(folder, "page.html");
        await writeFile(path, reportPage(openRun(run)));
        await page.open(pathToFileURL(path).href);
        await useKeyboard(page);
        const { latents } = JSON.parse(await readFile(join(run, "latents.json"), "utf8")) as LatentsArtifact;
        const shown = await page.evaluate<Shown>(SHOWN);
        assert.deepEqual(shown.texts, latents[0]!.examples.flatMap(({ tokens }) => tokens?.join("") ?? []));
        const series = latents[0]!.examples.flatMap((example) =>
          example.series ? [example.series.length] : []
        );
        assert.deepEqual(shown.nPoints, series);
        assert.ok(shown.texts.length + shown.nPoints.length > 0, "the first latent shows items");
        assert.deepEqual(page.errors, []);
        const fetched = page.requests.filter((url) => !/^(data|blob):/.test(url));
        assert.deepEqual(fetched, [pathToFileURL(path).href], "nothing but the page itself is read");
      } finally {
        await page.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  });
}

/** Tab to the skip link, sort the summary by Enter, open the first latent by the space bar. */
async function useKeyboard(page: Page): Promise<void> {
  await page.press("Tab");
  assert.equal(await page.evaluate("document.activeElement.className"), "skip");
  const tabTo = async (selector: string) => {
    for (let i = 0; i < 300; i++) {
      await page.press("Tab");
      if (await page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    }
    assert.fail(`Tab never reaches ${selector}`);
  };
  await tabTo("th button");
  await page.press("Enter");
  const sorted = `document.activeElement.closest("th").getAttribute("aria-sort")`;
  assert.equal(await page.evaluate(sorted), "ascending");
  await page.press(" ");
  assert.equal(await page.evaluate(sorted), "descending");
  await tabTo("details.latent summary");
  await page.press("Enter");
  assert.equal(await page.evaluate("document.activeElement.parentElement.open"), true);
  const before = await page.evaluate<number>("scrollY");
  await page.press("ArrowUp");
  await page.until(`scrollY < ${before}`, 5);
}

interface Shown {
  readonly texts: readonly string[];
  readonly nPoints: readonly number[];
}

const SHOWN = `(() => {
  const latent = document.querySelector("details.latent");
  return {
    texts: [...latent.querySelectorAll(".tokens")].map(({ textContent }) => textContent),
    nPoints: [...latent.querySelectorAll(".series polyline")]
      .map((line) => line.getAttribute("points").trim().split(/\\s+/).length),
  };
})()`;
