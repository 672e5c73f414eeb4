// What all parts of the page make: elements, times, crops. Text is never read as HTML.

import { ask, state } from "./service.js";

export const byId = (id) => document.getElementById(id);

/** An element with properties and children; names with a dash, `class` and `role` are attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/-|^(class|role|scope|for)$/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export function button(text, label, onClick) {
  return make("button", { type: "button", textContent: text, "aria-label": label, onclick: onClick });
}

/** Seconds since 1970 as a time of the reader's clock. */
export function moment(seconds) {
  if (seconds === null) return document.createTextNode("never");
  const date = new Date(1000 * seconds);
  const isWhole = !Number.isNaN(date.getTime());
  const text = isWhole ? date.toLocaleString() : String(seconds);
  return make("time", { dateTime: isWhole ? date.toISOString() : "", textContent: text });
}

/** What a field of a time says, in seconds since 1970; null if nothing. */
export function secondsOf(field) {
  return field.value ? new Date(field.value).getTime() / 1000 : null;
}

/** A person's name, or the number of one that has none. */
export function nameOf({ label, person }) {
  return label ?? (person === null ? "nobody named" : `person ${person}`);
}

/** Draws an image into a canvas, as large as it goes. */
export async function draw(canvas, blob) {
  const image = await createImageBitmap(blob);
  const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const [left, top] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
  context.drawImage(image, left, top, width, height);
  image.close();
}

/** The crop of an entry, if the service keeps crops; else nothing. */
export function cropOf(entry) {
  if (!state.keepsCrops) return [];
  const canvas = make("canvas", { width: 64, height: 128, role: "img" });
  canvas.setAttribute("aria-label", `crop of entry ${entry}`);
  ask("GET", `v1/entries/${entry}/crop`, { blob: true }).then(
    (blob) => blob && draw(canvas, blob),
    () => canvas.setAttribute("aria-label", `crop of entry ${entry} cannot be shown`),
  );
  return [canvas];
}
