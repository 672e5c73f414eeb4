// A crop, whom it resembles, and enrolling it.

import { button, byId, cropOf, draw, make, moment, nameOf, secondsOf } from "./elements.js";
import { sayRates, threshold } from "./rates.js";
import { ask, state } from "./service.js";
import { offer } from "./undo.js";

let image = null;
let hits = [];
let newest = 0;

/** Takes a new image, if it is one. */
async function take(blob) {
  if (!blob) return;
  try {
    await draw(byId("crop"), blob);
  } catch {
    throw new Error(`${blob.name ?? "what was given"} is no image that this browser can show`);
  }
  byId("crop").setAttribute("aria-label", `The crop: ${blob.name ?? "pasted"}`);
  image = blob;
  byId("enrol-do").disabled = false;
  await search();
}

/** Searches again, if there is an image. */
export async function search() {
  if (image === null) return;
  const number = ++newest;
  const query = {
    top: 20,
    camera: byId("filter-camera").value,
    since: secondsOf(byId("filter-since")),
    until: secondsOf(byId("filter-until")),
    all_entries: byId("filter-all").checked,
  };
  const found = await ask("POST", "v1/search", { query, send: image });
  // Of two searches the later one counts, whichever answers first.
  if (number !== newest) return;
  hits = found.hits;
  byId("answer").textContent = sentence(found);
  show();
}

/** Forgets what was found: another gallery. */
export function clear() {
  hits = [];
  newest += 1;
  byId("answer").textContent = "Nobody is sought yet.";
  show();
}

function sentence({ answer, verdict, score, fmr, why }) {
  if (verdict === "uncalibrated") return `Unknown: ${why}`;
  const measured = `score ${score.toFixed(3)}${fmr === null ? "" : `, false matches ${100 * fmr} %`}`;
  if (verdict === "same") return `This is ${answer} (${measured})`;
  return verdict === "undecided" ? `Unknown: undecided (${measured})` : `Unknown (${measured})`;
}

let onMove = () => {};
let onRemove = () => {};
let isHeld = () => false;

/** Draws the hits, marked by the threshold. */
export function show() {
  const shown = hits.filter((hit) => !isHeld(hit));
  byId("hits").replaceChildren(...shown.map(item));
  mark();
}

function item(hit) {
  const bar = make("span");
  bar.style.width = `${100 * Math.max(0, hit.score)}%`;
  const where = make("div", { class: "where" }, `${hit.camera ?? "no camera"}, `, moment(hit.at));
  where.append(`, entry ${hit.entry}`);
  const name = nameOf(hit);
  const line = make(
    "div", { class: "text" },
    make("span", { class: "who", textContent: name }), make("span", { class: "mark" }),
    make("span", { class: "bar", "aria-hidden": "true" }, bar), where,
  );
  const actions = make(
    "div", { class: "actions" },
    button("Move", `Move entry ${hit.entry} of ${name}`, () => onMove(hit)),
    button("Remove", `Remove entry ${hit.entry} of ${name}`, () => onRemove(hit)),
  );
  const score = make("span", { class: "score", textContent: hit.score.toFixed(3) });
  const made = make("li", {}, ...cropOf(hit.entry), score, line, actions);
  made.dataset.score = hit.score;
  return made;
}

function mark() {
  sayRates();
  for (const each of byId("hits").children) {
    const isBelow = Number(each.dataset.score) < threshold();
    each.classList.toggle("below", isBelow);
    each.querySelector(".mark").textContent = isBelow ? "below the threshold" : "\u2713 match";
  }
}

async function enrol(onChange) {
  const days = byId("enrol-days").value;
  // Undone where it was done, whatever is shown then.
  const { gallery } = state;
  const query = {
    gallery,
    person: byId("enrol-name").value.trim(),
    camera: byId("enrol-camera").value.trim(),
    at: secondsOf(byId("enrol-time")),
    expires: days ? Date.now() / 1000 + 86400 * Number(days) : null,
  };
  const { entry } = await ask("POST", "v1/entries", { query, send: image });
  const undo = async () => {
    await ask("DELETE", `v1/entries/${entry}`, { query: { gallery } });
    await onChange();
  };
  offer({ text: `${query.person || "A sighting"}: entry ${entry} enrolled.`, undo });
  await onChange();
}

/** Listens; `actions` says what moving and removing an entry do, and what is hidden meanwhile. */
export function start(guarded, actions) {
  onMove = guarded(actions.move);
  onRemove = guarded(actions.remove);
  isHeld = actions.isHeld;
  const given = guarded(take);
  byId("file").onchange = () => given(byId("file").files[0]);
  const drop = byId("drop");
  drop.ondragover = (event) => {
    event.preventDefault();
    drop.classList.add("over");
  };
  drop.ondragleave = () => drop.classList.remove("over");
  drop.ondrop = (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    given(event.dataTransfer.files[0]);
  };
  addEventListener("paste", (event) => given([...event.clipboardData.files][0]));
  byId("threshold").oninput = mark;
  byId("filters").onchange = guarded(search);
  byId("filters").onsubmit = (event) => event.preventDefault();
  const enrolled = guarded(() => enrol(actions.changed));
  byId("enrol").onsubmit = (event) => {
    event.preventDefault();
    enrolled();
  };
}
