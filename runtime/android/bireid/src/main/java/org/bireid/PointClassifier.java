package org.bireid;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The network of a bundle that tells classes of point clouds apart: points in, a number for every
 * class out.
 *
 * <pre>{@code
 * try (PointClassifier classifier = PointClassifier.open("bundle")) {
 *   float[] logits = classifier.classify(points);
 *   String name = classifier.classes().get(Classifier.best(logits));
 * }
 * }</pre>
 *
 * <p>{@link Classifier#probabilities} makes shares of the logits. Several threads may use one
 * classifier; its calls then wait for each other. Its memory is not Java's: close it.
 */
public final class PointClassifier extends Network {
  private static final int AXES = 3;

  private final List<String> classes;

  private PointClassifier(long handle) {
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
   *     network does not classify point clouds
   */
  public static PointClassifier open(String directory) {
    return open(directory, new Extractor.Options());
  }

  /**
   * Opens the bundle in a directory; of the options, the camera does not count.
   *
   * @throws BireidException as {@link #open(String)}; or an option is outside its range
   */
  public static PointClassifier open(String directory, Extractor.Options options) {
    long handle =
        nativeOpen(
            Boundary.cString(directory),
            options.threads,
            Boundary.cString(options.isa),
            Boundary.cString(options.stem),
            options.skipChecksums);
    try {
      return new PointClassifier(handle);
    } catch (Throwable error) {
      nativeClose(handle);
      throw error;
    }
  }

  /** Names of the classes, in the order of the logits; it cannot be changed. */
  public List<String> classes() {
    return classes;
  }

  /**
   * Classifies one cloud.
   *
   * @param points x, y and z of each of 3 to 2^24 points, finite, not all at one place; in any unit
   *     and anywhere
   * @return one number for every class, the larger the likelier
   * @throws IllegalArgumentException {@code points} does not hold three numbers for each point
   * @throws IllegalStateException the classifier is closed
   * @throws BireidException the points are impossible, or memory ran out
   */
  public synchronized float[] classify(float[] points) {
    long handle = open();
    if (points.length % AXES != 0) {
      throw new IllegalArgumentException(
          "points holds " + points.length + " numbers; give x, y and z of each point");
    }
    float[] logits = new float[classes.size()];
    nativeClassify(handle, points, logits);
    return logits;
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
      byte[] directory, int threads, byte[] isa, byte[] stem, boolean skipChecksums);

  private static native int nativeClassCount(long handle);

  private static native byte[] nativeClassName(long handle, int index);

  private static native byte[] nativeFingerprint(long handle);

  private static native byte[] nativeDescribe(long handle);

  private static native void nativeClassify(long handle, float[] points, float[] logits);

  // Returns null if the test passed, else why not.
  private static native byte[] nativeSelfTest(long handle, double[] measured);

  private static native void nativeClose(long handle);
}
