package org.bireid;

import java.io.DataInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The golden crops with the embeddings that Python computes; test_java_binding.py writes them. */
public final class GoldenCrops {
  /** One crop. */
  public static final class Crop {
    public final int width;
    public final int height;
    public final byte[] pixels;
    public final float[] embedding;

    private Crop(DataInputStream stream) throws IOException {
      width = stream.readInt();
      height = stream.readInt();
      pixels = new byte[3 * width * height];
      stream.readFully(pixels);
      embedding = new float[stream.readInt()];
      for (int i = 0; i < embedding.length; i++) {
        embedding[i] = stream.readFloat();
      }
    }
  }

  /** The bundle that they belong to. */
  public static final File BUNDLE = new File(System.getProperty("bireid.bundle"));

  private GoldenCrops() {}

  /** Reads all of them. */
  public static List<Crop> read() throws IOException {
    List<Crop> crops = new ArrayList<>();
    try (DataInputStream stream =
        new DataInputStream(new FileInputStream(System.getProperty("bireid.crops")))) {
      int count = stream.readInt();
      for (int i = 0; i < count; i++) {
        crops.add(new Crop(stream));
      }
    }
    return crops;
  }
}
