import assert from "node:assert/strict";
import { relativeBias, relativePositionBucket } from "lib/model/relative_position.ts";
import { golden } from "../support.ts";

for (const { id, input, expected } of golden("t5_buckets")) {
  Deno.test(`relativePositionBucket() equals transformers for distances -700..700: ${id}`, () => {
    let run = 0;
    for (let distance = -700; distance <= 700; distance++) {
      if (run + 1 < expected.length && distance >= expected[run + 1][0]) run++;
      assert.equal(relativePositionBucket(distance, input), expected[run][1], `distance ${distance}`);
    }
  });
}

Deno.test("relativeBias() looks up the bucket's row and the head's column", () => {
  const table = Float32Array.from({ length: 8 * 3 }, (_, i) => i);
  const options = { bidirectional: true, nBuckets: 8, maxDistance: 12 };
  const bias = relativeBias(table, 3, options);
  for (const distance of [-40, -1, 0, 1, 40]) {
    for (const head of [0, 1, 2]) {
      assert.equal(bias(head, distance), 3 * relativePositionBucket(distance, options) + head);
    }
  }
});
