package org.bireid.android;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/** Copies a bundle to where native code can open it: whole or not at all, once per version. */
final class BundleInstaller {
  private static final String CHECKSUMS = "SHA256SUMS";
  private static final int BUFFER_BYTES = 1 << 16;

  /** The files of a bundle. */
  interface Source {
    String[] list() throws IOException;

    InputStream open(String name) throws IOException;
  }

  private BundleInstaller() {}

  /**
   * Copies a bundle unless this version of it is there already.
   *
   * @param source the bundle
   * @param directory for this bundle alone; other versions in it are deleted
   * @return the directory of the copy, below {@code directory}
   */
  static synchronized File install(Source source, File directory) throws IOException {
    // It names the hash of every other file, so its own hash tells versions apart.
    File installed = new File(directory, sha256(source, CHECKSUMS));
    createDirectory(directory);
    // Another process of the app may be here as well; closing the stream gives the lock back.
    try (FileOutputStream lock = new FileOutputStream(new File(directory, "lock"))) {
      lock.getChannel().lock();
      if (!installed.isDirectory()) {
        deleteDirectories(directory);
        File unfinished = new File(directory, "unfinished");
        copy(source, unfinished);
        if (!unfinished.renameTo(installed)) {
          throw new IOException("cannot rename " + unfinished + " to " + installed.getName());
        }
      }
    }
    return installed;
  }

  private static void copy(Source source, File directory) throws IOException {
    createDirectory(directory);
    for (String name : source.list()) {
      try (InputStream input = source.open(name);
          FileOutputStream output = new FileOutputStream(new File(directory, name))) {
        copy(input, output);
        output.getFD().sync();
      }
    }
  }

  private static void copy(InputStream input, OutputStream output) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
      output.write(buffer, 0, count);
    }
  }

  private static String sha256(Source source, String name) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException error) {
      throw new AssertionError("every Java has SHA-256", error);
    }
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream input = source.open(name)) {
      for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
    return String.format(Locale.ROOT, "%064x", new BigInteger(1, digest.digest()));
  }

  // Other versions, and what an interrupted copy left. A bundle has no folders.
  private static void deleteDirectories(File directory) throws IOException {
    for (File entry : listFiles(directory)) {
      if (entry.isDirectory()) {
        for (File file : listFiles(entry)) {
          delete(file);
        }
        delete(entry);
      }
    }
  }

  private static File[] listFiles(File directory) throws IOException {
    File[] files = directory.listFiles();
    if (files == null) {
      throw new IOException("cannot list " + directory);
    }
    return files;
  }

  private static void delete(File file) throws IOException {
    if (!file.delete()) {
      throw new IOException("cannot delete " + file);
    }
  }

  private static void createDirectory(File directory) throws IOException {
    if (!directory.isDirectory() && !directory.mkdirs()) {
      throw new IOException("cannot create " + directory);
    }
  }
}
