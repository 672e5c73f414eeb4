// The page of `bireid-deploy serve`: its parts put together, and what they change.

import { byId, make, moment, nameOf } from "./elements.js";
import * as peoplePart from "./people.js";
import { useCalibration, useCount } from "./rates.js";
import * as searchPart from "./search.js";
import { ask, KeyNeeded, state, useKey } from "./service.js";
import * as timelinePart from "./timeline.js";
import { finish, hold, start as startUndo } from "./undo.js";

// What is about to be removed is not shown; removal waits, so that it can be undone.
const held = { entries: new Set(), people: new Set() };
const isHeld = ({ entry, person }) => held.entries.has(entry) || held.people.has(person);

let galleries = [];

let working = 0;

/** Runs something and says what went wrong, in the page. */
function guarded(action) {
  return async (...given) => {
    working += 1;
    byId("main").ariaBusy = "true";
    try {
      byId("problem").hidden = true;
      return await action(...given);
    } catch (error) {
      byId("key").hidden = !(error instanceof KeyNeeded);
      byId("problem").textContent = error.message;
      byId("problem").hidden = false;
      return undefined;
    } finally {
      working -= 1;
      byId("main").ariaBusy = String(working > 0);
    }
  };
}

async function open() {
  galleries = await ask("GET", "v1/galleries", { query: { gallery: "" } });
  byId("key").hidden = true;
  const names = galleries.map((each) => each.name);
  byId("gallery").replaceChildren(...names.map((name) => make("option", { textContent: name })));
  state.gallery = names[0];
  await enter();
}

/** Shows another gallery. */
async function enter() {
  searchPart.clear();
  timelinePart.clear();
  byId("expire").textContent = "Remove what has expired";
  await changed(true);
}

/** Shows anew what a change may have touched. */
async function changed(isNew = false) {
  const { gallery } = state;
  const [listed, people, calibration] = await Promise.all([
    ask("GET", "v1/galleries", { query: { gallery: "" } }),
    ask("GET", "v1/people"),
    isNew ? ask("GET", "v1/calibration") : null,
  ]);
  // What another gallery holds is not shown as this one's, however late it comes.
  if (gallery !== state.gallery) return;
  galleries = listed;
  const { stats, keeps_crops: keepsCrops } = listed.find((each) => each.name === gallery);
  state.keepsCrops = keepsCrops;
  if (isNew) useCalibration(calibration);
  useCount(stats.entries);
  showFacts(stats);
  peoplePart.usePeople(people);
  await timelinePart.refresh(people);
  await searchPart.search();
}

function showFacts(stats) {
  const cameras = Object.entries(stats.cameras);
  const facts = [
    ["Entries", stats.entries],
    ["People", stats.people],
    ["Sightings of nobody", stats.sightings],
    ["Cameras", cameras.map(([name, count]) => `${name}: ${count}`).join(", ") || "none"],
    ["First", moment(stats.first)],
    ["Last", moment(stats.last)],
    ["Kept for", stats.retention_days === null ? "ever" : `${stats.retention_days} days`],
    ["Size", `${(stats.bytes / 1e6).toFixed(1)} MB`],
  ];
  byId("facts").replaceChildren(
    ...facts.map(([name, value]) =>
      make("div", {}, make("dt", { textContent: name }), make("dd", {}, value)),
    ),
  );
  const options = cameras.map(([name]) => make("option", { value: name, textContent: name }));
  byId("cameras").replaceChildren(...options.map((each) => each.cloneNode(true)));
  const chosen = byId("filter-camera").value;
  byId("filter-camera").replaceChildren(make("option", { value: "", textContent: "all" }), ...options);
  byId("filter-camera").value = Object.hasOwn(stats.cameras, chosen) ? chosen : "";
}

/** Hides something, and removes it in a while unless that is undone. */
function remove(text, numbers, number, path, query) {
  const gallery = state.gallery;
  numbers.add(number);
  showHeld();
  hold({
    text,
    run: (last) => ask("DELETE", path, { query: { gallery, ...query }, last }),
    release: async () => {
      numbers.delete(number);
      if (gallery === state.gallery) await changed();
    },
  });
}

function showHeld() {
  searchPart.show();
  peoplePart.show();
  timelinePart.show();
}

const removeEntry = ({ entry }) =>
  remove(`Entry ${entry} will be removed for good.`, held.entries, entry, `v1/entries/${entry}`);

function forget(person) {
  const { entries, person: number } = person;
  const text = `${nameOf(person)} and ${entries} entries will be removed for good.`;
  remove(text, held.people, number, `v1/people/${number}`, { by: "number" });
}

async function rename(person) {
  const label = await name(`Call ${nameOf(person)}`, person.label ?? "");
  if (!label) return;
  const query = { by: "number" };
  await ask("PATCH", `v1/people/${person.person}`, { query, send: { label } });
  await changed();
}

async function move({ entry }) {
  const label = await name(`Entry ${entry} is of (empty: somebody new)`, "");
  if (label === null) return;
  await ask("PATCH", `v1/entries/${entry}`, { send: { label: label || null } });
  await changed();
}

/** Asks for a name; null if the reader leaves it. */
function name(heading, value) {
  const dialog = byId("naming");
  byId("naming-heading").textContent = heading;
  byId("naming-text").value = value;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      resolve(dialog.returnValue === "yes" ? byId("naming-text").value.trim() : null);
    };
  });
}

async function expire() {
  const { removed } = await ask("POST", "v1/expire");
  await changed();
  byId("expire").textContent = `Remove what has expired (${removed} removed)`;
}

const entryActions = { isHeld, move, remove: removeEntry };
startUndo(guarded);
searchPart.start(guarded, { ...entryActions, changed });
timelinePart.start(guarded, entryActions);
peoplePart.start(guarded, { isHeld, timeline: timelinePart.timeline, rename, forget, changed });
byId("expire").onclick = guarded(expire);
byId("gallery").onchange = guarded(async () => {
  await finish();
  state.gallery = byId("gallery").value;
  await enter();
});
const opened = guarded(open);
byId("key").onsubmit = (event) => {
  event.preventDefault();
  useKey(byId("key-text").value);
  byId("key-text").value = "";
  opened();
};
opened();
