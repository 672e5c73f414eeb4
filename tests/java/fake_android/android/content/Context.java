package android.content;

import android.content.res.AssetManager;
import java.io.File;

/** An app whose assets and files are folders. */
public final class Context {
  private final AssetManager assets;
  private final File files;

  public Context(AssetManager assets, File files) {
    this.assets = assets;
    this.files = files;
  }

  public AssetManager getAssets() {
    return assets;
  }

  public File getNoBackupFilesDir() {
    return files;
  }
}
