package org.bireid;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bireid.BireidException.Status;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public final class ExtractorTest {
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

  private File copyOfBundle(String name) throws IOException {
    File copy = folder.newFolder(name);
    for (File file : GoldenCrops.BUNDLE.listFiles()) {
      Files.copy(file.toPath(), new File(copy, file.getName()).toPath());
    }
    return copy;
  }

  static BireidException refused(Status status, Runnable call) {
    BireidException error = assertThrows(BireidException.class, call::run);
    assertEquals(error.getMessage(), status, error.status());
    assertFalse(error.getMessage().isEmpty());
    assertFalse(error.getMessage().contains("\n"));
    return error;
  }

  @Test
  public void embeddingsEqualPythonsToTheLastBit() {
    try (Extractor extractor = open()) {
      assertEquals(3, crops.size());
      for (GoldenCrops.Crop each : crops) {
        assertArrayEquals(
            each.embedding, extractor.embedRgb(each.pixels, each.width, each.height), 0);
      }
    }
  }

  @Test
  public void everyCameraOfAnAdaptedBundleHasTheEmbeddingsOfPythonToTheLastBit()
      throws IOException {
    String adapted = System.getProperty("bireid.adapted");
    List<String> cameras = List.of("entrance", "yard");
    float[][] rows = new float[2][];
    for (int i = 0; i < 2; i++) {
      List<Recorded> items =
          Recorded.read(new File(System.getProperty("bireid.adapted_items"), cameras.get(i)));
      assertFalse(items.isEmpty());
      Extractor.Options options = new Extractor.Options().setCamera(cameras.get(i));
      try (Extractor extractor = Extractor.open(adapted, options)) {
        assertEquals(cameras, extractor.cameras());
        for (Recorded each : items) {
          float[] row = extractor.embedRgb(each.data, each.width, each.height);
          assertArrayEquals(each.numbers, Recorded.doubles(row), 0);
        }
        rows[i] = extractor.embedRgb(crop.pixels, crop.width, crop.height);
        assertTrue(extractor.selfTest().passed());
      }
    }
    assertFalse(Arrays.equals(rows[0], rows[1]));
    try (Extractor any = Extractor.open(adapted, new Extractor.Options().setCamera(""))) {
      assertArrayEquals(rows[0], any.embedRgb(crop.pixels, crop.width, crop.height), 0);
    }
    BireidException unnamed = refused(Status.INVALID_ARGUMENT, () -> Extractor.open(adapted));
    assertTrue(unnamed.getMessage().contains("name one: entrance, yard"));
    Extractor.Options yard = new Extractor.Options().setCamera("yard");
    refused(
        Status.INVALID_ARGUMENT, () -> Extractor.open(GoldenCrops.BUNDLE.getPath(), yard));
    try (Extractor plain = open()) {
      assertTrue(plain.cameras().isEmpty());
    }
  }

  @Test
  public void aBundleInMemoryIsTheSame() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    for (File file : GoldenCrops.BUNDLE.listFiles()) {
      files.put(file.getName(), Files.readAllBytes(file.toPath()));
    }
    try (Extractor extractor = Extractor.open(files, new Extractor.Options())) {
      assertArrayEquals(
          crop.embedding, extractor.embedRgb(crop.pixels, crop.width, crop.height), 0);
      assertTrue(extractor.selfTest().passed());
    }
    files.get("model.lce.tflite")[1000] ^= 1;
    BireidException error =
        refused(
            Status.BAD_BUNDLE, () -> Extractor.open(files, new Extractor.Options()));
    assertTrue(error.getMessage().contains("SHA-256 mismatch"));
    files.remove("manifest.json");
    refused(Status.BAD_BUNDLE, () -> Extractor.open(files, new Extractor.Options()));
  }

  @Test
  public void similarityIsTheSumOfProductsInOrder() {
    float[] a = crops.get(0).embedding;
    float[] b = crops.get(1).embedding;
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * (double) b[i];
    }
    assertEquals(sum, Extractor.similarity(a, b), 0);
    assertEquals(1, Extractor.similarity(a, a), 1e-6);
    assertThrows(
        IllegalArgumentException.class, () -> Extractor.similarity(a, new float[a.length - 1]));
  }

  @Test
  public void everyKindOfBufferIsReadFromItsPositionToItsLimit() {
    int before = 5;
    int bytes = crop.pixels.length;
    ByteBuffer direct = ByteBuffer.allocateDirect(before + bytes + 7);
    ByteBuffer heap = ByteBuffer.allocate(before + bytes + 7);
    for (ByteBuffer buffer : List.of(direct, heap)) {
      buffer.position(before);
      buffer.put(crop.pixels).flip().position(before);
    }
    try (Extractor extractor = open()) {
      for (ByteBuffer buffer :
          List.of(direct, direct.asReadOnlyBuffer(), heap, heap.asReadOnlyBuffer())) {
        assertArrayEquals(
            crop.embedding, extractor.embedRgb(buffer, crop.width, crop.height), 0);
        assertEquals(before, buffer.position());
        assertEquals(before + bytes, buffer.limit());
      }
    }
  }

  @Test
  public void theBundleDescribesItself() throws IOException {
    String manifest =
        Files.readString(new File(GoldenCrops.BUNDLE, "manifest.json").toPath());
    try (Extractor extractor = open()) {
      assertEquals(crop.embedding.length, extractor.embeddingDim());
      assertTrue(extractor.fingerprint().startsWith("sha256:"));
      assertTrue(manifest.contains('"' + extractor.fingerprint() + '"'));
      assertTrue(extractor.describe().matches("bireid \\d+\\.\\d+\\.\\d+ \\(\\w+\\)"));
    }
  }

  @Test
  public void optionsReachTheEngine() {
    Extractor.Options options =
        new Extractor.Options().setThreads(2).setIsa("scalar").setSkipChecksums(true);
    try (Extractor extractor = Extractor.open(GoldenCrops.BUNDLE.getPath(), options)) {
      assertTrue(extractor.describe().endsWith("(scalar)"));
      assertArrayEquals(
          crop.embedding, extractor.embedRgb(crop.pixels, crop.width, crop.height), 0);
    }
  }

  @Test
  public void stemsDifferByRounding() {
    Extractor.Options options = new Extractor.Options().setStem("uint8");
    try (Extractor extractor = Extractor.open(GoldenCrops.BUNDLE.getPath(), options)) {
      double cosine = 0;
      float[] embedding = extractor.embedRgb(crop.pixels, crop.width, crop.height);
      for (int i = 0; i < embedding.length; i++) {
        cosine += embedding[i] * crop.embedding[i];
      }
      assertEquals(1, cosine, 0.05);
    }
  }

  @Test
  public void theSelfTestPasses() {
    try (Extractor extractor = open()) {
      SelfTestResult result = extractor.selfTest();
      assertTrue(result.message(), result.passed());
      assertEquals("", result.message());
      assertTrue(result.maxDifference() >= 0 && result.maxDifference() < 0.1);
      assertTrue(result.minCosine() > 0.98 && result.minCosine() <= 1);
    }
  }

  @Test
  public void theSelfTestFailsForOtherGoldenEmbeddings() {
    Extractor.Options options = new Extractor.Options().setSkipChecksums(true);
    try (Extractor extractor =
        Extractor.open(System.getProperty("bireid.wrong_golden"), options)) {
      SelfTestResult result = extractor.selfTest();
      assertFalse(result.passed());
      assertTrue(result.minCosine() < 0);
      assertTrue(result.maxDifference() > 0.01);
      assertFalse(result.message().isEmpty());
    }
  }

  @Test
  public void anyNameOfAFolderIsFound() throws IOException {
    File copy = copyOfBundle("Bündel \u6d4b \uD83D\uDE00"); // the last is no UTF-8 to JNI
    try (Extractor extractor = Extractor.open(copy.getPath())) {
      assertEquals(crop.embedding.length, extractor.embeddingDim());
    }
  }

  @Test
  public void aFolderThatIsNotThereIsNamed() {
    String missing = new File(folder.getRoot(), "m\u00fcssing \uD83D\uDE00").getPath();
    BireidException error = refused(Status.BAD_BUNDLE, () -> Extractor.open(missing));
    assertTrue(error.getMessage(), error.getMessage().contains(missing));
  }

  @Test
  public void aDamagedModelIsRefused() throws IOException {
    File copy = copyOfBundle("damaged");
    File model = new File(copy, "model.lce.tflite");
    byte[] bytes = Files.readAllBytes(model.toPath());
    bytes[bytes.length / 2] ^= 1;
    Files.write(model.toPath(), bytes);
    BireidException error = refused(Status.BAD_BUNDLE, () -> Extractor.open(copy.getPath()));
    assertTrue(error.getMessage(), error.getMessage().contains("model.lce.tflite"));
  }

  @Test
  public void optionsOutsideTheirRangeAreRefused() {
    String bundle = GoldenCrops.BUNDLE.getPath();
    refused(
        Status.INVALID_ARGUMENT,
        () -> Extractor.open(bundle, new Extractor.Options().setThreads(65)));
    refused(
        Status.INVALID_ARGUMENT,
        () -> Extractor.open(bundle, new Extractor.Options().setStem("int4")));
    refused(
        Status.UNSUPPORTED, () -> Extractor.open(bundle, new Extractor.Options().setIsa("sse")));
  }

  @Test
  public void textThatCWouldCutIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> Extractor.open(GoldenCrops.BUNDLE.getPath() + "\0etc"));
  }

  @Test
  public void nullIsRefusedAndLeavesTheExtractorUsable() {
    assertThrows(NullPointerException.class, () -> Extractor.open(null));
    assertThrows(
        NullPointerException.class,
        () -> Extractor.open("bundle", new Extractor.Options().setIsa(null)));
    try (Extractor extractor = open()) {
      assertThrows(
          NullPointerException.class, () -> extractor.embedRgb((byte[]) null, 1, 1));
      assertThrows(
          NullPointerException.class, () -> extractor.embedRgb((ByteBuffer) null, 1, 1));
      assertArrayEquals(
          crop.embedding, extractor.embedRgb(crop.pixels, crop.width, crop.height), 0);
    }
  }

  @Test
  public void pixelsOfAnotherSizeAreRefused() {
    int[][] sizes = {
      {crop.width, crop.height + 1}, {crop.width, crop.height - 1}, {0, crop.height},
      {-crop.width, -crop.height}, {Integer.MAX_VALUE, Integer.MAX_VALUE}, {1 << 16, 1 << 16},
    };
    ByteBuffer direct = ByteBuffer.allocateDirect(crop.pixels.length).put(crop.pixels);
    direct.flip();
    try (Extractor extractor = open()) {
      for (int[] size : sizes) {
        assertThrows(
            IllegalArgumentException.class,
            () -> extractor.embedRgb(crop.pixels, size[0], size[1]));
        assertThrows(
            IllegalArgumentException.class, () -> extractor.embedRgb(direct, size[0], size[1]));
      }
      assertThrows(
          IllegalArgumentException.class, () -> extractor.embedRgb(new byte[4], 1, 1));
    }
  }

  @Test
  public void aCropMayBeOnePixelAndNoSideAbove20000() {
    try (Extractor extractor = open()) {
      float[] embedding = extractor.embedRgb(new byte[3], 1, 1);
      double squares = 0;
      for (float value : embedding) {
        squares += value * value;
      }
      assertEquals(1, squares, 1e-5);
      refused(
          Status.INVALID_ARGUMENT, () -> extractor.embedRgb(new byte[3 * 20001], 20001, 1));
    }
  }

  @Test
  public void aClosedExtractorSaysSo() {
    Extractor extractor = open();
    extractor.close();
    extractor.close();
    ByteBuffer direct = ByteBuffer.allocateDirect(crop.pixels.length);
    assertThrows(
        IllegalStateException.class,
        () -> extractor.embedRgb(crop.pixels, crop.width, crop.height));
    assertThrows(
        IllegalStateException.class, () -> extractor.embedRgb(direct, crop.width, crop.height));
    assertThrows(IllegalStateException.class, extractor::selfTest);
    assertEquals(crop.embedding.length, extractor.embeddingDim());
  }
}
