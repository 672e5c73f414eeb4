package org.bireid;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.Test;

/** The bundles that ship give what Python gives, of what the generators of their tasks render. */
public final class ZooTest {
  private interface Check<N extends Network> {
    void run(N network, List<Recorded> items);
  }

  private interface Opener<N extends Network> {
    N open(String bundle);
  }

  private static <N extends Network> void checkAll(String task, Opener<N> opener, Check<N> check)
      throws IOException {
    File[] files = new File(System.getProperty("bireid.zoo_items"), task).listFiles();
    assertTrue(task, files != null && files.length > 0);
    for (File file : files) {
      String bundle = new File(System.getProperty("bireid.zoo"), file.getName()).getPath();
      try (N network = opener.open(bundle)) {
        SelfTestResult result = network.selfTest();
        assertTrue(result.message(), result.passed());
        assertEquals(bundle, !task.equals("reid"), Double.isNaN(result.minCosine()));
        List<Recorded> items = Recorded.read(file);
        assertTrue(bundle, items.size() > 1);
        check.run(network, items);
      }
    }
  }

  // As text, which tells every double from every other one, and zeros by their signs.
  private static void assertSame(double[] expected, double[] found) {
    assertEquals(Arrays.toString(expected), Arrays.toString(found));
  }

  @Test
  public void detectorsFindTheBoxesOfPython() throws IOException {
    checkAll(
        "detection",
        Detector::open,
        (detector, items) -> {
          for (Recorded each : items) {
            List<Double> numbers = new ArrayList<>();
            for (Detector.Box box : detector.detectRgb(each.data, each.width, each.height)) {
              numbers.add((double) detector.classes().indexOf(box.name));
              for (float value :
                  new float[] {box.left, box.top, box.right, box.bottom, box.score}) {
                numbers.add((double) value);
              }
            }
            assertSame(
                each.numbers, numbers.stream().mapToDouble(Double::doubleValue).toArray());
          }
        });
  }

  @Test
  public void trackersFollowAsPythonDoes() throws IOException {
    checkAll(
        "tracking",
        Tracker::open,
        (tracker, items) -> {
          Recorded first = items.get(0);
          double[] box = first.numbers;
          tracker.startRgb(first.data, first.width, first.height, box[0], box[1], box[2], box[3]);
          for (Recorded each : items.subList(1, items.size())) {
            Tracker.Box now = tracker.updateRgb(each.data, each.width, each.height);
            assertSame(
                each.numbers,
                new double[] {now.left, now.top, now.width, now.height, now.score});
          }
        });
  }

  @Test
  public void pointClassifiersGiveTheLogitsOfPython() throws IOException {
    checkAll(
        "points",
        PointClassifier::open,
        (classifier, items) -> {
          for (Recorded each : items) {
            assertSame(
                each.numbers, Recorded.doubles(classifier.classify(each.coordinates())));
          }
        });
  }

  @Test
  public void extractorsGiveTheEmbeddingsOfPython() throws IOException {
    checkAll(
        "reid",
        Extractor::open,
        (extractor, items) -> {
          for (Recorded each : items) {
            assertSame(
                each.numbers,
                Recorded.doubles(extractor.embedRgb(each.data, each.width, each.height)));
          }
        });
  }
}
