package org.bireid.android;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.content.Context;
import android.content.res.AssetManager;
import android.graphics.Bitmap;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bireid.BireidException;
import org.bireid.Extractor;
import org.bireid.GoldenCrops;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public final class ReIdExtractorTest {
  private static final String ASSET_FOLDER = "networks/people";

  @Rule public final TemporaryFolder folder = new TemporaryFolder();
  private File bundle;
  private File files;
  private AssetManager assets;
  private Context context;
  private GoldenCrops.Crop crop;

  @Before
  public void makeApp() throws IOException {
    File root = folder.newFolder("assets");
    bundle = new File(root, ASSET_FOLDER);
    assertTrue(bundle.mkdirs());
    for (File file : GoldenCrops.BUNDLE.listFiles()) {
      Files.copy(file.toPath(), new File(bundle, file.getName()).toPath());
    }
    files = folder.newFolder("files");
    assets = new AssetManager(root);
    context = new Context(assets, files);
    crop = GoldenCrops.read().get(0);
  }

  private Bitmap bitmap(int alpha, Bitmap.Config config) {
    int[] argb = new int[crop.width * crop.height];
    for (int i = 0; i < argb.length; i++) {
      int red = crop.pixels[3 * i] & 255;
      int green = crop.pixels[3 * i + 1] & 255;
      int blue = crop.pixels[3 * i + 2] & 255;
      argb[i] = alpha << 24 | red << 16 | green << 8 | blue;
    }
    return new Bitmap(argb, crop.width, config);
  }

  /** The copies, the lock file aside. */
  private List<File> copies() {
    List<File> found = new ArrayList<>();
    for (File bundles : files.listFiles()) {
      for (File entry : bundles.listFiles()) {
        if (entry.isDirectory()) {
          found.add(entry);
        }
      }
    }
    return found;
  }

  @Test
  public void aBitmapGivesTheEmbeddingOfItsPixels() throws IOException {
    try (ReIdExtractor extractor = ReIdExtractor.open(context, ASSET_FOLDER)) {
      for (int alpha : new int[] {255, 128, 0}) {
        Bitmap bitmap = bitmap(alpha, Bitmap.Config.ARGB_8888);
        assertArrayEquals(crop.embedding, extractor.embed(bitmap), 0);
      }
      assertTrue(extractor.extractor().selfTest().passed());
    }
  }

  @Test
  public void anotherConfigurationIsRefused() throws IOException {
    try (ReIdExtractor extractor = ReIdExtractor.open(context, ASSET_FOLDER)) {
      for (Bitmap.Config config : new Bitmap.Config[] {Bitmap.Config.HARDWARE, null}) {
        IllegalArgumentException error =
            assertThrows(
                IllegalArgumentException.class, () -> extractor.embed(bitmap(255, config)));
        assertTrue(error.getMessage().contains("ARGB_8888"));
      }
    }
  }

  @Test
  public void closingClosesTheNetwork() throws IOException {
    ReIdExtractor extractor = ReIdExtractor.open(context, ASSET_FOLDER);
    extractor.close();
    extractor.close();
    assertThrows(
        IllegalStateException.class,
        () -> extractor.embed(bitmap(255, Bitmap.Config.ARGB_8888)));
  }

  @Test
  public void optionsReachTheEngine() throws IOException {
    Extractor.Options options = new Extractor.Options().setIsa("scalar");
    try (ReIdExtractor extractor = ReIdExtractor.open(context, ASSET_FOLDER, options)) {
      assertTrue(extractor.extractor().describe().endsWith("(scalar)"));
    }
  }

  @Test
  public void theBundleIsCopiedOnce() throws IOException {
    ReIdExtractor.open(context, ASSET_FOLDER).close();
    assertEquals(1, copies().size());
    for (File file : bundle.listFiles()) {
      File copy = new File(copies().get(0), file.getName());
      assertArrayEquals(Files.readAllBytes(file.toPath()), Files.readAllBytes(copy.toPath()));
    }
    assets.opened.clear();
    ReIdExtractor.open(context, ASSET_FOLDER).close();
    assertEquals(List.of(ASSET_FOLDER + "/SHA256SUMS"), assets.opened);
  }

  @Test
  public void anotherVersionReplacesTheCopy() throws IOException {
    ReIdExtractor.open(context, ASSET_FOLDER).close();
    File old = copies().get(0);
    File checksums = new File(bundle, "SHA256SUMS");
    List<String> lines = Files.readAllLines(checksums.toPath());
    Collections.reverse(lines);
    Files.write(checksums.toPath(), lines);
    ReIdExtractor.open(context, ASSET_FOLDER).close();
    assertEquals(1, copies().size());
    assertFalse(old.exists());
  }

  @Test
  public void bundlesDoNotDisturbEachOther() throws IOException {
    ReIdExtractor.open(context, ASSET_FOLDER).close();
    String nested = ASSET_FOLDER + "/../people";
    ReIdExtractor.open(context, nested).close();
    assertEquals(2, copies().size());
    assertEquals(2, files.listFiles().length);
    assets.opened.clear();
    ReIdExtractor.open(context, ASSET_FOLDER).close();
    assertEquals(1, assets.opened.size());
  }

  @Test
  public void anInterruptedCopyIsNotTakenForABundle() throws IOException {
    for (File file : bundle.listFiles()) {
      if (file.getName().equals("SHA256SUMS")) {
        continue;
      }
      assets.unreadable = "/" + file.getName();
      assertThrows(IOException.class, () -> ReIdExtractor.open(context, ASSET_FOLDER));
    }
    assets.unreadable = null;
    try (ReIdExtractor extractor = ReIdExtractor.open(context, ASSET_FOLDER)) {
      Bitmap bitmap = bitmap(255, Bitmap.Config.ARGB_8888);
      assertArrayEquals(crop.embedding, extractor.embed(bitmap), 0);
    }
    assertEquals(1, copies().size());
  }

  @Test
  public void anAppWithoutTheBundleIsToldWhereItBelongs() {
    FileNotFoundException error =
        assertThrows(
            FileNotFoundException.class, () -> ReIdExtractor.open(context, "elsewhere"));
    assertTrue(error.getMessage(), error.getMessage().contains("src/main/assets/elsewhere"));
    assertEquals(0, files.listFiles().length);
  }

  @Test
  public void aDamagedBundleIsRefused() throws IOException {
    File model = new File(bundle, "model.lce.tflite");
    Files.write(model.toPath(), new byte[100]);
    BireidException error =
        assertThrows(BireidException.class, () -> ReIdExtractor.open(context, ASSET_FOLDER));
    assertEquals(BireidException.Status.BAD_BUNDLE, error.status());
  }

  @Test
  public void threadsMayOpenAtOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<float[]>> embeddings = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      embeddings.add(
          threads.submit(
              () -> {
                try (ReIdExtractor extractor = ReIdExtractor.open(context, ASSET_FOLDER)) {
                  return extractor.embed(bitmap(255, Bitmap.Config.ARGB_8888));
                }
              }));
    }
    for (Future<float[]> each : embeddings) {
      assertArrayEquals(crop.embedding, each.get(), 0);
    }
    threads.shutdown();
    assertEquals(1, copies().size());
  }
}
