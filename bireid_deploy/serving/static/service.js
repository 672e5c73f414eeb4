// Requests to the service that this page came from.

const KEY = "bireid-key";

// The gallery that requests are about, and whether the service keeps crops.
export const state = { gallery: "", keepsCrops: false };

export class KeyNeeded extends Error {}

export function useKey(text) {
  sessionStorage.setItem(KEY, text);
}

/**
 * Asks the service; gives what it answers, parsed. Throws an Error with its one-line reason.
 *
 * `query` holds parameters, of which empty ones are left out; `send` is a Blob of an image or an
 * object for JSON; `last` lets the request outlive the page.
 */
export async function ask(method, path, { query = {}, send, last = false, blob = false } = {}) {
  const url = new URL(path, document.baseURI);
  for (const [name, value] of Object.entries({ gallery: state.gallery, ...query })) {
    if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  let body;
  if (send instanceof Blob) {
    body = send;
    headers["Content-Type"] = send.type || "application/octet-stream";
  } else if (send !== undefined) {
    body = JSON.stringify(send);
    headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(url, { method, headers, body, keepalive: last });
  } catch {
    throw new Error("the service cannot be reached");
  }
  if (answer.status === 401) throw new KeyNeeded(await reason(answer));
  if (!answer.ok) throw new Error(await reason(answer));
  if (answer.status === 204) return null;
  return blob ? answer.blob() : answer.json();
}

async function reason(answer) {
  const text = await answer.text();
  try {
    const { detail } = JSON.parse(text);
    if (typeof detail === "string") return detail;
    return detail.map((each) => `${each.loc.at(-1)}: ${each.msg}`).join("; ");
  } catch {
    return `the service answered ${answer.status}`;
  }
}
