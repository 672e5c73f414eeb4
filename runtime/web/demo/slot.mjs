/** A place for one picture: a file, one that is dropped, or the camera's. */

const CROP = 0.5; // width by height of what is cut out of the camera's picture

export class Slot {
  /** Calls `onPicture(pixels)` with every new one, `onError(error)` when there is none. */
  constructor(section, onPicture, onError) {
    this.section = section;
    this.canvas = section.querySelector("canvas");
    this.video = section.querySelector("video");
    this.input = section.querySelector("input");
    this.button = section.querySelector("button");
    this.onPicture = onPicture;
    const guarded = (action) => () => action().catch(onError);
    this.input.addEventListener("change", guarded(() => this.#show(this.input.files[0])));
    this.button.addEventListener("click", guarded(() => this.#camera()));
    section.addEventListener("dragover", (event) => {
      event.preventDefault();
      section.classList.add("over");
    });
    section.addEventListener("dragleave", () => section.classList.remove("over"));
    section.addEventListener("drop", (event) => {
      event.preventDefault();
      section.classList.remove("over");
      this.#show(event.dataTransfer.files[0]).catch(onError);
    });
  }

  async #show(file) {
    if (file === undefined) return;
    this.#stop();
    // As the crops of training were read: no colour profile is applied.
    const picture = await createImageBitmap(file, { colorSpaceConversion: "none" });
    this.#draw(picture, 0, 0, picture.width, picture.height);
    picture.close();
    this.canvas.setAttribute("aria-label", file.name);
  }

  /** Starts the camera, or takes the middle of what it shows. */
  async #camera() {
    if (this.video.srcObject === null) {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true });
      this.video.srcObject = stream;
      this.#watch(true);
      await this.video.play();
      return;
    }
    const { videoWidth, videoHeight } = this.video;
    const width = Math.min(videoWidth, Math.round(videoHeight * CROP));
    this.#draw(this.video, Math.floor((videoWidth - width) / 2), 0, width, videoHeight);
    this.#stop();
    this.canvas.setAttribute("aria-label", "From the camera");
  }

  #stop() {
    for (const track of this.video.srcObject?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
    this.#watch(false);
  }

  #watch(on) {
    this.video.hidden = !on;
    this.canvas.hidden = on;
    this.button.textContent = on ? "Take picture" : "Camera";
  }

  #draw(source, x, y, width, height) {
    this.canvas.width = width;
    this.canvas.height = height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, x, y, width, height, 0, 0, width, height);
    this.onPicture(context.getImageData(0, 0, width, height));
  }
}
