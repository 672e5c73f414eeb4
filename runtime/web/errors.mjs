/** What is refused; `message` is one line: what is wrong, and what to do. */
export class BireidError extends Error {
  name = "BireidError";
}
