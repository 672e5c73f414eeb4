/** The bytes of a bundle's files by their names: `manifest.json`, the file of format `lce` or
 * `float`, for the self-test `golden.safetensors` (and the file of `golden.decoded`, if the manifest has
 * that key), for cameras `adaptation.safetensors`. */
export type BundleFiles = Record<string, Uint8Array>;

export interface OpenOptions {
  /** Whose crops come in: needed for a bundle that is adapted to cameras, and only there. */
  camera?: string | null;
  /** Kernels: `auto` (the default), `wasm` or `scalar`. */
  isa?: string | null;
  /** The first convolution: `float32` (the default), or `uint8` in integers. */
  stem?: string | null;
  /** bireid.wasm, its bytes or its address; by default the file beside this module. The first
   * call of a page decides. */
  wasm?: Uint8Array | string | URL;
}

/** Pixels of 4 bytes, row by row; alpha is not looked at. An `ImageData` is one. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  /** 1 to 20000. */
  readonly width: number;
  /** 1 to 20000. */
  readonly height: number;
}

export interface SelfTest {
  /** Largest difference of a number of an embedding from what the bundle knows. */
  maxDifference: number;
  minCosine: number;
}

/** Thresholds of one network on the data of one installation. */
export interface Calibration {
  readonly data: string;
  readonly identities: number;
  /** By falling false-match rate. */
  readonly thresholds: readonly { readonly target: number; readonly threshold: number }[];
  /** The lowest false-match rate that a score keeps to; null below all thresholds. */
  rate(score: number): number | null;
}

/** What the engine refuses: one line that says what is wrong and what to do. */
export class BireidError extends Error {}

export class Extractor {
  private constructor();
  /** Numbers of an embedding. */
  readonly dimension: number;
  /** Compare embeddings of equal fingerprints only. */
  readonly fingerprint: string;
  /** Version and kernels, `bireid 0.1.0 (wasm)`. */
  readonly engine: string;
  readonly name: string;
  /** Cameras that the bundle is adapted to. */
  readonly cameras: readonly string[];
  /** null if nobody calibrated the bundle. */
  readonly calibration: Calibration | null;
  /** `dimension` numbers of unit length. @throws BireidError */
  embed(image: Pixels): Float32Array;
  /** Embeds the golden crops. @throws BireidError They give other embeddings here. */
  selftest(): SelfTest;
  close(): void;
}

/** @throws BireidError The bundle is damaged, or needs what the engine lacks. */
export function open(files: BundleFiles, options?: OpenOptions): Promise<Extractor>;

/** Fetches `manifest.json` and what it names from below `base`. @throws BireidError */
export function openUrl(base: string | URL, options?: OpenOptions): Promise<Extractor>;

/** The sum of products, in float64: -1 to 1. @throws BireidError Lengths differ. */
export function similarity(a: ArrayLike<number>, b: ArrayLike<number>): number;
