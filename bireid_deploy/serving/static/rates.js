// What a threshold means: rates that the gallery's calibration measured.

import { byId, make } from "./elements.js";

// The false-match rate that the slider begins with, where there is one so low.
const USUAL = 0.001;

let calibration = null;
let entries = 0;

const percent = (share) => `${Number((100 * share).toPrecision(2))} %`;
const range = ({ value, low, high }) => `${percent(value)} (${percent(low)} to ${percent(high)})`;

export const threshold = () => Number(byId("threshold").value);

/** Takes over how many entries a crop is compared with. */
export function useCount(count) {
  entries = count;
  sayRates();
}

/** Takes over a calibration, or null. */
export function useCalibration(found) {
  calibration = found;
  const rows = found?.single ?? [];
  byId("marks").replaceChildren(...rows.map((row) => make("option", { value: row.threshold })));
  byId("targets").replaceChildren(
    ...rows.map((row) =>
      make("button", {
        type: "button",
        textContent: `false matches ${percent(row.target)}`,
        onclick: () => set(row.threshold),
      }),
    ),
  );
  const first = rows.find((row) => row.target <= USUAL) ?? rows.at(-1);
  set(first?.threshold ?? 0.5);
}

/** Says what the threshold means now. */
export function sayRates() {
  const score = threshold();
  byId("threshold-value").textContent = score.toFixed(3);
  byId("rates").textContent = meaning(score);
  byId("threshold").setAttribute("aria-valuetext", `${score.toFixed(3)}: ${meaning(score)}`);
}

function meaning(score) {
  if (calibration === null) {
    return "This gallery is not calibrated, so a score has no rates: run bireid-deploy calibrate " +
      "with --gallery.";
  }
  const measured = `Measured on ${calibration.identities} people of ${calibration.data}.`;
  if (!calibration.single.length) return `${measured} No rate of two images is known.`;
  const row = calibration.single.filter((each) => each.threshold <= score).at(-1);
  if (!row) {
    const highest = percent(calibration.single[0].fmr.value);
    return `Below all calibrated thresholds: more than ${highest} of false matches. ${measured}`;
  }
  const any = 1 - (1 - row.fmr.value) ** entries;
  return (
    `Of two images, false matches ${range(row.fmr)}, true matches ${range(row.tpr)}. With ` +
    `${entries} entries a stranger resembles one by chance with about ${percent(any)}. ${measured}`
  );
}

function set(score) {
  // Upwards to a step of the slider: below the threshold it would be another rate.
  byId("threshold").value = Math.ceil(1000 * score - 1e-9) / 1000;
  byId("threshold").dispatchEvent(new Event("input"));
}
