/**
 * Person re-identification embeddings from a bundle, in a browser or in Node.
 * The types are in index.d.ts; docs/web.md is the user's page.
 */
import { readCalibration } from "./calibration.mjs";
import { instantiate } from "./engine.mjs";
import { BireidError } from "./errors.mjs";

export { BireidError };

const MANIFEST = "manifest.json";
const MODEL_FORMATS = ["lce", "float"];
const MAX_SIDE = 20000; // of an image, as the engine has it

/** Opens a bundle whose files are given: their bytes by name. */
export async function open(files, options = {}) {
  const engine = await instantiate(options.wasm);
  return new Extractor(engine, files, options);
}

/** Fetches the files of a bundle that lie below an address, and opens it. */
export async function openUrl(base, options = {}) {
  const folder = new URL(String(base).replace(/\/?$/, "/"), globalThis.document?.baseURI);
  const manifest = await fetchBytes(new URL(MANIFEST, folder));
  const files = { [MANIFEST]: manifest };
  for (const name of namesOf(parseManifest(manifest))) {
    files[name] = await fetchBytes(new URL(encodeURIComponent(name), folder));
  }
  return open(files, options);
}

/** How alike two embeddings of one fingerprint are, -1 to 1. */
export function similarity(a, b) {
  if (!(a?.length > 0) || a.length !== b?.length) {
    throw new BireidError(`embeddings of ${a?.length} and ${b?.length} numbers; compare equals`);
  }
  let sum = 0;
  for (let i = 0; i < a.length; ++i) sum += a[i] * b[i];
  return sum;
}

/** A bundle that is open. */
export class Extractor {
  #engine;
  #handle;

  constructor(engine, files, { camera = null, isa = null, stem = null } = {}) {
    this.#engine = engine;
    this.#handle = openHandle(engine, files, [camera, isa, stem]);
    const { exports } = engine;
    this.dimension = exports.bireid_embedding_dim(this.#handle);
    this.fingerprint = engine.text(exports.bireid_fingerprint(this.#handle));
    this.engine = engine.text(exports.bireid_describe(this.#handle));
    this.cameras = Array.from({ length: exports.bireid_camera_count(this.#handle) }, (_, index) =>
      engine.text(exports.bireid_camera_name(this.#handle, index)),
    );
    // The engine has read it before, and strictly.
    const manifest = parseManifest(files[MANIFEST]);
    this.name = manifest.name;
    this.calibration = readCalibration(manifest.calibration);
  }

  /** The embedding of a crop: 8-bit RGBA pixels as a canvas gives them. */
  embed({ data, width, height }) {
    const sides = [width, height];
    if (!sides.every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE)) {
      throw new BireidError(`an image of ${width}x${height}; sides must be 1 to ${MAX_SIDE} pixels`);
    }
    if (data?.length !== 4 * width * height) {
      throw new BireidError(
        `${data?.length} bytes for ${width}x${height} pixels of RGBA; there must be ` +
          `${4 * width * height}`,
      );
    }
    const handle = this.#open();
    const { exports } = this.#engine;
    return this.#engine.scope((keep) => {
      const pixels = keep.bytes(data);
      const out = keep.room(4 * this.dimension);
      this.#require(
        exports.bireid_web_embed_rgba8(handle, pixels, width, height, out, this.dimension),
      );
      return this.#engine.floats(out, this.dimension);
    });
  }

  /** Embeds the bundle's golden crops and compares; throws if this machine computes others. */
  selftest() {
    const handle = this.#open();
    return this.#engine.scope((keep) => {
      const found = keep.room(16);
      this.#require(this.#engine.exports.bireid_selftest(handle, found, found + 8));
      const [maxDifference, minCosine] = this.#engine.doubles(found, 2);
      return { maxDifference, minCosine };
    });
  }

  /** Frees the network. Twice does no harm. */
  close() {
    this.#engine.exports.bireid_close(this.#handle);
    this.#handle = 0;
  }

  #open() {
    if (this.#handle === 0) throw new BireidError("the extractor is closed; open another one");
    return this.#handle;
  }

  #require(status) {
    if (status !== 0) throw failure(this.#engine);
  }
}

function failure(engine) {
  return new BireidError(engine.text(engine.exports.bireid_last_error()));
}

function openHandle(engine, files, texts) {
  if (files === null || typeof files !== "object" || !(files[MANIFEST] instanceof Uint8Array)) {
    throw new BireidError(`files must be an object of Uint8Arrays by name, with ${MANIFEST}`);
  }
  return engine.scope((keep) => {
    const records = new Uint32Array(
      Object.entries(files).flatMap(([name, bytes]) => {
        if (!(bytes instanceof Uint8Array)) throw new BireidError(`${name}: must be a Uint8Array`);
        return [keep.text(name), keep.bytes(bytes), bytes.length];
      }),
    );
    const array = keep.bytes(new Uint8Array(records.buffer));
    const given = texts.map((text) => (text === null ? 0 : keep.text(String(text))));
    const handle = engine.exports.bireid_web_open(array, records.length / 3, ...given);
    if (handle === 0) throw failure(engine);
    return handle;
  });
}

function parseManifest(bytes) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new BireidError(`${MANIFEST}: is no JSON (${error.message})`);
  }
}

/** The files that the engine reads, as a manifest names them, before the engine has seen it. */
function namesOf(manifest) {
  const files = Object.entries(manifest?.files ?? {});
  const model = MODEL_FORMATS.map((format) => files.find(([, file]) => file?.format === format)?.[0]);
  const listed = [manifest?.golden, manifest?.golden?.decoded, manifest?.adaptation];
  const names = [model.find(Boolean), ...listed.map((each) => each?.file)];
  return names.filter((name) => typeof name === "string" && /^[A-Za-z0-9][\w.-]*$/.test(name));
}

async function fetchBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new BireidError(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
