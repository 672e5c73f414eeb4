// The people of the gallery: to name, unite and forget.

import { button, byId, make, moment, nameOf } from "./elements.js";
import { ask, state } from "./service.js";
import { offer } from "./undo.js";

// More rows than that are slow, and nobody reads them: the filter finds the others.
const MOST = 200;

let people = [];
const ticked = new Set();
let actions = {};

/** Takes over the people, as the service lists them. */
export function usePeople(found) {
  people = found;
  const numbers = new Set(found.map((each) => each.person));
  for (const each of ticked) if (!numbers.has(each)) ticked.delete(each);
  const labels = found.filter((each) => each.label !== null).map((each) => each.label);
  byId("names").replaceChildren(...labels.map((label) => make("option", { value: label })));
  show();
}

/** Draws the table. */
export function show() {
  const wanted = byId("people-filter").value.toLowerCase();
  const fitting = people.filter(
    (each) => !actions.isHeld(each) && nameOf(each).toLowerCase().includes(wanted),
  );
  const shown = fitting.slice(0, MOST);
  byId("people-rows").replaceChildren(...shown.map(row));
  const more = fitting.length > shown.length ? `, the first ${MOST} of them shown` : "";
  byId("people-count").textContent = `${fitting.length} of ${people.length}${more}`;
  byId("merge").disabled = chosen().length < 2;
}

const chosen = () => people.filter((each) => ticked.has(each.person) && !actions.isHeld(each));

function row(person) {
  const name = nameOf(person);
  const tick = make("input", { type: "checkbox", "aria-label": `Tick ${name}` });
  tick.checked = ticked.has(person.person);
  tick.onchange = () => {
    if (tick.checked) ticked.add(person.person);
    else ticked.delete(person.person);
    byId("merge").disabled = chosen().length < 2;
  };
  return make(
    "tr", {},
    make("td", {}, tick),
    make("th", { scope: "row", textContent: name }),
    make("td", { class: "number", textContent: person.entries }),
    make("td", {}, moment(person.first)),
    make("td", {}, moment(person.last)),
    make("td", {}, make(
      "div", { class: "actions" },
      button("Timeline", `Timeline of ${name}`, () => actions.timeline(person)),
      button("Rename", `Rename ${name}`, () => actions.rename(person)),
      button("Forget", `Forget ${name}`, () => actions.forget(person)),
    )),
  );
}

/** Makes the people who are ticked one: the first of them that has a name. */
async function merge() {
  const [others, kept] = split(chosen());
  // All of it, and its undoing, is of the gallery that was shown.
  const { gallery } = state;
  const moved = [];
  for (const other of others) {
    const query = { gallery, by: "number", limit: 10000 };
    const entries = await ask("GET", `v1/people/${other.person}/entries`, { query });
    moved.push({ label: other.label, entries: entries.map((each) => each.entry) });
    const send = { other: String(other.person) };
    await ask("POST", `v1/people/${kept.person}/merge`, { query: { gallery, by: "number" }, send });
  }
  ticked.clear();
  const undo = async () => {
    for (const send of moved) await ask("POST", "v1/split", { query: { gallery }, send });
    await actions.changed();
  };
  const names = others.map(nameOf).join(", ");
  offer({ text: `${names} and ${nameOf(kept)} are one person now.`, undo });
  await actions.changed();
}

function split(wanted) {
  const kept = wanted.find((each) => each.label !== null) ?? wanted[0];
  return [wanted.filter((each) => each !== kept), kept];
}

/** Listens; `given` says what the buttons of a row do, and what is hidden meanwhile. */
export function start(guarded, given) {
  actions = {
    ...given,
    timeline: guarded(given.timeline),
    rename: guarded(given.rename),
    forget: guarded(given.forget),
  };
  byId("people-filter").oninput = show;
  byId("merge").onclick = guarded(merge);
}
