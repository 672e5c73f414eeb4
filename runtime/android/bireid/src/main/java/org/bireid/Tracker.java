package org.bireid;

/**
 * The network of a bundle that follows one target: frames in, its box out.
 *
 * <pre>{@code
 * try (Tracker tracker = Tracker.open("bundle")) {
 *   tracker.startRgb(frame, width, height, left, top, boxWidth, boxHeight);
 *   Tracker.Box box = tracker.updateRgb(nextFrame, width, height);
 * }
 * }</pre>
 *
 * <p>Several threads may use one tracker; its calls then wait for each other. Its memory is not
 * Java's: close it.
 */
public final class Tracker extends Network {
  private static final int NUMBERS_OF_BOX = 5;

  /** Where the target is, in pixels of the frame, 0 at its left and upper edge. */
  public static final class Box {
    public final double left;
    public final double top;
    public final double width;
    public final double height;

    /** 0 to 1, how well the place matches the first frame. */
    public final double score;

    private Box(double[] numbers) {
      left = numbers[0];
      top = numbers[1];
      width = numbers[2];
      height = numbers[3];
      score = numbers[4];
    }
  }

  private Tracker(long handle) {
    super(handle, nativeFingerprint(handle), nativeDescribe(handle));
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException it is no bundle, is damaged, needs what this version lacks, or its
   *     network follows nothing in RGB images
   */
  public static Tracker open(String directory) {
    return open(directory, new Extractor.Options());
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException as {@link #open(String)}; or an option is outside its range
   */
  public static Tracker open(String directory, Extractor.Options options) {
    long handle =
        nativeOpen(
            Boundary.cString(directory),
            options.threads,
            Boundary.cString(options.isa),
            Boundary.cString(options.stem),
            options.skipChecksums,
            options.cameraBytes());
    try {
      return new Tracker(handle);
    } catch (Throwable error) {
      nativeClose(handle);
      throw error;
    }
  }

  /**
   * Takes a target; a former one is forgotten.
   *
   * @param pixels {@code height} rows of {@code width} pixels of 3 bytes: red, green, blue
   * @param width 1 to 20000
   * @param height 1 to 20000
   * @param left of the target, in pixels
   * @param top of the target
   * @param boxWidth of the target, at least 1
   * @param boxHeight of the target, at least 1
   * @throws IllegalArgumentException {@code pixels} is not of that size, or the box cannot be one
   * @throws IllegalStateException the tracker is closed
   * @throws BireidException memory ran out
   */
  public synchronized void startRgb(
      byte[] pixels,
      int width,
      int height,
      double left,
      double top,
      double boxWidth,
      double boxHeight) {
    long handle = open();
    Boundary.requireSize(pixels.length, width, height);
    nativeStart(handle, pixels, width, height, new double[] {left, top, boxWidth, boxHeight, 0});
  }

  /**
   * Finds the target in the next frame, which is as large as the first one.
   *
   * @param pixels as for {@link #startRgb}
   * @param width as of the first frame
   * @param height as of the first frame
   * @throws IllegalArgumentException {@code pixels} is not of that size, the first frame was of
   *     another one, or there is no target
   * @throws IllegalStateException the tracker is closed
   * @throws BireidException memory ran out
   */
  public synchronized Box updateRgb(byte[] pixels, int width, int height) {
    long handle = open();
    Boundary.requireSize(pixels.length, width, height);
    double[] numbers = new double[NUMBERS_OF_BOX];
    nativeUpdate(handle, pixels, width, height, numbers);
    return new Box(numbers);
  }

  @Override
  byte[] test(long handle, double[] measured) {
    return nativeSelfTest(handle, measured);
  }

  @Override
  void free(long handle) {
    nativeClose(handle);
  }

  private static native long nativeOpen(
      byte[] directory,
      int threads,
      byte[] isa,
      byte[] stem,
      boolean skipChecksums,
      byte[] camera);

  private static native byte[] nativeFingerprint(long handle);

  private static native byte[] nativeDescribe(long handle);

  private static native void nativeStart(
      long handle, byte[] pixels, int width, int height, double[] numbers);

  private static native void nativeUpdate(
      long handle, byte[] pixels, int width, int height, double[] numbers);

  // Returns null if the test passed, else why not.
  private static native byte[] nativeSelfTest(long handle, double[] measured);

  private static native void nativeClose(long handle);
}
