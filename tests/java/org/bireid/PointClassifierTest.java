package org.bireid;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import org.bireid.BireidException.Status;
import org.junit.Test;

public final class PointClassifierTest {
  private static final String BUNDLE = System.getProperty("bireid.points");

  // Lines of bits: the points of a cloud, then what Python computes of them, and so on.
  private static List<float[]> clouds() throws IOException {
    List<float[]> rows = new ArrayList<>();
    for (String line : Files.readAllLines(Paths.get(System.getProperty("bireid.clouds")))) {
      String[] words = line.split(" ");
      float[] row = new float[words.length];
      for (int i = 0; i < row.length; i++) {
        row[i] = Float.intBitsToFloat(Integer.parseUnsignedInt(words[i], 16));
      }
      rows.add(row);
    }
    return rows;
  }

  @Test
  public void logitsAreThoseOfPythonToTheLastBit() throws IOException {
    List<float[]> rows = clouds();
    assertEquals(6, rows.size());
    try (PointClassifier classifier = PointClassifier.open(BUNDLE)) {
      for (int i = 0; i < rows.size(); i += 2) {
        float[] logits = classifier.classify(rows.get(i));
        assertEquals(rows.get(i + 1).length, logits.length);
        for (int k = 0; k < logits.length; k++) {
          assertEquals(
              Float.floatToIntBits(rows.get(i + 1)[k]), Float.floatToIntBits(logits[k]));
        }
      }
    }
  }

  @Test
  public void theBundleDescribesItself() {
    try (PointClassifier classifier = PointClassifier.open(BUNDLE)) {
      List<String> classes = classifier.classes();
      assertEquals("gr\u00f6\u00dfte", classes.get(0));
      assertThrows(UnsupportedOperationException.class, () -> classes.set(0, "other"));
      assertTrue(classifier.fingerprint().startsWith("sha256:"));
      assertTrue(classifier.describe().matches("bireid \\d+\\.\\d+\\.\\d+ \\(\\w+\\)"));
      assertTrue(classifier.selfTest().passed());
    }
  }

  @Test
  public void impossiblePointsAreRefused() {
    try (PointClassifier classifier = PointClassifier.open(BUNDLE)) {
      assertThrows(IllegalArgumentException.class, () -> classifier.classify(new float[10]));
      BireidException error =
          assertThrows(BireidException.class, () -> classifier.classify(new float[12]));
      assertEquals(Status.INVALID_ARGUMENT, error.status());
      assertTrue(error.getMessage().contains("lie at one place"));
      assertThrows(BireidException.class, () -> classifier.classify(new float[0]));
    }
  }

  @Test
  public void otherBundlesAreRefused() {
    BireidException error =
        assertThrows(
            BireidException.class,
            () -> PointClassifier.open(System.getProperty("bireid.classifier")));
    assertEquals(Status.UNSUPPORTED, error.status());
    assertTrue(error.getMessage().endsWith("open it with bireid_classifier_open"));
    assertThrows(BireidException.class, () -> Detector.open(BUNDLE));
  }

  @Test
  public void aClosedOneSaysSo() {
    PointClassifier classifier = PointClassifier.open(BUNDLE);
    classifier.close();
    classifier.close();
    assertThrows(IllegalStateException.class, () -> classifier.classify(new float[12]));
  }
}
