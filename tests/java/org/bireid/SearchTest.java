package org.bireid;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bireid.BireidException.Status;
import org.junit.Test;

public final class SearchTest {
  private static final float EXACT = 0;

  private static ByteBuffer direct(float... numbers) {
    ByteBuffer buffer =
        ByteBuffer.allocateDirect(Float.BYTES * numbers.length).order(ByteOrder.nativeOrder());
    buffer.asFloatBuffer().put(numbers);
    return buffer;
  }

  private static ByteBuffer direct(byte... bytes) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length);
    buffer.put(bytes);
    return buffer;
  }

  @Test
  public void theHighestProductsComeFirst() {
    Search.Found found =
        Search.nearestVectors(direct(1, 0, 0.5f, 0, -1, 0, 0.5f, 9), new float[] {1, 0}, 3, 2);
    assertArrayEquals(new long[] {0, 1, 3}, found.rows);
    assertArrayEquals(new float[] {1, 0.5f, 0.5f}, found.scores, EXACT);
  }

  @Test
  public void fewerRowsThanWantedAreAllFound() {
    assertEquals(2, Search.nearestVectors(direct(1f, 2f), new float[] {1}, 10, 1).rows.length);
    assertEquals(0, Search.nearestVectors(direct(new float[0]), new float[] {1}, 10, 1).rows.length);
  }

  @Test
  public void codesDifferInBits() {
    byte[] code = Search.code(new float[] {0, -1, 2, -0.5f, 1, 1, 1, 1, -1, 3});
    assertArrayEquals(new byte[] {(byte) 0xAF, 0x40}, code);
    Search.Found found =
        Search.nearestCodes(direct((byte) 0, (byte) 0, (byte) 0xAF, (byte) 0x40), 10, code, 2, 1);
    assertArrayEquals(new long[] {1, 0}, found.rows);
    assertArrayEquals(new float[] {0, 7}, found.scores, EXACT);
  }

  @Test
  public void whatCannotBeSearchedIsRefused() {
    float[] query = {1, 2};
    assertThrows(
        IllegalArgumentException.class,
        () -> Search.nearestVectors(ByteBuffer.allocate(8), query, 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> Search.nearestVectors(direct(1f), query, 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Search.nearestVectors(direct(1f, 2f).order(ByteOrder.BIG_ENDIAN), query, 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Search.nearestCodes(direct((byte) 1), 8, new byte[2], 1, 1));
    BireidException error =
        assertThrows(
            BireidException.class, () -> Search.nearestVectors(direct(1f, 2f), query, 0, 1));
    assertEquals(Status.INVALID_ARGUMENT, error.status());
  }
}
