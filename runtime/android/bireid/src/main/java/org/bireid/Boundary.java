package org.bireid;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** What is checked and converted before it crosses to native code. */
final class Boundary {
  private Boundary() {}

  static void requireSize(int bytes, int width, int height) {
    boolean fits = width > 0 && height > 0 && bytes % 3 == 0;
    if (!fits || (long) width * height != bytes / 3) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a crop of %d x %d RGB pixels in %d bytes; it needs width * height * 3, sides from 1",
              width,
              height,
              bytes));
    }
  }

  // Bytes cross the border, not strings: the UTF-8 of JNI is not that of file names.
  static byte[] cString(String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a NUL character in '" + text.replace('\0', '?') + "'");
    }
    return (text + '\0').getBytes(StandardCharsets.UTF_8);
  }

  static String string(byte[] text) {
    return new String(text, StandardCharsets.UTF_8);
  }
}
