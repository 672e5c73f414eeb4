package org.bireid;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The network of a bundle that finds things in pictures: pictures in, boxes out.
 *
 * <pre>{@code
 * try (Detector detector = Detector.open("bundle")) {
 *   for (Detector.Box box : detector.detectRgb(pixels, width, height)) {
 *     draw(box.left, box.top, box.right, box.bottom, box.name);
 *   }
 * }
 * }</pre>
 *
 * <p>Several threads may use one detector; its calls then wait for each other. Its memory is not
 * Java's: close it.
 */
public final class Detector extends Network {
  private static final int NUMBERS_OF_BOX = 5;
  private static final double THRESHOLD_OF_BUNDLE = -1;

  /** One thing that was found, in pixels of the picture, 0 at its left and upper edge. */
  public static final class Box {
    public final String name;
    /** 0 to 1, the higher the surer. */
    public final float score;

    public final float left;
    public final float top;
    public final float right;
    public final float bottom;

    private Box(String name, float[] numbers, int first) {
      this.name = name;
      left = numbers[first];
      top = numbers[first + 1];
      right = numbers[first + 2];
      bottom = numbers[first + 3];
      score = numbers[first + 4];
    }
  }

  private final List<String> classes;

  private Detector(long handle) {
    super(handle, nativeFingerprint(handle), nativeDescribe(handle));
    List<String> names = new ArrayList<>();
    for (int i = 0; i < nativeClassCount(handle); i++) {
      names.add(Boundary.string(nativeClassName(handle, i)));
    }
    classes = Collections.unmodifiableList(names);
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException it is no bundle, is damaged, needs what this version lacks, or its
   *     network finds nothing in RGB images
   */
  public static Detector open(String directory) {
    return open(directory, new Extractor.Options());
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException as {@link #open(String)}; or an option is outside its range
   */
  public static Detector open(String directory, Extractor.Options options) {
    long handle =
        nativeOpen(
            Boundary.cString(directory),
            options.threads,
            Boundary.cString(options.isa),
            Boundary.cString(options.stem),
            options.skipChecksums,
            options.cameraBytes());
    try {
      return new Detector(handle);
    } catch (Throwable error) {
      nativeClose(handle);
      throw error;
    }
  }

  /** Names of the classes; it cannot be changed. */
  public List<String> classes() {
    return classes;
  }

  /** As {@link #detectRgb(byte[], int, int, double)}, with the threshold of the bundle. */
  public List<Box> detectRgb(byte[] pixels, int width, int height) {
    return detect(pixels, width, height, THRESHOLD_OF_BUNDLE);
  }

  /**
   * Finds things in one picture.
   *
   * @param pixels {@code height} rows of {@code width} pixels of 3 bytes: red, green, blue
   * @param width 1 to 20000
   * @param height 1 to 20000
   * @param scoreThreshold only higher scores count, 0 to 1
   * @return what was found, from the highest score on
   * @throws IllegalArgumentException {@code pixels} is not of that size, or the threshold is out of
   *     range
   * @throws IllegalStateException the detector is closed
   * @throws BireidException {@code width} or {@code height} is too large, or memory ran out
   */
  public List<Box> detectRgb(byte[] pixels, int width, int height, double scoreThreshold) {
    if (!(scoreThreshold >= 0 && scoreThreshold <= 1)) {
      throw new IllegalArgumentException(
          "scoreThreshold is " + scoreThreshold + "; it must be 0 to 1");
    }
    return detect(pixels, width, height, scoreThreshold);
  }

  private synchronized List<Box> detect(byte[] pixels, int width, int height, double threshold) {
    long handle = open();
    Boundary.requireSize(pixels.length, width, height);
    int capacity = nativeMaxBoxes(handle);
    float[] numbers = new float[capacity * NUMBERS_OF_BOX];
    int[] labels = new int[capacity];
    int count = nativeDetect(handle, pixels, width, height, threshold, numbers, labels);
    List<Box> boxes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      boxes.add(new Box(classes.get(labels[i]), numbers, i * NUMBERS_OF_BOX));
    }
    return boxes;
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

  private static native int nativeClassCount(long handle);

  private static native byte[] nativeClassName(long handle, int index);

  private static native int nativeMaxBoxes(long handle);

  private static native byte[] nativeFingerprint(long handle);

  private static native byte[] nativeDescribe(long handle);

  private static native int nativeDetect(
      long handle,
      byte[] pixels,
      int width,
      int height,
      double threshold,
      float[] numbers,
      int[] labels);

  // Returns null if the test passed, else why not.
  private static native byte[] nativeSelfTest(long handle, double[] measured);

  private static native void nativeClose(long handle);
}
