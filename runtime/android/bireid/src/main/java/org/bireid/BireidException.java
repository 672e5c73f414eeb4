package org.bireid;

import java.nio.charset.StandardCharsets;

/** What the engine refused; the message is one line that says what is wrong, where, what to do. */
public final class BireidException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why a call failed, in the order of {@code bireid_status} in {@code bireid.h}. */
  public enum Status {
    /** Never the status of an exception. */
    OK,
    /** A value outside its documented range. */
    INVALID_ARGUMENT,
    /** A model, a schema or an instruction set that this version lacks. */
    UNSUPPORTED,
    /** Memory ran out. */
    OUT_OF_MEMORY,
    /** The bundle is missing, malformed, or not what its checksums say. */
    BAD_BUNDLE,
    /** Never the status of an exception: {@link SelfTestResult#passed} says it. */
    SELF_TEST_FAILED,
    /** A defect of the engine. */
    INTERNAL
  }

  private final Status status;

  // Called by bireid_jni.cc.
  private BireidException(int status, byte[] message) {
    super(new String(message, StandardCharsets.UTF_8));
    this.status = Status.values()[status];
  }

  /** Why the call failed. */
  public Status status() {
    return status;
  }
}
