// node bireid.mjs PACKAGE BUNDLE HEIGHT WIDTH STEM: a crop of the network's size, from its pixels.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { answer } from "./answering.mjs";

const [folder, bundle, height, width, stem] = process.argv.slice(2);
const { open } = await import(pathToFileURL(join(folder, "index.mjs")));
const read = (name) => new Uint8Array(readFileSync(join(bundle, name)));
const names = readdirSync(bundle).filter((name) => /^(manifest\.json|model\.lce\.tflite)$/.test(name));
const extractor = await open(Object.fromEntries(names.map((name) => [name, read(name)])), { stem });
const data = new Uint8ClampedArray(4 * height * width).map((_, i) => (i * 7919) % 256);
const crop = { width: Number(width), height: Number(height), data };
await answer(() => extractor.embed(crop));
