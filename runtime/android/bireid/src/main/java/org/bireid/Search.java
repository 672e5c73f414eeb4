package org.bireid;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Exact search in embeddings of one network that lie in memory, such as a mapped file: the nearest
 * of all rows.
 *
 * <p>A code holds the signs of an embedding, a 32nd of its bytes: the nearest few hundred rows by
 * their codes hold nearly always the nearest ten of all. Results have the bits of C and Python.
 */
public final class Search {
  static {
    System.loadLibrary("bireid_jni");
  }

  /** Rows that were found, the nearest first, of equal ones the lower first. */
  public static final class Found {
    /** Numbers of the rows, from 0. */
    public final long[] rows;

    /** Products with the query, or bits in which the codes differ. */
    public final float[] scores;

    Found(long[] rows, float[] scores) {
      this.rows = rows;
      this.scores = scores;
    }
  }

  private Search() {}

  /** Bytes of the code of an embedding of that many numbers. */
  public static int codeBytes(int dim) {
    return dim / 8 + (dim % 8 == 0 ? 0 : 1);
  }

  /** The code of an embedding: bit i is set if number i is 0 or more, the highest bit first. */
  public static byte[] code(float[] embedding) {
    byte[] code = new byte[codeBytes(embedding.length)];
    for (int i = 0; i < embedding.length; i++) {
      if (embedding[i] >= 0) {
        code[i / 8] |= (byte) (0x80 >> i % 8);
      }
    }
    return code;
  }

  /**
   * The rows whose codes differ from the query's in the fewest bits; scores are these bits.
   *
   * @param codes a direct buffer of whole codes behind one another, all of it
   * @param dim numbers of an embedding
   * @param query code of an embedding
   * @param top rows wanted, 1 to 65536
   * @param threads threads that share the rows
   * @throws IllegalArgumentException the buffer is not direct or holds no whole codes, or a number
   *     is out of range
   */
  public static Found nearestCodes(
      ByteBuffer codes, int dim, byte[] query, int top, int threads) {
    int row = codeBytes(dim);
    requireRows(codes, row);
    if (query.length != row) {
      throw new IllegalArgumentException(
          "a code of " + dim + " numbers has " + row + " bytes, not " + query.length);
    }
    return find(codes, codes.capacity() / row, dim, query, null, top, threads);
  }

  /**
   * The rows with the highest products with the query; scores are these products.
   *
   * @param vectors a direct buffer of whole embeddings behind one another, in native byte order
   * @param query an embedding
   * @param top as above
   * @param threads as above
   * @throws IllegalArgumentException as above
   */
  public static Found nearestVectors(ByteBuffer vectors, float[] query, int top, int threads) {
    requireRows(vectors, Float.BYTES * query.length);
    if (vectors.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("the buffer is not in native byte order");
    }
    int count = vectors.capacity() / (Float.BYTES * query.length);
    return find(vectors, count, query.length, null, query, top, threads);
  }

  private static void requireRows(ByteBuffer rows, int bytes) {
    if (!rows.isDirect()) {
      throw new IllegalArgumentException("the buffer is not direct; map a file or allocateDirect");
    }
    if (bytes == 0 || rows.capacity() % bytes != 0) {
      throw new IllegalArgumentException(
          "a buffer of " + rows.capacity() + " bytes holds no whole rows of " + bytes);
    }
  }

  private static Found find(
      ByteBuffer rows, int count, int dim, byte[] code, float[] query, int top, int threads) {
    int places = Math.max(1, Math.min(top, count));
    long[] found = new long[places];
    float[] scores = new float[places];
    // A negative top must reach the engine, which refuses it.
    int wanted = top < 1 ? top : places;
    int filled = nativeFind(rows, count, dim, code, query, wanted, threads, found, scores);
    return new Found(Arrays.copyOf(found, filled), Arrays.copyOf(scores, filled));
  }

  // One of code and query is null.
  private static native int nativeFind(
      ByteBuffer rows,
      long count,
      int dim,
      byte[] code,
      float[] query,
      int top,
      int threads,
      long[] found,
      float[] scores);
}
