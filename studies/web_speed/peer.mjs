// node peer.mjs FOLDER MODEL.onnx HEIGHT WIDTH: the network alone, of a normalised image. FOLDER has
// node_modules/onnxruntime-web.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { answer } from "./answering.mjs";

const [folder, model, height, width] = process.argv.slice(2);
const dist = join(folder, "node_modules", "onnxruntime-web", "dist");
const ort = await import(pathToFileURL(join(dist, "ort.wasm.min.mjs")));
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmBinary = readFileSync(join(dist, "ort-wasm-simd-threaded.wasm"));
const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(model)));
const values = new Float32Array(3 * height * width).map((_, i) => ((i * 7919) % 256) / 128 - 1);
const image = new ort.Tensor("float32", values, [1, Number(height), Number(width), 3]);
await answer(() => session.run({ [session.inputNames[0]]: image }));
