/** What scores mean: false-match rates at thresholds, as `bireid-deploy calibrate` wrote them. */
import { BireidError } from "./errors.mjs";

const MAX_ROWS = 64;

/** The key `calibration` of a manifest, untrusted; null where there is none. */
export function readCalibration(section) {
  if (section === undefined) return null;
  const rows = section?.people;
  const share = (value, least) => typeof value === "number" && value >= least && value <= 1;
  const valid =
    typeof section?.data === "string" &&
    Number.isSafeInteger(section.identities) &&
    Array.isArray(rows) &&
    rows.length >= 1 &&
    rows.length <= MAX_ROWS &&
    rows.every(
      (row, i) =>
        share(row?.target, 0) &&
        share(row.threshold, -1) &&
        (i === 0 || (row.target <= rows[i - 1].target && row.threshold >= rows[i - 1].threshold)),
    );
  if (!valid) throw new BireidError("manifest.json: calibration is malformed; calibrate it again");
  const { data, identities } = section;
  const thresholds = rows.map(({ target, threshold }) => ({ target, threshold }));
  return { data, identities, thresholds, rate: (score) => rateOf(thresholds, score) };
}

/** The lowest false-match rate that a score keeps to; null below all thresholds. */
function rateOf(thresholds, score) {
  const kept = thresholds.filter((row) => score >= row.threshold).map((row) => row.target);
  return kept.length > 0 ? Math.min(...kept) : null;
}
