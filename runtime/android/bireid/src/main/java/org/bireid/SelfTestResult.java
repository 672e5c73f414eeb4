package org.bireid;

/** Whether this machine computes the outputs that the bundle promises. */
public final class SelfTestResult {
  private final boolean passed;
  private final double maxDifference;
  private final double minCosine;
  private final String message;

  SelfTestResult(boolean passed, double maxDifference, double minCosine, String message) {
    this.passed = passed;
    this.maxDifference = maxDifference;
    this.minCosine = minCosine;
    this.message = message;
  }

  /** Whether every golden item lies within the tolerances of the bundle. */
  public boolean passed() {
    return passed;
  }

  /** Largest difference of a component from its golden value. */
  public double maxDifference() {
    return maxDifference;
  }

  /** Smallest cosine similarity with a golden embedding, -1 to 1; NaN of a network without. */
  public double minCosine() {
    return minCosine;
  }

  /** What to do about a failure, one line; empty if the test passed. */
  public String message() {
    return message;
  }
}
