// Runs once per line of the standard input, so many times as it says, and answers with the least
// milliseconds that one took, and with those of the processor that all took, by their number.
import { createInterface } from "node:readline";

export async function answer(run) {
  for await (const line of createInterface({ input: process.stdin })) {
    const runs = Number(line);
    let wall = Infinity;
    const before = process.cpuUsage();
    for (let i = 0; i < runs; ++i) {
      const began = performance.now();
      await run();
      wall = Math.min(wall, performance.now() - began);
    }
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ wall, cpu: (user + system) / 1000 / runs }));
  }
}
