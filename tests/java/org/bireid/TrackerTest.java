package org.bireid;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.DataInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import org.bireid.BireidException.Status;
import org.junit.Before;
import org.junit.Test;
import org.junit.function.ThrowingRunnable;

public final class TrackerTest {
  private static final String BUNDLE = System.getProperty("bireid.tracker");
  private static final double EXACT = 0;

  private int width;
  private int height;
  private final double[] box = new double[4];
  private byte[][] frames;
  // Of each frame but the first: left, top, width, height, score.
  private double[][] found;

  // As test_java_binding.py writes them.
  @Before
  public void readFrames() throws IOException {
    try (DataInputStream stream =
        new DataInputStream(new FileInputStream(System.getProperty("bireid.frames")))) {
      int count = stream.readInt();
      width = stream.readInt();
      height = stream.readInt();
      frames = new byte[count][3 * width * height];
      found = new double[count][5];
      for (int i = 0; i < box.length; i++) {
        box[i] = stream.readDouble();
      }
      for (int i = 0; i < count; i++) {
        stream.readFully(frames[i]);
        for (int k = 0; i > 0 && k < 5; k++) {
          found[i][k] = stream.readDouble();
        }
      }
    }
  }

  private void start(Tracker tracker) {
    tracker.startRgb(frames[0], width, height, box[0], box[1], box[2], box[3]);
  }

  @Test
  public void boxesAreThoseOfPythonToTheLastBit() {
    try (Tracker tracker = Tracker.open(BUNDLE)) {
      for (int times = 0; times < 2; times++) {
        start(tracker);
        for (int i = 1; i < frames.length; i++) {
          Tracker.Box now = tracker.updateRgb(frames[i], width, height);
          double[] numbers = {now.left, now.top, now.width, now.height, now.score};
          assertArrayEquals(found[i], numbers, EXACT);
        }
      }
    }
  }

  @Test
  public void theBundleDescribesItself() {
    try (Tracker tracker = Tracker.open(BUNDLE)) {
      assertTrue(tracker.fingerprint().startsWith("sha256:"));
      assertTrue(tracker.describe().matches("bireid \\d+\\.\\d+\\.\\d+ \\(\\w+\\)"));
      assertTrue(tracker.selfTest().passed());
    }
  }

  @Test
  public void whatCannotBeIsRefused() {
    try (Tracker tracker = Tracker.open(BUNDLE)) {
      assertRefused("no target", () -> tracker.updateRgb(frames[0], width, height));
      assertRefused(
          "outside the frame", () -> tracker.startRgb(frames[0], width, height, 900, 0, 9, 9));
      assertRefused(
          "four numbers", () -> tracker.startRgb(frames[0], width, height, Double.NaN, 0, 9, 9));
      assertThrows(
          IllegalArgumentException.class,
          () -> tracker.startRgb(frames[0], width + 1, height, 1, 1, 9, 9));
      start(tracker);
      byte[] lower = new byte[3 * width * (height - 1)];
      assertRefused("the first one had", () -> tracker.updateRgb(lower, width, height - 1));
    }
  }

  private static void assertRefused(String reason, ThrowingRunnable call) {
    BireidException error = assertThrows(BireidException.class, call);
    assertEquals(Status.INVALID_ARGUMENT, error.status());
    assertTrue(error.getMessage(), error.getMessage().contains(reason));
  }

  @Test
  public void otherBundlesAreRefused() {
    BireidException error =
        assertThrows(
            BireidException.class, () -> Tracker.open(System.getProperty("bireid.classifier")));
    assertEquals(Status.UNSUPPORTED, error.status());
    assertTrue(error.getMessage().endsWith("open it with bireid_classifier_open"));
  }

  @Test
  public void aClosedOneSaysSo() {
    Tracker tracker = Tracker.open(BUNDLE);
    tracker.close();
    tracker.close();
    assertThrows(IllegalStateException.class, () -> start(tracker));
  }
}
