package android.content.res;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Assets that are a folder; as on Android, a folder that does not exist lists as empty. */
public final class AssetManager {
  /** What was opened so far. */
  public final List<String> opened = Collections.synchronizedList(new ArrayList<>());

  /** Opening a path that ends so fails halfway through reading it; null: none does. */
  public volatile String unreadable;

  private final File root;

  public AssetManager(File root) {
    this.root = root;
  }

  public String[] list(String path) throws IOException {
    String[] names = new File(root, path).list();
    return names == null ? new String[0] : names;
  }

  public InputStream open(String path) throws IOException {
    opened.add(path);
    File file = new File(root, path);
    if (!file.isFile()) {
      throw new FileNotFoundException(path); // Android's message is the path alone as well
    }
    InputStream stream = new FileInputStream(file);
    return unreadable != null && path.endsWith(unreadable) ? new Torn(stream) : stream;
  }

  private static final class Torn extends InputStream {
    private final InputStream stream;
    private int left = 100;

    Torn(InputStream stream) {
      this.stream = stream;
    }

    @Override
    public int read() throws IOException {
      if (left == 0) {
        throw new IOException("torn");
      }
      left--;
      return stream.read();
    }

    @Override
    public void close() throws IOException {
      stream.close();
    }
  }
}
