package org.bireid.android;

import android.content.Context;
import android.content.res.AssetManager;
import android.graphics.Bitmap;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import org.bireid.Extractor;

/**
 * The network of a bundle in the assets of an app: bitmaps in, embeddings out.
 *
 * <pre>{@code
 * try (ReIdExtractor extractor = ReIdExtractor.open(context, "bundle")) {
 *   float[] embedding = extractor.embed(bitmap);
 * }
 * }</pre>
 *
 * <p>Opening and embedding take too long for the main thread of an app.
 */
public final class ReIdExtractor implements AutoCloseable {
  private final Extractor extractor;

  private ReIdExtractor(Extractor extractor) {
    this.extractor = extractor;
  }

  /**
   * Opens a bundle of the app with default options.
   *
   * @param context any context of the app
   * @param assetFolder where the bundle is, seen from {@code src/main/assets}
   * @throws IOException there is no bundle, or its files cannot be copied
   * @throws org.bireid.BireidException the bundle is damaged or needs what this version lacks
   */
  public static ReIdExtractor open(Context context, String assetFolder) throws IOException {
    return open(context, assetFolder, new Extractor.Options());
  }

  /**
   * Opens a bundle of the app. The first call after the bundle changed copies it to the private
   * files of the app that are not backed up, whole or not at all.
   *
   * @param context any context of the app
   * @param assetFolder where the bundle is, seen from {@code src/main/assets}
   * @param options how the extractor runs
   * @throws IOException there is no bundle, or its files cannot be copied
   * @throws org.bireid.BireidException the bundle is damaged or needs what this version lacks; or
   *     an option is outside its range
   */
  public static ReIdExtractor open(Context context, String assetFolder, Extractor.Options options)
      throws IOException {
    BundleInstaller.Source source = new AssetSource(context.getAssets(), assetFolder);
    String name = "bireid-" + URLEncoder.encode(assetFolder, "UTF-8");
    File bundle = BundleInstaller.install(source, new File(context.getNoBackupFilesDir(), name));
    return new ReIdExtractor(Extractor.open(bundle.getPath(), options));
  }

  /**
   * Computes the embedding of one crop.
   *
   * @param crop one person, any size up to 20000 x 20000; transparency is ignored
   * @return floats of unit length
   * @throws IllegalArgumentException the configuration of {@code crop} is not ARGB_8888
   * @throws IllegalStateException the extractor is closed or {@code crop} recycled
   */
  public float[] embed(Bitmap crop) {
    if (crop.getConfig() != Bitmap.Config.ARGB_8888) {
      throw new IllegalArgumentException(
          "the bitmap is "
              + crop.getConfig()
              + ", not ARGB_8888; copy(Bitmap.Config.ARGB_8888, false) converts it");
    }
    int width = crop.getWidth();
    int height = crop.getHeight();
    int[] argb = new int[width * height];
    crop.getPixels(argb, 0, width, 0, 0, width, height);
    return extractor.embedRgb(rgb(argb), width, height);
  }

  /** Everything else: the self-test, the fingerprint, crops that are no bitmaps. */
  public Extractor extractor() {
    return extractor;
  }

  /** Frees the network, after calls in other threads have returned. Closing twice is harmless. */
  @Override
  public void close() {
    extractor.close();
  }

  private static byte[] rgb(int[] argb) {
    byte[] bytes = new byte[Math.multiplyExact(argb.length, 3)];
    for (int pixel = 0; pixel < argb.length; pixel++) {
      bytes[3 * pixel] = (byte) (argb[pixel] >> 16);
      bytes[3 * pixel + 1] = (byte) (argb[pixel] >> 8);
      bytes[3 * pixel + 2] = (byte) argb[pixel];
    }
    return bytes;
  }

  private static final class AssetSource implements BundleInstaller.Source {
    private final AssetManager assets;
    private final String folder;

    AssetSource(AssetManager assets, String folder) {
      this.assets = assets;
      this.folder = folder;
    }

    @Override
    public String[] list() throws IOException {
      return assets.list(folder);
    }

    @Override
    public InputStream open(String name) throws IOException {
      String path = folder + "/" + name;
      try {
        return assets.open(path);
      } catch (FileNotFoundException error) {
        FileNotFoundException named =
            new FileNotFoundException(
                "the app has no asset " + path + "; copy a bundle to src/main/assets/" + folder);
        named.initCause(error);
        throw named;
      }
    }
  }
}
