// What a program does with the package: node use_package.mjs PACKAGE BUNDLE IMAGES.json; prints JSON.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, bundle, images] = process.argv.slice(2);
const { BireidError, open, similarity } = await import(pathToFileURL(join(folder, "index.mjs")));
const read = (name) => new Uint8Array(readFileSync(join(bundle, name)));
const files = Object.fromEntries(readdirSync(bundle).map((name) => [name, read(name)]));
const pictures = JSON.parse(readFileSync(images)).map(({ width, height, rgba }) => ({
  width,
  height,
  data: new Uint8ClampedArray(Buffer.from(rgba, "base64")),
}));

async function refusal(action) {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof BireidError)) throw error;
    return error.message;
  }
  return null;
}

function changed(name, change) {
  const bytes = files[name].slice();
  change(bytes);
  return { ...files, [name]: bytes };
}

function withManifest(change) {
  const manifest = JSON.parse(new TextDecoder().decode(files["manifest.json"]));
  change(manifest);
  return { ...files, "manifest.json": new TextEncoder().encode(JSON.stringify(manifest)) };
}

const found = { embeddings: {}, refusals: {} };
for (const stem of ["float32", "uint8"]) {
  const extractor = await open(files, { stem });
  found.embeddings[stem] = pictures.map((picture) => Array.from(extractor.embed(picture)));
  found.engine ??= extractor.engine;
  found.selftest ??= extractor.selftest();
  found.dimension = extractor.dimension;
  found.fingerprint = extractor.fingerprint;
  found.cameras = extractor.cameras;
  found.calibration = extractor.calibration;
  found.refusals.image = await refusal(() => extractor.embed({ ...pictures[0], width: 0 }));
  found.refusals.bytes = await refusal(() => extractor.embed({ ...pictures[0], width: 1 }));
  extractor.close();
  extractor.close();
  found.refusals.closed = await refusal(() => extractor.embed(pictures[0]));
}
const scalar = await open(files, { isa: "scalar" });
found.embeddings.scalar = pictures.map((picture) => Array.from(scalar.embed(picture)));
scalar.close();

const [a, b] = found.embeddings.float32;
found.similarity = similarity(a, b);
found.refusals.lengths = await refusal(() => similarity(a, b.slice(1)));
const { "model.lce.tflite": _model, ...withoutModel } = files;
found.refusals.missing = await refusal(() => open(withoutModel));
found.refusals.hash = await refusal(() =>
  open(changed("model.lce.tflite", (bytes) => (bytes[bytes.length - 9] ^= 1))),
);
found.refusals.golden = await refusal(() =>
  open(changed("golden.safetensors", (bytes) => (bytes[bytes.length - 1] ^= 64))).then((opened) =>
    opened.selftest(),
  ),
);
found.refusals.json = await refusal(() => open({ "manifest.json": new Uint8Array(3) }));
found.refusals.files = await refusal(() => open({ model: files["model.lce.tflite"] }));
found.refusals.path = await refusal(() => open({ ...files, isa: 3 }));
found.refusals.isa = await refusal(() => open(files, { isa: "avx2" }));

const people = [
  { target: 0.1, threshold: 0.5 },
  { target: 0.01, threshold: 0.8 },
];
const calibration = { data: "hall", identities: 40, people };
const calibrated = await open(withManifest((manifest) => (manifest.calibration = calibration)));
found.rates = [0.4, 0.5, 0.79, 0.8].map((score) => calibrated.calibration.rate(score));
calibrated.close();
people.reverse();
found.refusals.calibration = await refusal(() =>
  open(withManifest((manifest) => (manifest.calibration = calibration))),
);
console.log(JSON.stringify(found));
