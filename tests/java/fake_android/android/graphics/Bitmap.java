package android.graphics;

/** Pixels that are not premultiplied, as getPixels of Android gives them. */
public final class Bitmap {
  public enum Config {
    RGB_565,
    ARGB_8888,
    HARDWARE
  }

  private final int[] pixels;
  private final int width;
  private final Config config;

  public Bitmap(int[] pixels, int width, Config config) {
    this.pixels = pixels;
    this.width = width;
    this.config = config;
  }

  public Config getConfig() {
    return config;
  }

  public int getWidth() {
    return width;
  }

  public int getHeight() {
    return pixels.length / width;
  }

  public void getPixels(
      int[] target, int offset, int stride, int x, int y, int columns, int rows) {
    for (int row = 0; row < rows; row++) {
      System.arraycopy(
          pixels, (y + row) * width + x, target, offset + row * stride, columns);
    }
  }
}
