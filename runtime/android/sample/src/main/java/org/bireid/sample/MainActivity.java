package org.bireid.sample;

import android.app.Activity;
import android.content.Intent;
import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.net.Uri;
import android.os.Bundle;
import android.widget.Button;
import android.widget.LinearLayout;
import android.widget.TextView;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bireid.BireidException;
import org.bireid.SelfTestResult;
import org.bireid.android.ReIdExtractor;

/** Tests the bundle on this phone, then says how alike two pictures of persons are. */
public final class MainActivity extends Activity {
  private static final String[] PICTURES = {"first picture", "second picture"};

  // One thread: the extractor and the embeddings are used nowhere else.
  private final ExecutorService worker = Executors.newSingleThreadExecutor();
  private final float[][] embeddings = new float[PICTURES.length][];
  private ReIdExtractor extractor;
  private TextView report;

  @Override
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    LinearLayout layout = new LinearLayout(this);
    layout.setOrientation(LinearLayout.VERTICAL);
    layout.setFitsSystemWindows(true);
    for (int picture = 0; picture < PICTURES.length; picture++) {
      layout.addView(chooser(picture));
    }
    report = new TextView(this);
    layout.addView(report);
    setContentView(layout);
    worker.execute(this::openBundle);
  }

  @Override
  protected void onActivityResult(int picture, int result, Intent data) {
    super.onActivityResult(picture, result, data);
    if (result == RESULT_OK && data != null && data.getData() != null) {
      Uri uri = data.getData();
      worker.execute(() -> embed(picture, uri));
    }
  }

  @Override
  protected void onDestroy() {
    worker.execute(
        () -> {
          if (extractor != null) {
            extractor.close();
          }
        });
    worker.shutdown();
    super.onDestroy();
  }

  private Button chooser(int picture) {
    Button button = new Button(this);
    button.setText("Choose the " + PICTURES[picture]);
    button.setOnClickListener(
        view -> {
          Intent intent = new Intent(Intent.ACTION_GET_CONTENT);
          intent.setType("image/*");
          startActivityForResult(intent, picture);
        });
    return button;
  }

  private void openBundle() {
    try {
      extractor = ReIdExtractor.open(this, "bundle");
      SelfTestResult test = extractor.extractor().selfTest();
      String outcome = test.passed() ? "self-test passed" : test.message();
      show(extractor.extractor().describe() + ": " + outcome);
    } catch (IOException | BireidException error) {
      show(error.getMessage());
    }
  }

  private void embed(int picture, Uri uri) {
    if (extractor == null) {
      return; // openBundle() has said why
    }
    try (InputStream stream = getContentResolver().openInputStream(uri)) {
      Bitmap crop = BitmapFactory.decodeStream(stream);
      if (crop == null) {
        show("the " + PICTURES[picture] + " cannot be decoded; choose a PNG, JPEG or WebP");
        return;
      }
      long start = System.nanoTime();
      embeddings[picture] = extractor.embed(crop.copy(Bitmap.Config.ARGB_8888, false));
      double milliseconds = (System.nanoTime() - start) / 1e6;
      show(PICTURES[picture] + String.format(Locale.ROOT, ": %.1f ms", milliseconds) + likeness());
    } catch (IOException | BireidException error) {
      show(error.getMessage());
    }
  }

  private String likeness() {
    if (embeddings[0] == null || embeddings[1] == null) {
      return "";
    }
    double cosine = 0;
    for (int i = 0; i < embeddings[0].length; i++) {
      cosine += embeddings[0][i] * embeddings[1][i];
    }
    return String.format(Locale.ROOT, "\ncosine similarity %.3f", cosine);
  }

  private void show(String text) {
    runOnUiThread(() -> report.setText(text));
  }
}
