package org.bireid;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The network of a bundle that tells classes apart: pictures in, a number for every class out.
 *
 * <pre>{@code
 * try (Classifier classifier = Classifier.open("bundle")) {
 *   float[] logits = classifier.classifyRgb(pixels, width, height);
 *   String name = classifier.classes().get(Classifier.best(logits));
 * }
 * }</pre>
 *
 * <p>Several threads may use one classifier; its calls then wait for each other. Its memory is not
 * Java's: close it.
 */
public final class Classifier extends Network {
  private final List<String> classes;

  private Classifier(long handle, String directory) {
    super(handle, nativeFingerprint(handle), nativeDescribe(handle));
    if (!nativeIsClassifier(handle)) {
      throw new IllegalArgumentException(
          directory
              + ": holds a network of the task '"
              + Boundary.string(nativeTask(handle))
              + "', which does not classify RGB images; Extractor opens those that embed");
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < nativeClassCount(handle); i++) {
      names.add(Boundary.string(nativeClassName(handle, i)));
    }
    classes = Collections.unmodifiableList(names);
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException it is no bundle, is damaged, or needs what this version lacks
   * @throws IllegalArgumentException its network does not classify RGB images
   */
  public static Classifier open(String directory) {
    return open(directory, new Extractor.Options());
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException it is no bundle, is damaged, or needs what this version lacks; or an
   *     option is outside its range
   * @throws IllegalArgumentException its network does not classify RGB images
   */
  public static Classifier open(String directory, Extractor.Options options) {
    long handle =
        nativeOpen(
            Boundary.cString(directory),
            options.threads,
            Boundary.cString(options.isa),
            Boundary.cString(options.stem),
            options.skipChecksums,
            options.cameraBytes());
    try {
      return new Classifier(handle, directory);
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
   * Classifies one picture.
   *
   * @param pixels {@code height} rows of {@code width} pixels of 3 bytes: red, green, blue
   * @param width 1 to 20000
   * @param height 1 to 20000
   * @return one number for every class, the larger the likelier
   * @throws IllegalArgumentException {@code pixels} is not of that size
   * @throws IllegalStateException the classifier is closed
   * @throws BireidException {@code width} or {@code height} is too large, or memory ran out
   */
  public synchronized float[] classifyRgb(byte[] pixels, int width, int height) {
    long handle = open();
    Boundary.requireSize(pixels.length, width, height);
    float[] logits = new float[classes.size()];
    nativeClassify(handle, pixels, width, height, logits);
    return logits;
  }

  /** Index of the largest logit, the first of several. */
  public static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  /** Probabilities of the classes, which add up to 1: the softmax of the logits. */
  public static float[] probabilities(float[] logits) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((double) logit - logits[best(logits)]);
    }
    float[] probabilities = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = (float) (Math.exp((double) logits[i] - logits[best(logits)]) / sum);
    }
    return probabilities;
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

  private static native boolean nativeIsClassifier(long handle);

  private static native int nativeClassCount(long handle);

  private static native byte[] nativeClassName(long handle, int index);

  private static native byte[] nativeTask(long handle);

  private static native byte[] nativeFingerprint(long handle);

  private static native byte[] nativeDescribe(long handle);

  private static native void nativeClassify(
      long handle, byte[] pixels, int width, int height, float[] logits);

  // Returns null if the test passed, else why not.
  private static native byte[] nativeSelfTest(long handle, double[] measured);

  private static native void nativeClose(long handle);
}
