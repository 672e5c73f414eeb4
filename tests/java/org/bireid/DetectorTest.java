package org.bireid;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import org.bireid.BireidException.Status;
import org.junit.Before;
import org.junit.Test;

public final class DetectorTest {
  private static final String BUNDLE = System.getProperty("bireid.detector");
  private GoldenCrops.Crop crop;

  @Before
  public void readCrops() throws IOException {
    crop = GoldenCrops.read().get(0);
  }

  // As Python printed what it found in the first crop.
  private static String line(Detector.Box box) {
    StringBuilder text = new StringBuilder(box.name);
    for (float value : new float[] {box.left, box.top, box.right, box.bottom, box.score}) {
      text.append(' ').append(Integer.toHexString(Float.floatToIntBits(value)));
    }
    return text.toString();
  }

  @Test
  public void boxesAreThoseOfPythonToTheLastBit() throws IOException {
    try (Detector detector = Detector.open(BUNDLE)) {
      List<String> found = new ArrayList<>();
      for (Detector.Box box : detector.detectRgb(crop.pixels, crop.width, crop.height)) {
        found.add(line(box));
      }
      assertFalse(found.isEmpty());
      assertEquals(Files.readAllLines(Paths.get(System.getProperty("bireid.boxes"))), found);
    }
  }

  @Test
  public void theBundleDescribesItself() {
    try (Detector detector = Detector.open(BUNDLE)) {
      List<String> classes = detector.classes();
      assertEquals("gr\u00f6\u00dfte", classes.get(0));
      assertThrows(UnsupportedOperationException.class, () -> classes.set(0, "other"));
      assertTrue(detector.fingerprint().startsWith("sha256:"));
      assertTrue(detector.describe().matches("bireid \\d+\\.\\d+\\.\\d+ \\(\\w+\\)"));
      assertTrue(detector.selfTest().passed());
    }
  }

  @Test
  public void theThresholdChoosesAndIsChecked() {
    try (Detector detector = Detector.open(BUNDLE)) {
      assertTrue(detector.detectRgb(crop.pixels, crop.width, crop.height, 1).isEmpty());
      for (double wrong : new double[] {-1, 1.5, Double.NaN}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> detector.detectRgb(crop.pixels, crop.width, crop.height, wrong));
      }
      assertThrows(
          IllegalArgumentException.class,
          () -> detector.detectRgb(crop.pixels, crop.width + 1, crop.height));
    }
  }

  @Test
  public void otherBundlesAreRefused() {
    BireidException error =
        assertThrows(
            BireidException.class, () -> Detector.open(System.getProperty("bireid.classifier")));
    assertEquals(Status.UNSUPPORTED, error.status());
    assertTrue(error.getMessage().endsWith("open it with bireid_classifier_open"));
    assertThrows(IllegalArgumentException.class, () -> Classifier.open(BUNDLE));
  }

  @Test
  public void aClosedOneSaysSo() {
    Detector detector = Detector.open(BUNDLE);
    detector.close();
    detector.close();
    assertThrows(
        IllegalStateException.class,
        () -> detector.detectRgb(crop.pixels, crop.width, crop.height));
  }
}
