// Runs once per line of the standard input, so many times as it says, and answers with the least
// milliseconds.
import { createInterface } from "node:readline";

export async function answer(run) {
  for await (const line of createInterface({ input: process.stdin })) {
    let least = Infinity;
    for (let i = 0; i < Number(line); ++i) {
      const began = performance.now();
      await run();
      least = Math.min(least, performance.now() - began);
    }
    console.log(JSON.stringify(least));
  }
}
