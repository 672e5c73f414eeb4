// What was done last, or is about to be done, and can still be undone.

import { byId } from "./elements.js";

const SECONDS = 10;

let pending = null;
let timer = 0;
// `finish`, with its errors said in the page.
let settle = finish;

/**
 * Holds something back for ten seconds: removal is for good, so it waits.
 *
 * `run(last)` does it, `last` when the page goes away; `release` lets the page show again what it
 * hid, undone or not.
 */
export function hold({ text, run, release }) {
  settle();
  pending = { run, release };
  show(text, true);
  timer = setTimeout(settle, 1000 * SECONDS);
}

/** Offers to take back what was done already. */
export function offer({ text, undo }) {
  settle();
  pending = { undo };
  show(text, false);
  timer = setTimeout(settle, 1000 * SECONDS);
}

/** Does what is held back, now. */
export async function finish(last = false) {
  const { run, release } = take();
  if (!run) return;
  try {
    await run(last);
  } finally {
    await release();
  }
}

async function undo() {
  const taken = take();
  if (taken.undo) await taken.undo();
  else await taken.release?.();
}

function take() {
  clearTimeout(timer);
  byId("undo").hidden = true;
  const taken = pending ?? {};
  pending = null;
  return taken;
}

function show(text, waits) {
  byId("undo-text").textContent = text;
  byId("undo-now").hidden = !waits;
  byId("undo").hidden = false;
}

/** Listens; `guarded` wraps what may fail. */
export function start(guarded) {
  byId("undo-do").onclick = guarded(undo);
  settle = guarded(() => finish());
  byId("undo-now").onclick = settle;
  addEventListener("pagehide", () => finish(true));
}
