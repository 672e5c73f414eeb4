// Where and when a person was seen: a lane per camera, and the list of entries.

import { button, byId, cropOf, make, moment, nameOf } from "./elements.js";
import { ask } from "./service.js";

const SVG = "http://www.w3.org/2000/svg";
const [LANE, LEFT, RIGHT] = [28, 110, 20];
const MOST = 1000;

let person = null;
let entries = [];
let actions = {};

/** Shows a person's timeline. */
export async function timeline(chosen) {
  person = chosen;
  await refresh();
  byId("timeline-heading").focus();
}

/** Shows it again, or that of nobody if the person has gone. */
export async function refresh(people = null) {
  if (person !== null && people !== null) {
    person = people.find((each) => each.person === person.person) ?? null;
  }
  const wanted = person;
  const query = { by: "number", limit: MOST };
  const found =
    wanted === null ? [] : await ask("GET", `v1/people/${wanted.person}/entries`, { query });
  // Of two people chosen the later one counts, whichever answer comes first.
  if (wanted !== person) return;
  entries = found;
  show();
}

/** Shows nobody's: another gallery. */
export function clear() {
  person = null;
  entries = [];
  show();
}

/** Draws it. */
export function show() {
  const isGone = person === null || actions.isHeld(person);
  const shown = isGone ? [] : entries.filter((each) => !actions.isHeld(each));
  byId("timeline-heading").textContent = isGone ? "Timeline" : `Timeline of ${nameOf(person)}`;
  byId("timeline-note").textContent = isGone
    ? "Choose somebody under People."
    : `${shown.length} entries, the latest first${entries.length === MOST ? "; more are there" : ""}`;
  byId("timeline-chart").replaceChildren(...(shown.length ? [chart(shown)] : []));
  byId("timeline-entries").replaceChildren(...shown.map(item));
}

function item(entry) {
  const text = make("div", { class: "text" }, moment(entry.at), ` ${entry.camera ?? "no camera"}`);
  text.append(make("div", { class: "where", textContent: `entry ${entry.entry}` }));
  const buttons = make(
    "div", { class: "actions" },
    button("Move", `Move entry ${entry.entry}`, () => actions.move(entry)),
    button("Remove", `Remove entry ${entry.entry}`, () => actions.remove(entry)),
  );
  return make("li", {}, ...cropOf(entry.entry), text, buttons);
}

function chart(shown) {
  const cameras = [...new Set(shown.map((each) => each.camera ?? "no camera"))].sort();
  const times = shown.map((each) => each.at);
  const [first, last] = [times.reduce((a, b) => Math.min(a, b)), Math.max(...times)];
  // As wide as it is shown, so that its text has the size of the page's.
  const width = Math.max(320, byId("timeline-chart").clientWidth);
  const height = LANE * cameras.length + 26;
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.setAttribute("aria-label", `${shown.length} entries at ${cameras.join(", ")}`);
  const x = (at) => LEFT + ((width - LEFT - RIGHT) * (at - first)) / (last - first || 1);
  cameras.forEach((camera, lane) => {
    const y = LANE * (lane + 0.5);
    svg.append(drawn("path", { class: "lane", d: `M${LEFT} ${y}H${width - RIGHT}` }));
    svg.append(drawn("text", { x: 0, y: y + 4 }, camera.slice(0, 16)));
  });
  for (const each of shown) {
    const y = LANE * (cameras.indexOf(each.camera ?? "no camera") + 0.5);
    const dot = drawn("circle", { class: "seen", cx: x(each.at), cy: y, r: 5 });
    dot.append(drawn("title", {}, moment(each.at).textContent));
    svg.append(dot);
  }
  const y = height - 8;
  svg.append(drawn("text", { x: LEFT, y }, moment(first).textContent));
  if (last > first) {
    const end = { x: width - RIGHT, y, "text-anchor": "end" };
    svg.append(drawn("text", end, moment(last).textContent));
  }
  return svg;
}

function drawn(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(text);
  return element;
}

/** Listens; `given` says what moving and removing an entry do, and what is hidden meanwhile. */
export function start(guarded, given) {
  actions = { ...given, move: guarded(given.move), remove: guarded(given.remove) };
}
