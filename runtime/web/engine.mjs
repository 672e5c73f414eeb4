/** bireid.wasm: how it is loaded, and its memory. */
import { BireidError } from "./errors.mjs";

const ENOSYS = 52; // of WASI
const MINUS_ENOSYS = -52; // of Emscripten's system calls
const MONOTONIC = 1;

let compiled = null;

/** Compiles once, from `source` (bytes, or an address) or from the file beside this one. */
async function compile(source) {
  if (source instanceof Uint8Array) return WebAssembly.compile(source);
  const url = new URL(source ?? "./bireid.wasm", import.meta.url);
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return WebAssembly.compile(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new BireidError(`${url}: ${response.status} ${response.statusText}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** A network has its own memory: what one needs is free again when it is closed. */
export async function instantiate(source) {
  compiled ??= compile(source);
  let module;
  try {
    module = await compiled;
  } catch (error) {
    compiled = null;
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    throw new BireidError(`this browser lacks SIMD or exceptions of WebAssembly (${error.message})`);
  }
  const engine = new Engine();
  const imports = Object.fromEntries(
    WebAssembly.Module.imports(module).map(({ module: from }) => [from, engine.system]),
  );
  engine.start(await WebAssembly.instantiate(module, imports));
  return engine;
}

/** The exports, and what passes between JavaScript and the memory behind them. */
class Engine {
  /** What the C library asks of a system. There are no files, and nothing is written. */
  system = new Proxy(
    {
      emscripten_notify_memory_growth: () => {},
      clock_time_get: (clock, _precision, out) => {
        const now = clock === MONOTONIC ? performance.now() : Date.now();
        new DataView(this.#memory).setBigUint64(out, BigInt(Math.round(now * 1e6)), true);
        return 0;
      },
      proc_exit: (code) => {
        throw new BireidError(`the engine stopped with ${code}`);
      },
    },
    { get: (known, name) => known[name] ?? (name.startsWith("__") ? refuse : refuseWasi) },
  );

  start(instance) {
    this.exports = instance.exports;
    this.exports._initialize();
  }

  /** Calls a function with what puts values into memory; all of it is free afterwards. */
  scope(run) {
    const kept = [];
    const room = (bytes) => {
      const address = this.exports.malloc(Math.max(bytes, 1));
      if (address === 0) throw new BireidError(`not enough memory for ${bytes} bytes`);
      kept.push(address);
      return address;
    };
    const bytes = (values) => {
      const address = room(values.length);
      new Uint8Array(this.#memory).set(values, address);
      return address;
    };
    const text = (value) => bytes(new TextEncoder().encode(`${value}\0`));
    try {
      return run({ room, bytes, text });
    } finally {
      for (const address of kept) this.exports.free(address);
    }
  }

  /** A text that ends with a zero, in UTF-8. */
  text(address) {
    const memory = new Uint8Array(this.#memory);
    return new TextDecoder().decode(memory.subarray(address, memory.indexOf(0, address)));
  }

  floats(address, count) {
    return new Float32Array(this.#memory, address, count).slice();
  }

  doubles(address, count) {
    return new Float64Array(this.#memory, address, count).slice();
  }

  /** Another buffer whenever it has grown. */
  get #memory() {
    return this.exports.memory.buffer;
  }
}

const refuse = () => MINUS_ENOSYS;
const refuseWasi = () => ENOSYS;
