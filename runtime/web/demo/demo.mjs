/** The page: two pictures in, how alike they are out. The bundle lies in ./bundle/. */
import { open, openUrl, similarity } from "../index.mjs";
import { Slot } from "./slot.mjs";

const at = (id) => document.getElementById(id);
const pictures = { first: null, second: null };
let extractor = null;

function tell(error) {
  at("error").textContent = error.message;
}

function compare() {
  const both = Object.values(pictures);
  const ready = extractor !== null && both.every((picture) => picture !== null);
  at("score").classList.toggle("waiting", !ready);
  if (!ready) return;
  const began = performance.now();
  const [a, b] = both.map((picture) => extractor.embed(picture));
  const milliseconds = (performance.now() - began) / 2;
  const score = similarity(a, b);
  at("score").textContent = score.toFixed(4);
  at("bar").value = score;
  at("verdict").textContent = `${verdict(score)} ${milliseconds.toFixed(1)} ms a picture.`;
}

function verdict(score) {
  const { calibration } = extractor;
  if (calibration === null) return "The bundle is not calibrated: what a score means is not known.";
  const rate = calibration.rate(score);
  if (rate === null) {
    const [first] = calibration.thresholds;
    return `Below every threshold: more than ${percent(first.target)} of strangers score so on ${calibration.data}.`;
  }
  return `At most ${percent(rate)} of strangers score so high on ${calibration.data}.`;
}

function percent(share) {
  return `${Number((100 * share).toPrecision(3))} %`;
}

async function use(opening) {
  at("network").textContent = "Loading.";
  try {
    const opened = await opening;
    extractor?.close();
    extractor = opened;
    const { maxDifference } = extractor.selftest();
    at("network").textContent =
      `${extractor.name}, ${extractor.dimension} numbers, ${extractor.engine}; ` +
      `self-test ${maxDifference.toExponential(1)}`;
    at("error").textContent = "";
    compare();
  } catch (error) {
    at("network").textContent = extractor === null ? "None: choose a bundle." : "As before.";
    tell(error);
  }
}

/** The files that were chosen; the same ones may be chosen again. */
async function readFiles(input) {
  const read = async (file) => [file.name, new Uint8Array(await file.arrayBuffer())];
  const reading = Promise.all(Array.from(input.files, read));
  input.value = "";
  return Object.fromEntries(await reading);
}

const slots = Object.keys(pictures).map(
  (name) =>
    new Slot(
      at(name),
      (picture) => {
        pictures[name] = picture;
        at("error").textContent = "";
        try {
          compare();
        } catch (error) {
          tell(error);
        }
      },
      tell,
    ),
);
at("bundle").addEventListener("change", ({ target }) => {
  use(readFiles(target).then((files) => open(files)));
});
document.addEventListener("keydown", (event) => {
  const slot = { Digit1: slots[0], Digit2: slots[1] }[event.code];
  if (slot === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  (event.shiftKey ? slot.button : slot.input).click();
});
compare();
use(openUrl("bundle/"));
