package org.bireid;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bireid.BireidException.Status;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** An Extractor that several threads use, and close, at once. */
public final class ExtractorThreadsTest {
  @Rule public final TemporaryFolder folder = new TemporaryFolder();
  private List<GoldenCrops.Crop> crops;
  private GoldenCrops.Crop crop;

  @Before
  public void readCrops() throws IOException {
    crops = GoldenCrops.read();
    crop = crops.get(0);
  }

  private static Extractor open() {
    return Extractor.open(GoldenCrops.BUNDLE.getPath());
  }

  @Test
  public void anotherThreadsErrorIsNotMixedUp() throws Exception {
    ExtractorTest.refused(Status.BAD_BUNDLE, () -> Extractor.open(folder.getRoot().getPath()));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<?>> done = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      String missing = new File(folder.getRoot(), "missing" + i + "_").getPath();
      done.add(
          threads.submit(
              () -> {
                BireidException error =
                    ExtractorTest.refused(Status.BAD_BUNDLE, () -> Extractor.open(missing));
                assertTrue(error.getMessage(), error.getMessage().contains(missing));
              }));
    }
    for (Future<?> each : done) {
      each.get();
    }
    threads.shutdown();
  }

  @Test
  public void threadsShareAnExtractor() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (Extractor extractor = open()) {
      List<Future<float[]>> embeddings = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        GoldenCrops.Crop each = crops.get(i % crops.size());
        embeddings.add(
            threads.submit(() -> extractor.embedRgb(each.pixels, each.width, each.height)));
      }
      for (int i = 0; i < embeddings.size(); i++) {
        assertArrayEquals(
            crops.get(i % crops.size()).embedding, embeddings.get(i).get(), 0);
      }
    }
    threads.shutdown();
  }

  @Test
  public void closingWaitsForOtherThreads() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    for (int round = 0; round < 5; round++) {
      Extractor extractor = open();
      CountDownLatch running = new CountDownLatch(2);
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        done.add(
            threads.submit(
                () -> {
                  assertArrayEquals(
                      crop.embedding,
                      extractor.embedRgb(crop.pixels, crop.width, crop.height),
                      0);
                  running.countDown();
                  return assertThrows(IllegalStateException.class, () -> embedForever(extractor));
                }));
      }
      running.await();
      extractor.close();
      for (Future<?> each : done) {
        each.get();
      }
    }
    threads.shutdown();
  }

  private void embedForever(Extractor extractor) {
    while (true) {
      assertArrayEquals(
          crop.embedding, extractor.embedRgb(crop.pixels, crop.width, crop.height), 0);
    }
  }
}
