package org.bireid;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.util.List;
import org.bireid.BireidException.Status;
import org.junit.Before;
import org.junit.Test;

public final class ClassifierTest {
  private static final String BUNDLE = System.getProperty("bireid.classifier");
  private GoldenCrops.Crop crop;
  private float[] logits;

  @Before
  public void readCrops() throws IOException {
    crop = GoldenCrops.read().get(0);
    try (Classifier classifier = Classifier.open(BUNDLE)) {
      logits = classifier.classifyRgb(crop.pixels, crop.width, crop.height);
    }
  }

  @Test
  public void logitsPointWhereTheEmbeddingOfTheSameNetworkPoints() {
    double squares = 0;
    for (float value : logits) {
      squares += value * value;
    }
    for (int i = 0; i < logits.length; i++) {
      assertEquals(crop.embedding[i], logits[i] / Math.sqrt(squares), 1e-5);
    }
  }

  @Test
  public void theBundleDescribesItself() {
    try (Classifier classifier = Classifier.open(BUNDLE)) {
      List<String> classes = classifier.classes();
      assertEquals(logits.length, classes.size());
      assertEquals("gr\u00f6\u00dfte", classes.get(0));
      assertThrows(UnsupportedOperationException.class, () -> classes.set(0, "other"));
      assertTrue(classifier.fingerprint().startsWith("sha256:"));
      assertTrue(classifier.describe().matches("bireid \\d+\\.\\d+\\.\\d+ \\(\\w+\\)"));
      assertTrue(classifier.selfTest().passed());
    }
  }

  @Test
  public void probabilitiesAddUpAndKeepTheOrder() {
    float[] probabilities = Classifier.probabilities(logits);
    float sum = 0;
    for (float probability : probabilities) {
      sum += probability;
    }
    assertEquals(1, sum, 1e-5);
    assertEquals(Classifier.best(logits), Classifier.best(probabilities));
    assertArrayEquals(
        new float[] {0.25f, 0.75f},
        Classifier.probabilities(new float[] {1000, 1000 + (float) Math.log(3)}),
        1e-4f);
  }

  @Test
  public void optionsReachTheEngine() {
    Extractor.Options options = new Extractor.Options().setThreads(2).setIsa("scalar");
    try (Classifier classifier = Classifier.open(BUNDLE, options)) {
      assertTrue(classifier.describe().endsWith("(scalar)"));
      assertArrayEquals(
          logits, classifier.classifyRgb(crop.pixels, crop.width, crop.height), 0);
    }
  }

  @Test
  public void anExtractorsBundleIsRefused() {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> Classifier.open(GoldenCrops.BUNDLE.getPath()));
    assertTrue(error.getMessage(), error.getMessage().contains("the task 'reid'"));
    BireidException other =
        assertThrows(BireidException.class, () -> Extractor.open(BUNDLE));
    assertEquals(Status.UNSUPPORTED, other.status());
    assertTrue(other.getMessage(), other.getMessage().contains("bireid_classifier_open"));
  }

  @Test
  public void badArgumentsAreRefused() {
    assertThrows(BireidException.class, () -> Classifier.open(BUNDLE + "/none"));
    assertThrows(NullPointerException.class, () -> Classifier.open(null));
    try (Classifier classifier = Classifier.open(BUNDLE)) {
      assertThrows(
          IllegalArgumentException.class, () -> classifier.classifyRgb(new byte[4], 1, 1));
      assertThrows(NullPointerException.class, () -> classifier.classifyRgb(null, 1, 1));
      BireidException error =
          assertThrows(
              BireidException.class, () -> classifier.classifyRgb(new byte[3 * 20001], 20001, 1));
      assertEquals(Status.INVALID_ARGUMENT, error.status());
      assertFalse(error.getMessage().isEmpty());
    }
  }

  @Test
  public void aClosedClassifierSaysSo() {
    Classifier classifier = Classifier.open(BUNDLE);
    classifier.close();
    classifier.close();
    assertThrows(
        IllegalStateException.class,
        () -> classifier.classifyRgb(crop.pixels, crop.width, crop.height));
    assertThrows(IllegalStateException.class, classifier::selfTest);
  }
}
