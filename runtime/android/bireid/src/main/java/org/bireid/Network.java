package org.bireid;

/**
 * What the networks of all kinds share: the handle of the engine, what it says of itself, its
 * self-test and its end.
 */
abstract class Network implements AutoCloseable {
  static {
    System.loadLibrary("bireid_jni");
  }

  private final String fingerprint;
  private final String description;
  private long handle; // 0: closed

  /** Takes an open network over; whoever constructs frees the handle if that fails. */
  Network(long handle, byte[] fingerprint, byte[] description) {
    this.handle = handle;
    this.fingerprint = Boundary.string(fingerprint);
    this.description = Boundary.string(description);
  }

  /** Null if the test passed, else why not. */
  abstract byte[] test(long handle, double[] measured);

  abstract void free(long handle);

  /** Identifies what comes out: compare only what networks of equal fingerprints give. */
  public String fingerprint() {
    return fingerprint;
  }

  /** Version and kernels of the engine, such as {@code "bireid 0.1.0 (neon)"}. */
  public String describe() {
    return description;
  }

  /**
   * Runs the golden items of the bundle and compares with their known results.
   *
   * @throws IllegalStateException the network is closed
   * @throws BireidException the golden items cannot be read
   */
  public synchronized SelfTestResult selfTest() {
    double[] measured = new double[2];
    byte[] message = test(open(), measured);
    return new SelfTestResult(
        message == null, measured[0], measured[1], message == null ? "" : Boundary.string(message));
  }

  /** Frees the network, after calls in other threads have returned. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    free(handle);
    handle = 0;
  }

  /**
   * The handle, in a method that holds the lock.
   *
   * @throws IllegalStateException the network is closed
   */
  final long open() {
    if (handle == 0) {
      String kind = getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
      throw new IllegalStateException("this " + kind + " is closed; open the bundle again");
    }
    return handle;
  }
}
