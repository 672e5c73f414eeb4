package org.bireid;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * The network of a bundle: person crops in, embeddings out.
 *
 * <pre>{@code
 * try (Extractor extractor = Extractor.open("bundle")) {
 *   float[] embedding = extractor.embedRgb(pixels, width, height);
 * }
 * }</pre>
 *
 * <p>Embeddings have unit length: their dot product is the cosine similarity. Several threads may
 * use one extractor; its calls then wait for each other. Its memory is not Java's: close it.
 */
public final class Extractor extends Network {
  /** How an extractor or a {@link Classifier} runs. */
  public static final class Options {
    int threads = 1;
    String isa = "auto";
    String stem = "float32";
    boolean skipChecksums = false;
    String camera = null;

    /** Threads that one call may use, 1 to 64; 1 unless set. */
    public Options setThreads(int threads) {
      this.threads = threads;
      return this;
    }

    /**
     * Instruction set: {@code "scalar"}, {@code "avx2"}, {@code "avx512f"}, {@code "avx512"} or
     * {@code "neon"}, and on a server of Linux, not on Android, {@code "amx"}; unless set
     * {@code "auto"}, the fastest of this CPU. All compute the same bits.
     */
    public Options setIsa(String isa) {
      this.isa = isa;
      return this;
    }

    /**
     * Arithmetic of the first convolution: {@code "float32"} unless set, or {@code "uint8"}, which
     * is faster on x86-64 and rounds its weights to 16 bits.
     */
    public Options setStem(String stem) {
      this.stem = stem;
      return this;
    }

    /** Whether to trust the files of the bundle without comparing their SHA-256; not unless set. */
    public Options setSkipChecksums(boolean skipChecksums) {
      this.skipChecksums = skipChecksums;
      return this;
    }

    /**
     * Whose crops come in: a camera that the bundle is adapted to. Needed for such a bundle and
     * refused for any other; {@code ""} is its first camera, if it has one. Unless set, none.
     */
    public Options setCamera(String camera) {
      this.camera = camera;
      return this;
    }

    byte[] cameraBytes() {
      return camera == null ? null : Boundary.cString(camera);
    }
  }

  private final int embeddingDim;
  private final List<String> cameras;

  private Extractor(long handle) {
    super(handle, nativeFingerprint(handle), nativeDescribe(handle));
    embeddingDim = nativeEmbeddingDim(handle);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < nativeCameraCount(handle); i++) {
      names.add(Boundary.string(nativeCameraName(handle, i)));
    }
    cameras = Collections.unmodifiableList(names);
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException it is no bundle, is damaged, or needs what this version lacks
   */
  public static Extractor open(String directory) {
    return open(directory, new Options());
  }

  /**
   * Opens the bundle in a directory.
   *
   * @throws BireidException it is no bundle, is damaged, or needs what this version lacks; or an
   *     option is outside its range
   */
  public static Extractor open(String directory, Options options) {
    long handle =
        nativeOpen(
            Boundary.cString(directory),
            options.threads,
            Boundary.cString(options.isa),
            Boundary.cString(options.stem),
            options.skipChecksums,
            options.cameraBytes());
    try {
      return new Extractor(handle);
    } catch (Throwable error) {
      nativeClose(handle);
      throw error;
    }
  }

  /**
   * Opens a bundle that is in memory.
   *
   * @param files bytes by name: {@code manifest.json}, the model file, for the self-test the golden
   *     items, for cameras their numbers; they may change once this has returned
   * @throws BireidException as {@link #open(String, Options)}; or a file is not that of the manifest
   */
  public static Extractor open(Map<String, byte[]> files, Options options) {
    byte[][] names = new byte[files.size()][];
    byte[][] contents = new byte[files.size()][];
    int count = 0;
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      names[count] = Boundary.cString(file.getKey());
      contents[count++] = file.getValue().clone();
    }
    long handle =
        nativeOpenFiles(
            names,
            contents,
            Boundary.cString("memory"),
            options.threads,
            Boundary.cString(options.isa),
            Boundary.cString(options.stem),
            options.skipChecksums,
            options.cameraBytes());
    try {
      return new Extractor(handle);
    } catch (Throwable error) {
      nativeClose(handle);
      throw error;
    }
  }

  /**
   * How alike two embeddings of one fingerprint are, -1 to 1: the sum of their products, in double
   * and in their order, as in C and Python.
   *
   * @throws IllegalArgumentException their lengths differ
   */
  public static double similarity(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "embeddings of " + a.length + " and " + b.length + " numbers; compare equal fingerprints");
    }
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** Length of an embedding. */
  public int embeddingDim() {
    return embeddingDim;
  }

  /** Cameras that the bundle is adapted to, in its order; empty if it takes all alike. */
  public List<String> cameras() {
    return cameras;
  }

  /**
   * Computes the embedding of one crop.
   *
   * @param pixels {@code height} rows of {@code width} pixels of 3 bytes: red, green, blue
   * @param width 1 to 20000
   * @param height 1 to 20000
   * @return {@link #embeddingDim} floats of unit length
   * @throws IllegalArgumentException {@code pixels} is not of that size
   * @throws IllegalStateException the extractor is closed
   * @throws BireidException {@code width} or {@code height} is too large, or memory ran out
   */
  public synchronized float[] embedRgb(byte[] pixels, int width, int height) {
    long handle = open();
    Boundary.requireSize(pixels.length, width, height);
    float[] embedding = new float[embeddingDim];
    nativeEmbedArray(handle, pixels, width, height, embedding);
    return embedding;
  }

  /**
   * Computes the embedding of one crop. A direct buffer is read in place.
   *
   * @param pixels as for {@link #embedRgb(byte[], int, int)}, from its position to its limit; both
   *     stay as they are
   * @param width 1 to 20000
   * @param height 1 to 20000
   * @return {@link #embeddingDim} floats of unit length
   * @throws IllegalArgumentException {@code pixels} is not of that size
   * @throws IllegalStateException the extractor is closed
   * @throws BireidException {@code width} or {@code height} is too large, or memory ran out
   */
  public synchronized float[] embedRgb(ByteBuffer pixels, int width, int height) {
    ByteBuffer crop = pixels.slice();
    if (!crop.isDirect()) {
      byte[] copy = new byte[crop.remaining()];
      crop.get(copy);
      return embedRgb(copy, width, height);
    }
    long handle = open();
    Boundary.requireSize(crop.remaining(), width, height);
    float[] embedding = new float[embeddingDim];
    nativeEmbedBuffer(handle, crop, width, height, embedding);
    return embedding;
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

  private static native long nativeOpenFiles(
      byte[][] names,
      byte[][] contents,
      byte[] name,
      int threads,
      byte[] isa,
      byte[] stem,
      boolean skipChecksums,
      byte[] camera);

  private static native int nativeEmbeddingDim(long handle);

  private static native int nativeCameraCount(long handle);

  private static native byte[] nativeCameraName(long handle, int index);

  private static native byte[] nativeFingerprint(long handle);

  private static native byte[] nativeDescribe(long handle);

  private static native void nativeEmbedArray(
      long handle, byte[] pixels, int width, int height, float[] embedding);

  private static native void nativeEmbedBuffer(
      long handle, ByteBuffer pixels, int width, int height, float[] embedding);

  // Returns null if the test passed, else why not.
  private static native byte[] nativeSelfTest(long handle, double[] measured);

  private static native void nativeClose(long handle);
}
