package org.bireid;

import java.io.DataInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** An item and the numbers that Python computes of it; recorded_items.py writes them. */
final class Recorded {
  final int width;
  final int height;
  // Pixels, or the coordinates of a cloud as big-endian floats.
  final byte[] data;
  final double[] numbers;

  private Recorded(DataInputStream stream) throws IOException {
    width = stream.readInt();
    height = stream.readInt();
    data = new byte[stream.readInt()];
    stream.readFully(data);
    numbers = new double[stream.readInt()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = stream.readDouble();
    }
  }

  /** Reads all items of a file. */
  static List<Recorded> read(File file) throws IOException {
    List<Recorded> items = new ArrayList<>();
    try (DataInputStream stream = new DataInputStream(new FileInputStream(file))) {
      int count = stream.readInt();
      for (int i = 0; i < count; i++) {
        items.add(new Recorded(stream));
      }
    }
    return items;
  }

  /** The coordinates of a cloud. */
  float[] coordinates() {
    float[] values = new float[data.length / Float.BYTES];
    ByteBuffer.wrap(data).asFloatBuffer().get(values);
    return values;
  }

  /** Of floats the doubles that are equal to them. */
  static double[] doubles(float... values) {
    double[] same = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      same[i] = values[i];
    }
    return same;
  }
}
